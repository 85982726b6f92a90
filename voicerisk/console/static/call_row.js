// One live call: who, how tense, how it got there, and a button to hear it.

import { clock, curvePath, evidenceWords, shortId, who, ZONE_SIGN, ZONE_WORD } from "./format.js";

export const CallRow = {
  name: "CallRow",
  props: { call: Object, nowS: Number, canListen: Boolean, listening: Boolean },
  emits: ["listen"],
  computed: {
    who() {
      return who(this.call);
    },
    percent() {
      return this.call.level === null ? null : Math.round(100 * this.call.level);
    },
    path() {
      return curvePath(this.call.curve, 240, 36);
    },
    short() {
      return shortId(this.call.id);
    },
    agent() {
      return this.call.labels.agent;
    },
    fact() {
      if (this.call.listeners.length) return `heard by ${this.call.listeners.join(", ")}`;
      return evidenceWords(this.call) || (this.call.talk_over_s >= 1 ? `talk-over ${this.call.talk_over_s.toFixed(0)} s` : "");
    },
    sign() {
      return ZONE_SIGN[this.call.zone];
    },
    spoken() {
      const level = this.percent === null ? "tension not known yet" : `tension ${this.percent} of 100`;
      return `${this.who.main}, call ${this.call.id}: ${ZONE_WORD[this.call.zone]}, ${level}`;
    },
    lasts() {
      return clock(this.nowS - this.call.started_at_s);
    },
  },
  template: `
    <li class="call" :class="'zone-' + call.zone" :data-call="call.id" :aria-label="spoken">
      <span class="call-level" aria-hidden="true">
        <span class="sign">{{ sign }}</span><span class="number">{{ percent === null ? "–" : percent }}</span>
      </span>
      <span class="call-who">
        <bdi class="call-queue">{{ who.main }}</bdi>
        <span class="call-parts one-line"><bdi>{{ short }}</bdi><bdi v-if="agent" class="with-agent">{{ agent }}</bdi></span>
      </span>
      <span class="call-curve" aria-hidden="true">
        <svg viewBox="0 0 240 36" preserveAspectRatio="none"><path :d="path" vector-effect="non-scaling-stroke"/></svg>
        <span class="bar"><i :style="{ width: (percent ?? 0) + '%' }"></i></span>
      </span>
      <span class="call-facts">
        <span class="time" title="since the call began">{{ lasts }}</span>
        <span class="faint one-line" :class="{ ears: call.listeners.length }" :title="fact">{{ fact }}</span>
      </span>
      <button v-if="canListen" type="button" class="quiet" :class="{ on: listening }" @click="$emit('listen', call.id)"
              :aria-pressed="listening" :aria-label="(listening ? 'Stop listening to ' : 'Listen to ') + who.main + ' ' + call.id">
        {{ listening ? "Stop" : "Listen" }}
      </button>
    </li>`,
};
