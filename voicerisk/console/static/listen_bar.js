// The strip at the bottom while somebody listens: who speaks, how far behind live, one ear or two, stop.

import { markRaw } from "vue";
import { shortId } from "./format.js";
import { ListenPlayer } from "./player.js";

const STATES = { connecting: "Connecting…", waiting: "Gathering sound…", playing: "Live", ended: "Ended" };

export const ListenBar = {
  name: "ListenBar",
  props: { callId: String, call: Object, person: String },
  emits: ["close"],
  data: () => ({ state: "connecting", problem: "", stats: {}, levels: {}, mono: false, volume: 1, roles: [] }),
  computed: {
    title() {
      return this.call?.queue || this.call?.labels?.queue || `call ${shortId(this.callId)}`;
    },
    stateWords() {
      return this.problem || STATES[this.state];
    },
    behind() {
      return this.stats.behindS == null ? "–" : `${this.stats.behindS.toFixed(1)} s`;
    },
    muted() {
      return this.state !== "connecting" && this.state !== "ended" && this.stats.audible === false;
    },
  },
  mounted() {
    this.player = markRaw(new ListenPlayer(this.callId, () => this.refresh()));
  },
  beforeUnmount() {
    this.player.stop();
  },
  methods: {
    refresh() {
      const player = this.player;
      if (!player) return;
      this.state = player.state;
      this.problem = player.problem;
      this.stats = { ...player.stats };
      this.levels = player.levels;
      this.mono = player.mono;
      this.roles = player.roles;
    },
    toggleMono() {
      this.player.setMono(!this.player.mono);
      this.refresh();
    },
    loudness() {
      this.player.setVolume(Number(this.volume));
    },
    wake() {
      this.player.context.resume();
    },
  },
  template: `
    <section class="listen" aria-label="Live listening" :data-state="state" :data-received="stats.received"
             :data-played="stats.played" :data-behind="stats.behindS" :data-underruns="stats.underruns"
             :data-gaps="stats.gaps" :data-call="callId">
      <span class="listen-state" :class="state" role="status"><i aria-hidden="true"></i>{{ stateWords }}</span>
      <span class="listen-title"><bdi>{{ title }}</bdi><small>logged as <bdi>{{ person }}</bdi></small></span>
      <span class="meters" aria-hidden="true">
        <span class="meter"><b>Customer</b><span class="bar"><i :style="{ width: 100 * (levels.customer || 0) + '%' }"></i></span></span>
        <span class="meter"><b>Agent</b><span class="bar"><i :style="{ width: 100 * (levels.agent || 0) + '%' }"></i></span></span>
      </span>
      <span class="behind">behind live <span class="number">{{ behind }}</span></span>
      <button v-if="muted" type="button" class="primary" @click="wake">Turn sound on</button>
      <button type="button" class="quiet" :aria-pressed="mono" @click="toggleMono">{{ mono ? "Both ears: mixed" : "Left customer, right agent" }}</button>
      <label class="volume"><span class="visually-hidden">Volume</span>
        <input type="range" min="0" max="1.5" step="0.05" v-model="volume" @input="loudness"></label>
      <button type="button" class="stop" @click="$emit('close')">Stop</button>
    </section>`,
};
