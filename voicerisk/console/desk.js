// The supervisor's desk: alerts that need somebody, live calls by tension, and what the service says of itself.

import { AlertCard } from "/console/static/alert_card.js";
import { CallRow } from "/console/static/call_row.js";
import { read } from "/console/static/api.js";
import { FeedClient } from "/console/static/feed.js";
import { lag } from "/console/static/format.js";
import { GaugePanel } from "/console/static/gauge_panel.js";
import { ListenBar } from "/console/static/listen_bar.js";
import { PastAlerts } from "/console/static/past_alerts.js";
import { apply, byTension, byUrgency, emptyPicture } from "/console/static/picture.js";
import { KEPT, RIGHT_TO_LEFT, Speaks } from "/console/static/words.js";

const ROWS = 40; // more live calls than a person reads; the rest is one press away
const PAST = 200; // alerts that are over and still listed
const SORT_EVERY_MS = 2000; // a list that jumps under the pointer is no list
const DRAWN = ["queue", "group", "site", "reason"]; // needles that everybody looks at
const READ_GAUGES_MS = 5000; // where the feed does not tell of them

export default {
  components: { AlertCard, CallRow, GaugePanel, ListenBar, PastAlerts },
  mixins: [Speaks],
  props: { person: String, wall: Boolean, may: Array },
  emits: ["acknowledge", "resolve", "optout"],
  data: () => ({
    link: "connecting",
    alerts: [],
    calls: [],
    order: [],
    status: null,
    nowS: Date.now() / 1000,
    showsAll: false,
    past: [],
    hearing: null, // { call, alert, n }: with an alert its cause, else the call as it goes on
    language: localStorage.getItem(KEPT) || "en",
    gauges: [],
    panel: { names: {}, actions: {}, outages: [], silences: [], work: null },
    runs: {}, // procedures at work, by the alert's id
    chimes: localStorage.getItem("voicerisk.chimes") === "yes",
    announced: "",
    busy: {},
    offers: {}, // what each gateway's switch can do for a supervisor
    sessions: {}, // supervisors on calls by phone, by the session's id
  }),
  created() {
    this.picture = emptyPicture();
    this.sortedAt = 0;
    this.hovered = false;
  },
  mounted() {
    this.feed = new FeedClient(
      (event) => this.receive(event),
      (state) => (this.link = state),
    );
    this.ticker = setInterval(() => (this.nowS = Date.now() / 1000 + this.picture.nowOffsetS), 1000);
  },
  beforeUnmount() {
    this.feed.close();
    clearInterval(this.ticker);
    clearInterval(this.gaugeReader);
  },
  computed: {
    direction() {
      return RIGHT_TO_LEFT.includes(this.language) ? "rtl" : "ltr";
    },
    supervises() {
      return !this.wall && this.may.includes("supervise");
    },
    listens() {
      return !this.wall && this.may.includes("listen");
    },
    order() {
      return Object.keys(this.panel.names);
    },
    needleOf() {
      return new Map(this.gauges.map((needle) => [`${needle.gauge}|${needle.key}`, needle]));
    },
    shownCalls() {
      return this.showsAll ? this.calls : this.calls.slice(0, ROWS);
    },
    callOf() {
      return new Map(this.calls.map((call) => [call.id, call]));
    },
    zones() {
      const count = { red: 0, amber: 0, green: 0 };
      for (const call of this.calls) count[call.zone] += 1;
      return count;
    },
    nOpen() {
      return this.alerts.filter((alert) => alert.state !== "acknowledged").length;
    },
    delay() {
      const p95 = this.status?.alert_delay_p95_s;
      return p95 == null ? this.w("no alert yet") : lag(p95);
    },
    scorerLag() {
      return lag(this.status.scorer_lag_s);
    },
    pastToday() {
      const midnightS = new Date(1000 * this.nowS).setHours(0, 0, 0, 0) / 1000;
      return this.past.filter((alert) => alert.opened_at_s >= midnightS);
    },
  },
  methods: {
    receive(event) {
      this.picture = apply(this.picture, event);
      this.status = this.picture.status;
      // Not at each event: it would draw every row anew, changed or not.
      if (event.type === "snapshot") this.nowS = Date.now() / 1000 + this.picture.nowOffsetS;
      if (event.type.startsWith("alert") || event.type === "snapshot") {
        this.alerts = [...this.picture.alerts.values()].sort(byUrgency);
        document.title = this.nOpen ? `(${this.nOpen}) voicerisk` : "voicerisk";
        if (event.type === "alert.opened") this.announce(event.alert);
        if (event.type === "snapshot") this.readPast();
        else this.past = withPast(this.past, event.alert);
        if (event.alert) delete this.busy[event.alert.id];
        else this.busy = {};
      }
      if (event.type === "snapshot") {
        this.readControl();
        this.readGauges(event.gauges === undefined);
      }
      if (["snapshot", "gauges"].includes(event.type)) this.gauges = [...this.picture.needles.values()];
      if (["snapshot", "quiet", "work"].includes(event.type)) {
        const { names, actions, outages, silences, work } = this.picture;
        this.panel = Object.freeze({ names, actions, outages, silences, work });
      }
      if (["snapshot", "run.changed", "alert.updated"].includes(event.type)) this.runs = Object.fromEntries(this.picture.runs);
      if (event.type === "control.changed") {
        if (event.session.state === "over") delete this.sessions[event.session.id];
        else this.sessions[event.session.id] = event.session;
      }
      if (event.type.startsWith("call") || event.type === "snapshot") this.listCalls(event.type === "snapshot");
    },
    listCalls(always) {
      const live = this.picture.calls;
      const due = performance.now() - this.sortedAt > SORT_EVERY_MS && !this.hovered;
      if (always || due || this.order.length === 0) {
        this.order = [...live.values()].sort(byTension).map((call) => call.id);
        this.sortedAt = performance.now();
      } else if (this.order.length !== live.size) {
        const known = new Set(this.order);
        this.order = [...this.order, ...[...live.keys()].filter((id) => !known.has(id))];
      }
      this.calls = this.order.map((id) => live.get(id)).filter(Boolean);
    },
    announce(alert) {
      this.announced = `New ${alert.severity} alert: ${alert.title.en ?? ""}, ${alert.queue ?? alert.call ?? ""}`;
      if (this.chimes) chime();
    },
    async readPast() {
      if (this.wall) return;
      const midnightS = new Date(1000 * this.nowS).setHours(0, 0, 0, 0) / 1000;
      const answer = await fetch(`/api/v1/alerts?state=resolved&limit=${PAST}&after_s=${midnightS}`);
      if (!answer.ok) return;
      const read = new Map((await answer.json()).alerts.map((alert) => [alert.id, alert]));
      // What came by the feed meanwhile is newer than what was read.
      for (const alert of this.past) read.set(alert.id, alert);
      for (const id of this.picture.alerts.keys()) read.delete(id);
      this.past = [...read.values()].sort((a, b) => b.since_s - a.since_s).slice(0, PAST);
    },
    readGauges(needed) {
      clearInterval(this.gaugeReader);
      if (!needed) return;
      const readOnce = async () => (this.gauges = (await read("/api/v1/gauges"))?.gauges.filter((one) => DRAWN.includes(one.per)) ?? []);
      this.gaugeReader = setInterval(readOnce, READ_GAUGES_MS);
      readOnce();
    },
    async readControl() {
      if (!this.supervises) return;
      const answer = await fetch("/api/v1/control");
      if (!answer.ok) return;
      const { gateways, sessions, may } = await answer.json();
      this.offers = may ? gateways : {};
      this.sessions = Object.fromEntries(sessions.map((session) => [session.id, session]));
    },
    offerFor(callId) {
      return this.offers[this.callOf.get(callId)?.gateway];
    },
    sessionsOn(callId) {
      return Object.values(this.sessions).filter((session) => session.call_id === callId);
    },
    listensTo(callId) {
      return this.hearing !== null && this.hearing.alert === null && this.hearing.call === callId;
    },
    hears(alertId) {
      return this.hearing?.alert === alertId;
    },
    listen(callId) {
      this.hearing = this.listensTo(callId) ? null : { call: callId, alert: null, n: 0 };
    },
    hearWhy(alert) {
      this.hearing = this.hears(alert.id) ? null : { call: alert.call, alert: alert.id, n: 0 };
    },
    act(what, alertId) {
      if (what === "acknowledge") {
        this.busy[alertId] = true;
        // Whatever becomes of it, the button must not stay dead.
        setTimeout(() => delete this.busy[alertId], 5000);
      }
      this.$emit(what, { id: alertId });
    },
    speak(language) {
      this.language = language;
      localStorage.setItem(KEPT, language);
    },
    toggleChimes() {
      this.chimes = !this.chimes;
      localStorage.setItem("voicerisk.chimes", this.chimes ? "yes" : "no");
      if (this.chimes) chime();
    },
  },
  template: `
    <div class="desk" :class="{ wall, 'is-lost': link === 'lost' }" :data-link="link" :dir="direction">
      <div class="visually-hidden" aria-live="assertive">{{ announced }}</div>
      <section class="strip" aria-label="State of the service">
        <span><b class="number">{{ calls.length }}</b> {{ w("live calls") }}</span>
        <span class="zone-red" v-if="zones.red"><i aria-hidden="true">▲</i> <b class="number">{{ zones.red }}</b> {{ w("red") }}</span>
        <span class="zone-amber" v-if="zones.amber"><i aria-hidden="true">◆</i> <b class="number">{{ zones.amber }}</b> {{ w("amber") }}</span>
        <span :class="{ urgent: nOpen }"><b class="number">{{ nOpen }}</b> {{ w("waiting for somebody") }}</span>
        <span class="minor" v-if="status">{{ w("scorer lag") }} <b class="number">{{ scorerLag }}</b></span>
        <span class="minor">{{ w("alert delay p95") }} <b class="number">{{ delay }}</b></span>
        <span class="note minor">{{ w("Hears tone, not words") }}<template v-if="status && !status.tuned_here">; {{ w("not tuned on your calls yet") }}</template></span>
        <span v-if="!wall" class="switches">
          <span class="languages" role="group" aria-label="Language">
            <button v-for="[code, name] in [['en', 'EN'], ['he', 'עב']]" :key="code" type="button" class="quiet" :lang="code" :class="{ on: code === language }" :aria-pressed="code === language" @click="speak(code)">{{ name }}</button></span>
          <button type="button" class="quiet" :aria-pressed="chimes" @click="toggleChimes">{{ w(chimes ? "Sound on" : "Sound off") }}</button></span>
      </section>

      <div v-if="link === 'lost'" class="banner bad" role="alert">No connection to the server: what you see is old. Trying again…</div>
      <div v-if="status && !status.tone_ok" class="banner bad" role="alert">
        <strong>Tone alerts are off.</strong> {{ status.tone_problem }} Other gauges go on.</div>
      <div v-if="status && status.notify_problem" class="banner bad" role="alert">
        <strong>Notifications do not arrive.</strong> <bdi>{{ status.notify_problem }}</bdi></div>
      <div v-if="status && status.draining" class="banner">The service is stopping: live calls go on, new ones are sent elsewhere.</div>

      <div v-for="outage in panel.outages" :key="outage.id" class="banner outage"><strong>{{ w("Known fault") }}: <bdi>{{ outage.queue || w("everywhere") }}</bdi>.</strong> <bdi>{{ outage.why }}</bdi></div>

      <gauge-panel v-if="gauges.length" :gauges="gauges" :order="order" :now-s="nowS" :wall="wall" :may="may.includes('report')" :language="language"/>

      <main>
        <section class="alerts" aria-label="Alerts">
          <h2>{{ w("Needs a person") }} <span class="number">{{ alerts.length }}</span></h2>
          <p v-if="!alerts.length" class="empty"><strong>{{ w("All calm.") }}</strong>
            {{ w("An alert appears here the moment a needle enters the red, or a customer's voice turns tense and stays so.") }}</p>
          <alert-card v-for="alert in alerts" :key="alert.id" :alert="alert" :call="callOf.get(alert.call)" :now-s="nowS"
            :needle="needleOf.get(alert.gauge + '|' + alert.key)" :run="runs[alert.id]" :panel="panel" :may="may"
            :language="language" :acts="!wall" :busy="!!busy[alert.id]" :listening="listensTo(alert.call)"
            :person="person" :offer="offerFor(alert.call)" :sessions="sessionsOn(alert.call)"
            :hearing="hears(alert.id)" @listen="listen" @why="hearWhy" @acknowledge="act('acknowledge', $event)" @resolve="act('resolve', $event)" @language="speak"/>
          <past-alerts v-if="!wall" :alerts="pastToday" :names="panel.names" :language="language"/>
        </section>
        <section class="calls" aria-label="Live calls, the tensest first" @mouseenter="hovered = true" @mouseleave="hovered = false">
          <h2>{{ w("Live calls") }} <span class="number">{{ calls.length }}</span></h2>
          <p v-if="!calls.length" class="empty">{{ w("No call is on.") }}</p>
          <ul>
            <call-row v-for="call in shownCalls" :key="call.id" :call="call" :now-s="nowS" :can-listen="listens" :can-opt-out="supervises" :language="language"
              :listening="listensTo(call.id)" @listen="listen" @optout="act('optout', $event)"/>
          </ul>
          <button v-if="calls.length > 40" type="button" class="quiet more" @click="showsAll = !showsAll">
            {{ showsAll ? "Show the 40 tensest" : "Show all " + calls.length }}</button>
        </section>
      </main>

      <listen-bar v-if="hearing" :key="[hearing.call, hearing.alert, hearing.n].join()" :call-id="hearing.call"
        :alert-id="hearing.alert" :call="callOf.get(hearing.call)" :person="person" @close="hearing = null"
        @live="listen(hearing.call)" @again="hearing = { ...hearing, n: hearing.n + 1 }"/>
    </div>`,
};

// The alerts that are over, the latest first, after this one has changed: it joins them, or leaves when it is open again.
function withPast(past, alert) {
  const others = past.filter((other) => other.id !== alert.id);
  return alert.state === "resolved" ? [alert, ...others].slice(0, PAST) : others;
}

function chime() {
  const context = new AudioContext();
  [660, 880].forEach((pitch, n) => {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0.15, context.currentTime + 0.16 * n);
    gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.16 * n + 0.3);
    tone.connect(gain).connect(context.destination);
    tone.start(context.currentTime + 0.16 * n);
    tone.stop(context.currentTime + 0.16 * n + 0.35);
  });
  setTimeout(() => context.close(), 1000);
}
