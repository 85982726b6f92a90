// One alert: who needs somebody, why, since when, what to do, and who has taken it.

import { ago, clock, curvePath, isScored, ONE_CHANNEL, voiceNote, who } from "./format.js";
import { PhoneControl } from "./phone_control.js";

const SIGN = { critical: "▲", warning: "◆", info: "●" };
const RIGHT_TO_LEFT = ["he", "ar", "fa", "ur", "yi"];

export const AlertCard = {
  name: "AlertCard",
  components: { PhoneControl },
  props: { person: String, offer: Object, sessions: Array, alert: Object, call: Object, nowS: Number, language: String, acts: Boolean, listening: Boolean, hearing: Boolean, busy: Boolean },
  emits: ["listen", "why", "acknowledge", "resolve", "language"],
  data: () => ({ showsSteps: false }),
  computed: {
    who() {
      return who({ ...this.alert, id: this.alert.call ?? this.alert.id });
    },
    title() {
      return this.say(this.alert.title);
    },
    direction() {
      return RIGHT_TO_LEFT.includes(this.language) ? "rtl" : "ltr";
    },
    languages() {
      const steps = this.alert.procedure?.steps ?? [];
      return [...new Set(steps.flatMap((step) => Object.keys(step.text)))];
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
    isMixed() {
      return this.alert.reasons.some((reason) => reason.code === "mixed_channel");
    },
    reasons() {
      return this.alert.reasons.filter((reason) => reason.code !== "mixed_channel");
    },
    note() {
      return (this.call && voiceNote(this.call)) || (this.isMixed ? ONE_CHANNEL : "");
    },
    hasSound() {
      return this.call ? !this.call.opted_out : this.alert.sound_s > 0;
    },
    sign() {
      return SIGN[this.alert.severity];
    },
  },
  methods: {
    say(text) {
      return text[this.language] || text.en || Object.values(text)[0] || "";
    },
    languageName(code) {
      try {
        return new Intl.DisplayNames([code], { type: "language" }).of(code);
      } catch {
        return code;
      }
    },
  },
  template: `
    <article class="alert" :class="['severity-' + alert.severity, { taken }]" :data-alert="alert.id"
             :data-state="alert.state" :aria-label="title + ', ' + who.main">
      <header>
        <span class="severity"><span aria-hidden="true">{{ sign }}</span> {{ alert.severity }}</span>
        <h3><bdi :dir="direction" :lang="language">{{ title }}</bdi></h3>
        <span v-if="taken" class="owner">Taken by <strong><bdi>{{ alert.acknowledged_by }}</bdi></strong> {{ takenAgo }}</span>
        <span v-else class="owner nobody" :title="alert.owner ? 'It belongs to: ' + alert.owner : null">Not taken yet</span>
        <span class="since"><span class="visually-hidden">open for </span><time class="number">{{ lasts }}</time></span>
      </header>

      <div class="alert-body">
        <div class="alert-who">
          <bdi class="alert-queue">{{ who.main }}</bdi>
          <span class="call-parts">
            <span v-for="[what, value, whole] in who.parts" :key="what" :title="whole">{{ what }} <bdi>{{ value }}</bdi></span>
          </span>
        </div>
        <ul class="reasons" aria-label="Why">
          <li v-for="reason in reasons" :key="reason.code"><bdi>{{ reason.text || reason.code }}</bdi></li>
          <li v-if="note" class="voice-note">{{ note }}</li>
        </ul>
        <div v-if="call" class="alert-now" :class="'zone-' + call.zone">
          <svg viewBox="0 0 240 44" preserveAspectRatio="none" aria-hidden="true">
            <path :d="path" vector-effect="non-scaling-stroke"/>
          </svg>
          <span class="number">{{ percent === null ? "–" : percent }}<small> now</small></span>
        </div>
        <p v-else class="faint">The call is over.</p>
      </div>

      <p v-if="!alert.durable" class="unsaved">Not saved yet: the store does not take writes. The alert is real all the same.</p>

      <footer v-if="acts">
        <button type="button" v-if="call" :class="['primary', { on: listening }]" @click="$emit('listen', call.id)"
                :aria-pressed="listening">{{ listening ? "Stop" : "Listen" }}</button>
        <button type="button" v-if="hasSound" :class="['why', { on: hearing }]" @click="$emit('why', alert)" :aria-pressed="hearing"
                title="Plays what was said before the alert">{{ hearing ? "Stop" : "Hear why" }}</button>
        <button type="button" v-if="!taken" class="acknowledge" :disabled="busy" @click="$emit('acknowledge', alert.id)">Acknowledge</button>
        <button type="button" class="quiet resolve" :disabled="busy" @click="$emit('resolve', alert.id)">Resolve…</button>
        <button type="button" v-if="alert.procedure" class="quiet steps" :aria-expanded="showsSteps"
                @click="showsSteps = !showsSteps">{{ showsSteps ? "Hide steps" : "What to do" }}</button>
      </footer>

      <phone-control v-if="acts && alert.call && (offer || sessions.length)" :call-id="alert.call" :alert-id="alert.id" :offer="offer"
        :sessions="sessions" :person="person" :live="!!call"/>

      <section v-if="showsSteps && alert.procedure" class="procedure" :dir="direction" :lang="language">
        <div class="procedure-head">
          <h4>{{ say(alert.procedure.title) }}</h4>
          <span v-if="languages.length > 1" class="languages" role="group" aria-label="Language of the procedure">
            <button type="button" v-for="code in languages" :key="code" :lang="code" :aria-pressed="code === language"
                    :class="{ on: code === language }" @click="$emit('language', code)">{{ languageName(code) }}</button>
          </span>
        </div>
        <ol>
          <li v-for="(step, n) in alert.procedure.steps" :key="n" :class="step.kind">
            {{ say(step.text) }}
          </li>
        </ol>
      </section>
    </article>`,
};
