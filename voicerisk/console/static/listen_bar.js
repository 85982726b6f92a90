// The strip at the bottom while somebody hears a call: live, or what led to an alert. Who speaks, where, one ear or two, stop.

import { markRaw } from "vue";
import { CausePlayer } from "./cause_player.js";
import { clock } from "./format.js";
import { ListenPlayer } from "./player.js";

const LIVE = { connecting: "Connecting…", waiting: "Gathering sound…", playing: "Live", ended: "Ended" };
const CAUSE = { connecting: "Fetching…", playing: "Before the alert", ended: "That was it" };

export const ListenBar = {
  name: "ListenBar",
  // With an alert's id its cause is played, else the call as it goes on.
  props: { callId: String, alertId: String, call: Object, person: String },
  emits: ["close", "live", "again"],
  data: () => ({ state: "connecting", problem: "", stats: {}, levels: {}, mono: false, volume: 1 }),
  computed: {
    title() {
      return this.call?.queue || this.call?.labels?.queue || `call ${this.callId}`;
    },
    stateWords() {
      return this.problem || (this.alertId ? CAUSE : LIVE)[this.state];
    },
    behind() {
      return this.stats.behindS == null ? "–" : `${this.stats.behindS.toFixed(1)} s`;
    },
    position() {
      return `${clock(this.stats.positionS || 0)} of ${clock(Math.round(this.stats.durationS))}`;
    },
    muted() {
      return this.state !== "connecting" && this.state !== "ended" && this.stats.audible === false;
    },
  },
  mounted() {
    const refresh = () => this.refresh();
    this.player = markRaw(this.alertId ? new CausePlayer(this.alertId, refresh) : new ListenPlayer(this.callId, refresh));
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
      this.mono = player.graph.mono;
    },
    toggleMono() {
      this.player.graph.setMono(!this.player.graph.mono);
      this.refresh();
    },
    loudness() {
      this.player.graph.setVolume(Number(this.volume));
    },
    wake() {
      this.player.graph.context.resume();
    },
  },
  template: `
    <section class="listen" :aria-label="alertId ? 'What led to the alert' : 'Live listening'" :data-state="state"
             :data-received="stats.received" :data-played="stats.played" :data-behind="stats.behindS"
             :data-underruns="stats.underruns" :data-gaps="stats.gaps" :data-call="callId" :data-cause="alertId">
      <span class="listen-state" :class="[state, { problem }]" role="status"><i aria-hidden="true"></i>{{ stateWords }}</span>
      <span class="listen-title"><bdi>{{ title }}</bdi><small>logged as <bdi>{{ person }}</bdi></small></span>
      <span class="meters" aria-hidden="true">
        <span class="meter"><b>Customer</b><span class="bar"><i :style="{ '--share': levels.customer || 0 }"></i></span></span>
        <span class="meter"><b>Agent</b><span class="bar"><i :style="{ '--share': levels.agent || 0 }"></i></span></span>
      </span>
      <span v-if="alertId && stats.durationS != null" class="behind number">{{ position }}</span>
      <span v-if="!alertId" class="behind">behind live <span class="number">{{ behind }}</span></span>
      <button v-if="muted" type="button" class="primary" @click="wake">Turn sound on</button>
      <button v-if="alertId && state === 'ended' && !problem" type="button" class="quiet again" @click="$emit('again')">Again</button>
      <button v-if="alertId && call" type="button" class="primary live" @click="$emit('live')">Listen live</button>
      <button type="button" class="quiet ears" :aria-pressed="mono" @click="toggleMono">{{ mono ? "Both ears: mixed" : "Left customer, right agent" }}</button>
      <label class="volume"><span class="visually-hidden">Volume</span>
        <input type="range" min="0" max="1.5" step="0.05" v-model="volume" @input="loudness"></label>
      <button type="button" class="stop" @click="$emit('close')">Stop</button>
    </section>`,
};
