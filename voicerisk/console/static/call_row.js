// One live call: who, how tense, how it got there, and a button to hear it.

import { clock, curvePath, evidenceWords, isScored, NOT_SCORED_SIGN, voiceNote, who, ZONE_SIGN, ZONE_WORD } from "./format.js";
import { Speaks } from "./words.js";

export const CallRow = {
  name: "CallRow",
  mixins: [Speaks],
  props: { call: Object, nowS: Number, canListen: Boolean, canOptOut: Boolean, listening: Boolean, language: String },
  emits: ["listen", "optout"],
  data: () => ({ asks: false }),
  computed: {
    who() {
      return who(this.call);
    },
    percent() {
      return this.call.level === null || !isScored(this.call) ? null : Math.round(100 * this.call.level);
    },
    path() {
      return curvePath(this.call.curve, 240, 36);
    },
    isScored() {
      return isScored(this.call);
    },
    note() {
      return voiceNote(this.call);
    },
    agent() {
      return this.call.labels.agent;
    },
    fact() {
      if (this.call.listeners.length) return `heard by ${this.call.listeners.join(", ")}`;
      return evidenceWords(this.call) || (this.call.talk_over_s >= 1 ? `talk-over ${this.call.talk_over_s.toFixed(0)} s` : "");
    },
    sign() {
      return this.isScored ? ZONE_SIGN[this.call.zone] : NOT_SCORED_SIGN;
    },
    spoken() {
      const level = this.percent === null ? this.note || "tension not known yet" : `tension ${this.percent} of 100`;
      return `${this.who.main}, call ${this.call.id}: ${this.isScored ? `${ZONE_WORD[this.call.zone]}, ` : ""}${level}`;
    },
    lasts() {
      return clock(this.nowS - this.call.started_at_s);
    },
  },
  methods: {
    optOut() {
      this.asks = false;
      this.$emit("optout", this.call.id);
    },
  },
  template: `
    <li class="call" :class="isScored ? 'zone-' + call.zone : 'zone-none'" :data-call="call.id" :aria-label="spoken">
      <span class="call-level" aria-hidden="true">
        <span class="sign">{{ sign }}</span><span class="number">{{ percent === null ? "–" : percent }}</span>
      </span>
      <span class="call-who">
        <bdi class="call-queue">{{ who.main }}</bdi>
        <span class="call-parts"><bdi class="call-id" :title="call.id">{{ call.id }}</bdi><bdi v-if="agent" class="with-agent">{{ agent }}</bdi></span>
      </span>
      <span class="call-curve" aria-hidden="true">
        <svg viewBox="0 0 240 36" preserveAspectRatio="none"><path :d="path" vector-effect="non-scaling-stroke"/></svg>
        <span class="bar"><i :style="{ '--share': (percent ?? 0) / 100 }"></i></span>
      </span>
      <span class="call-facts">
        <span class="time" title="since the call began">{{ lasts }}</span>
        <span class="faint one-line" :class="{ ears: call.listeners.length }" :title="fact">{{ fact }}</span>
      </span>
      <span v-if="canListen || canOptOut" class="call-acts">
        <button v-if="canListen" type="button" class="quiet" :class="{ on: listening }" @click="$emit('listen', call.id)"
                :aria-pressed="listening" :aria-label="(listening ? 'Stop listening to ' : 'Listen to ') + who.main + ' ' + call.id">
          {{ w(listening ? "Stop" : "Listen") }}
        </button>
        <button v-if="isScored && canOptOut" type="button" class="quiet dots" :aria-expanded="asks" @click="asks = !asks"
                :aria-label="'More for ' + who.main + ' ' + call.id" title="More">⋯</button>
      </span>
      <span v-if="note" class="call-note">{{ note }}</span>
      <span v-if="asks" class="call-ask" role="group" aria-label="Opt out">
        <span>Does the customer not want to be judged? Scoring stops at once for the rest of this call, and its sound is no longer kept.</span>
        <button type="button" class="opt-out" @click="optOut">Stop scoring</button>
        <button type="button" class="quiet" @click="asks = false">Cancel</button>
      </span>
    </li>`,
};
