// One alert of any kind: what it is about, why, since when, whose it is, and what can be done.

import { AlertDeeds } from "./alert_deeds.js";
import { AlertStory, hushWords } from "./alert_story.js";
import { ago, clock, curvePath, isScored, ONE_CHANNEL, timeOfDay, voiceNote, who, ZONE_SIGN } from "./format.js";
import { placeText, valueParts, valueText } from "./gauge_text.js";
import { PhoneControl } from "./phone_control.js";
import { Procedure } from "./procedure.js";
import { RIGHT_TO_LEFT, Speaks } from "./words.js";

const SIGN = { critical: "▲", warning: "◆", info: "●" };
const CROSSED = ["opened", "reopened", "crossed_again", "crossed_again_in_hand"];
const GAUGE_REASON = /^([\w-]+) at .*, in the (\w+) zone$/;

export const AlertCard = {
  name: "AlertCard",
  components: { AlertDeeds, AlertStory, PhoneControl, Procedure },
  mixins: [Speaks],
  // `panel` is the rest of the picture: needles, names of gauges, actions, faults, silences; `run` the procedure's.
  props: {
    alert: Object, call: Object, needle: Object, run: Object, panel: Object, nowS: Number, language: String, person: String, may: Array, acts: Boolean,
    offer: Object, sessions: Array, listening: Boolean, hearing: Boolean, busy: Boolean,
  },
  emits: ["listen", "why", "acknowledge", "resolve", "language"],
  data: () => ({ showsSteps: false, showsMore: false }),
  computed: {
    name() {
      return this.panel?.names[this.alert.gauge];
    },
    // What the alert is about: its call, or else a customer, a queue, the site ...
    per() {
      return this.name?.per ?? (this.alert.call ? "call" : "queue");
    },
    isOfCall() {
      return this.alert.call != null && this.per === "call";
    },
    who() {
      const { main, parts } = who({ ...this.alert, id: this.alert.call });
      const known = parts.filter(([, value]) => value != null);
      if (this.isOfCall || !this.name) return { main, parts: known };
      const queue = this.per !== "queue" && this.alert.queue ? [["queue", this.alert.queue, this.alert.queue]] : [];
      return { main: placeText(this.alert, this.panel.names, this.language), parts: [...queue, ...known.filter(([what]) => what !== this.per)] };
    },
    title() {
      return this.say(this.alert.title);
    },
    direction() {
      return RIGHT_TO_LEFT.includes(this.language) ? "rtl" : "ltr";
    },
    taken() {
      return this.alert.state === "acknowledged";
    },
    takenAgo() {
      const step = [...this.alert.history].reverse().find((entry) => entry.person === this.alert.acknowledged_by);
      return step ? ago(this.nowS - step.at_s) : "";
    },
    lasts() {
      return clock(this.nowS - this.alert.opened_at_s);
    },
    percent() {
      return this.call?.level == null || !isScored(this.call) ? null : Math.round(100 * this.call.level);
    },
    path() {
      return this.call ? curvePath(this.call.curve, 240, 44) : "";
    },
    // The needle as it stands now, or as it stood where it is not on the panel.
    shown() {
      if (this.isOfCall || !this.name) return null;
      const ages = this.name.kind === "max_age"; // what is open and red grows older by itself
      const value = this.needle?.value ?? this.alert.value + (ages ? Math.max(0, this.nowS - this.crossedS) : 0);
      return { parts: valueParts(value, this.name.kind, this.name.unit, this.language), zone: this.needle?.zone ?? "red", now: !!this.needle || ages };
    },
    crossedS() {
      return [...this.alert.history].reverse().find((entry) => CROSSED.includes(entry.what))?.at_s ?? this.alert.opened_at_s;
    },
    zoneSign() {
      return ZONE_SIGN[this.shown.zone];
    },
    isMixed() {
      return this.alert.reasons.some((reason) => reason.code === "mixed_channel");
    },
    reasons() {
      return this.alert.reasons.filter((reason) => reason.code !== "mixed_channel").map((reason) => this.reasonText(reason));
    },
    note() {
      return (this.isOfCall && this.call && voiceNote(this.call)) || (this.isMixed ? ONE_CHANNEL : "");
    },
    hasSound() {
      return this.isOfCall && this.call ? !this.call.opted_out : this.alert.sound_s > 0;
    },
    sign() {
      return SIGN[this.alert.severity];
    },
    told() {
      const rang = [...this.alert.history].reverse().find((entry) => entry.notify && entry.to.length);
      return rang ? { to: rang.to, time: timeOfDay(rang.at_s) } : null;
    },
    quiet() {
      const { hushed, hushed_by: by } = this.alert;
      if (!hushed) return "";
      const silence = this.panel?.silences.find((one) => one.id === by);
      if (silence) return `${this.w("Quiet until")} ${timeOfDay(silence.until_s)}: ${silence.why} (${silence.person})`;
      const outage = this.panel?.outages.find((one) => one.id === by);
      return this.w(hushWords(hushed)) + (outage?.why ? `: ${outage.why}` : "");
    },
    supervises() {
      return this.acts && (this.may ?? []).includes("supervise");
    },
    listens() {
      return this.acts && (this.may ?? []).includes("listen");
    },
  },
  methods: {
    reasonText(reason) {
      const [, gauge, zone] = GAUGE_REASON.exec(reason.text) ?? [];
      const name = this.panel?.names[gauge];
      if (!name) return reason.text || reason.code;
      return `${this.say(name.title)}: ${valueText(reason.value, name.kind, name.unit, this.language)} · ${this.w(zone)}`;
    },
  },
  template: `
    <article class="alert" :class="['severity-' + alert.severity, { taken, hushed: alert.hushed }]" :data-alert="alert.id"
             :data-state="alert.state" :data-rule="alert.rule" :aria-label="title + ', ' + who.main">
      <header>
        <span class="severity"><span aria-hidden="true">{{ sign }}</span> {{ w(alert.severity) }}</span>
        <h3><bdi :dir="direction" :lang="language">{{ title }}</bdi></h3>
        <span v-if="taken" class="owner">{{ w("Taken by") }} <strong><bdi>{{ alert.acknowledged_by }}</bdi></strong> {{ takenAgo }}</span>
        <span v-else class="owner nobody">{{ w("Not taken yet") }}</span>
        <span class="since"><span class="visually-hidden">{{ w("open for") }} </span><time class="number">{{ lasts }}</time></span>
      </header>

      <div class="alert-body">
        <div class="alert-who">
          <bdi class="alert-queue">{{ who.main }}</bdi>
          <span class="call-parts">
            <span v-for="[what, value, whole] in who.parts" :key="what" :title="whole">{{ what }} <bdi>{{ value }}</bdi></span>
          </span>
        </div>
        <ul class="reasons" aria-label="Why">
          <li v-for="(reason, n) in reasons" :key="n"><bdi>{{ reason }}</bdi></li>
          <li v-if="note" class="voice-note">{{ note }}</li>
        </ul>
        <div v-if="shown" class="alert-now needle-now" :class="'zone-' + shown.zone">
          <span class="number"><i aria-hidden="true">{{ zoneSign }}</i> {{ shown.parts[0] }}<small> {{ shown.parts[1] }}</small></span>
          <small>{{ w(shown.now ? "now" : "at the alert") }}</small>
        </div>
        <div v-else-if="call" class="alert-now" :class="'zone-' + call.zone">
          <svg viewBox="0 0 240 44" preserveAspectRatio="none" aria-hidden="true">
            <path :d="path" vector-effect="non-scaling-stroke"/>
          </svg>
          <span class="number">{{ percent === null ? "–" : percent }}<small> {{ w("now") }}</small></span>
        </div>
        <p v-else-if="isOfCall" class="faint">{{ w("The call is over.") }}</p>
      </div>

      <p class="alert-facts">
        <span v-if="alert.owner">{{ w("It belongs to") }} <strong><bdi>{{ alert.owner }}</bdi></strong></span>
        <span v-if="alert.assigned_to">{{ w("given to") }} <strong><bdi>{{ alert.assigned_to }}</bdi></strong></span>
        <span v-if="told">{{ w("told") }} <bdi v-for="to in told.to" :key="to">{{ to }}</bdi> <span class="number">{{ told.time }}</span></span>
        <span v-else-if="!quiet">{{ w("Nobody has been told") }}</span>
        <span v-if="alert.count > 1" class="number">{{ alert.count }} {{ w("times") }}</span>
        <span v-if="alert.group && !quiet">{{ w("Rings as one with others of its group") }}</span>
      </p>
      <p v-if="quiet" class="quiet-mark"><i aria-hidden="true">⊘</i> <bdi>{{ quiet }}</bdi></p>
      <p v-if="!alert.durable" class="unsaved">Not saved yet: the store does not take writes. The alert is real all the same.</p>

      <footer v-if="acts">
        <button type="button" v-if="call && listens" :class="['primary', { on: listening }]" @click="$emit('listen', call.id)"
                :aria-pressed="listening">{{ w(listening ? "Stop" : "Listen") }}</button>
        <button type="button" v-if="hasSound && listens" :class="['why', { on: hearing }]" @click="$emit('why', alert)" :aria-pressed="hearing"
                title="Plays what was said before the alert">{{ w(hearing ? "Stop" : "Hear why") }}</button>
        <button type="button" v-if="!taken && supervises" class="acknowledge" :disabled="busy" @click="$emit('acknowledge', alert.id)">{{ w("Acknowledge") }}</button>
        <button type="button" v-if="alert.procedure" class="steps" :aria-expanded="showsSteps"
                @click="showsSteps = !showsSteps">{{ w(showsSteps ? "Hide steps" : "What to do") }}</button>
        <button type="button" v-if="supervises" class="quiet resolve" :disabled="busy" @click="$emit('resolve', alert.id)">{{ w("Resolve…") }}</button>
        <button type="button" class="quiet more-deeds" :aria-expanded="showsMore" @click="showsMore = !showsMore">{{ w(showsMore ? "Less" : "More") }}</button>
      </footer>

      <phone-control v-if="supervises && alert.call && (offer || sessions.length)" :call-id="alert.call" :alert-id="alert.id" :offer="offer"
        :sessions="sessions" :person="person" :live="!!call"/>

      <section v-if="showsMore" class="alert-more">
        <alert-deeds v-if="supervises" :alert="alert" :per="per" :now-s="nowS" :language="language"/>
        <alert-story :alert="alert" :silences="panel?.silences ?? []" :outages="panel?.outages ?? []" :language="language"/>
      </section>
      <procedure v-if="showsSteps && alert.procedure" :alert="alert" :run="run" :actions="panel?.actions" :offer="offer" :now-s="nowS" :acts="supervises"
        :language="language" @language="$emit('language', $event)"/>
    </article>`,
};
