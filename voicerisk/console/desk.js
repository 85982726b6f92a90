// The supervisor's desk: alerts that need somebody, live calls by tension, and what the service says of itself.

import { AlertCard } from "/console/static/alert_card.js";
import { CallRow } from "/console/static/call_row.js";
import { FeedClient } from "/console/static/feed.js";
import { ListenBar } from "/console/static/listen_bar.js";
import { apply, byTension, byUrgency, emptyPicture } from "/console/static/picture.js";

const ROWS = 40; // more live calls than a person reads; the rest is one press away
const SORT_EVERY_MS = 2000; // a list that jumps under the pointer is no list

export default {
  components: { AlertCard, CallRow, ListenBar },
  props: { person: String, wall: Boolean },
  emits: ["acknowledge", "resolve"],
  data: () => ({
    link: "connecting",
    alerts: [],
    calls: [],
    order: [],
    status: null,
    nowS: Date.now() / 1000,
    showsAll: false,
    listeningTo: null,
    language: localStorage.getItem("voicerisk.language") || "en",
    chimes: localStorage.getItem("voicerisk.chimes") === "yes",
    announced: "",
    busy: {},
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
  },
  computed: {
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
      return p95 == null ? "no alert yet" : `${p95.toFixed(1)} s`;
    },
  },
  methods: {
    receive(event) {
      this.picture = apply(this.picture, event);
      this.status = this.picture.status;
      this.nowS = Date.now() / 1000 + this.picture.nowOffsetS;
      if (event.type.startsWith("alert") || event.type === "snapshot") {
        this.alerts = [...this.picture.alerts.values()].sort(byUrgency);
        document.title = this.nOpen ? `(${this.nOpen}) voicerisk` : "voicerisk";
        if (event.type === "alert.opened") this.announce(event.alert);
        if (event.alert) delete this.busy[event.alert.id];
        else this.busy = {};
      }
      if (event.type !== "status") this.listCalls(event.type === "snapshot");
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
    listen(callId) {
      this.listeningTo = this.listeningTo === callId ? null : callId;
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
      localStorage.setItem("voicerisk.language", language);
    },
    toggleChimes() {
      this.chimes = !this.chimes;
      localStorage.setItem("voicerisk.chimes", this.chimes ? "yes" : "no");
      if (this.chimes) chime();
    },
  },
  template: `
    <div class="desk" :class="{ wall, 'is-lost': link === 'lost' }" :data-link="link">
      <div class="visually-hidden" aria-live="assertive">{{ announced }}</div>
      <section class="strip" aria-label="State of the service">
        <span><b class="number">{{ calls.length }}</b> live calls</span>
        <span class="zone-red" v-if="zones.red"><i aria-hidden="true">▲</i> <b class="number">{{ zones.red }}</b> red</span>
        <span class="zone-amber" v-if="zones.amber"><i aria-hidden="true">◆</i> <b class="number">{{ zones.amber }}</b> amber</span>
        <span :class="{ urgent: nOpen }"><b class="number">{{ nOpen }}</b> waiting for somebody</span>
        <span class="minor" v-if="status">scorer lag <b class="number">{{ status.scorer_lag_s.toFixed(1) }} s</b></span>
        <span class="minor">alert delay p95 <b class="number">{{ delay }}</b></span>
        <span class="note minor">Hears tone, not words<template v-if="status && !status.tuned_here">; not tuned on your calls yet</template></span>
        <button v-if="!wall" type="button" class="quiet" :aria-pressed="chimes" @click="toggleChimes">{{ chimes ? "Sound on" : "Sound off" }}</button>
      </section>

      <div v-if="link === 'lost'" class="banner bad" role="alert">No connection to the server: what you see is old. Trying again…</div>
      <div v-if="status && !status.tone_ok" class="banner bad" role="alert">
        <strong>Tone alerts are off.</strong> {{ status.tone_problem }} Other gauges go on.</div>
      <div v-if="status && status.draining" class="banner">The service is stopping: live calls go on, new ones are sent elsewhere.</div>

      <main>
        <section class="alerts" aria-label="Alerts">
          <h2>Needs a person <span class="number">{{ alerts.length }}</span></h2>
          <p v-if="!alerts.length" class="empty"><strong>All calm.</strong>
            An alert appears here the moment a customer's voice turns tense and stays so.</p>
          <alert-card v-for="alert in alerts" :key="alert.id" :alert="alert" :call="callOf.get(alert.call)" :now-s="nowS"
            :language="language" :acts="!wall" :busy="!!busy[alert.id]" :listening="listeningTo === alert.call"
            @listen="listen" @acknowledge="act('acknowledge', $event)" @resolve="act('resolve', $event)" @language="speak"/>
        </section>
        <section class="calls" aria-label="Live calls, the tensest first" @mouseenter="hovered = true" @mouseleave="hovered = false">
          <h2>Live calls <span class="number">{{ calls.length }}</span></h2>
          <p v-if="!calls.length" class="empty">No call is on.</p>
          <ul>
            <call-row v-for="call in shownCalls" :key="call.id" :call="call" :now-s="nowS" :can-listen="!wall"
              :listening="listeningTo === call.id" @listen="listen"/>
          </ul>
          <button v-if="calls.length > 40" type="button" class="quiet more" @click="showsAll = !showsAll">
            {{ showsAll ? "Show the 40 tensest" : "Show all " + calls.length }}</button>
        </section>
      </main>

      <listen-bar v-if="listeningTo" :key="listeningTo" :call-id="listeningTo" :call="callOf.get(listeningTo)"
        :person="person" @close="listeningTo = null"/>
    </div>`,
};

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
