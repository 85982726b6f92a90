// One flagged call: its tension from beginning to end with the alert in it, what was kept of its sound, and why it alerted.

import { id, read } from "./api.js";
import { clock, timeOfDay, who } from "./format.js";
import { keyText, valueText } from "./gauge_text.js";
import { MarkForm } from "./mark_form.js";
import { AlertStory } from "./alert_story.js";
import { Speaks } from "./words.js";

const HOP_S = 0.48; // from one stored level to the next
const WIDTH = 1000;
const HEIGHT = 160;
const GAUGE_REASON = /^([\w-]+) at .*, in the (\w+) zone$/;

export const ReviewCase = {
  name: "ReviewCase",
  components: { AlertStory, MarkForm },
  mixins: [Speaks],
  props: { alert: Object, place: String, names: Object, mark: Object, may: Array, language: String },
  emits: ["marked"],
  data: () => ({ WIDTH, HEIGHT, levels: [], recordings: [], read: false, atS: null, words: "" }),
  async mounted() {
    const { call } = this.alert;
    if (call == null) return;
    const [curve, kept] = await Promise.all([read(`/api/v1/calls/${id(call)}/curve`), read(`/api/v1/recordings?call=${id(call)}`)]);
    this.levels = levelsOf(curve?.pieces ?? []);
    this.recordings = (kept?.recordings ?? []).filter((one) => one.gone_at_s === null || one.gone_at_s === undefined);
    this.read = true;
  },
  computed: {
    title() {
      return this.say(this.alert.title);
    },
    parts() {
      return who({ ...this.alert, id: this.alert.call }).parts.filter(([, value]) => value != null && value !== this.place);
    },
    seconds() {
      return Math.max(10, 1.03 * Math.max(this.levels.length * HOP_S, this.alert.at_s ?? 0));
    },
    path() {
      return pathOf(this.levels, this.seconds);
    },
    alertAt() {
      return this.alert.at_s == null ? null : this.share(this.alert.at_s);
    },
    ticks() {
      const every = [10, 30, 60, 120, 300, 600].find((step) => this.seconds / step <= 8) ?? 1200;
      return Array.from({ length: Math.floor(this.seconds / every) + 1 }, (_, n) => ({ left: this.share(n * every), text: clock(n * every) }));
    },
    reasons() {
      return this.alert.reasons.map((reason) => {
        const [, gauge] = GAUGE_REASON.exec(reason.text) ?? [];
        const name = this.names[gauge];
        return name ? `${this.say(name.title)}: ${valueText(reason.value, name.kind, name.unit, this.language)}` : reason.text || reason.code;
      });
    },
    sounds() {
      return this.recordings.map((one) => ({
        ...one,
        url: `/api/v1/recordings/${id(one.id)}/audio.wav`,
        gaps: JSON.parse(one.gaps || "[]").map((gap) => ({ from: gap.start_s, to: gap.end_s ?? one.start_s + one.seconds, why: gap.reason })),
      }));
    },
    heard() {
      return this.atS === null ? null : this.share(this.atS);
    },
    key() {
      const per = this.names[this.alert.gauge]?.per;
      return per && per !== "call" ? keyText(per, this.alert.key, this.language) : "";
    },
    isPick() {
      return this.alert.id.startsWith("call:");
    },
    report() {
      return `/api/v1/reports/incident/${id(this.alert.id)}?format=html&language=${this.language === "he" ? "he" : "en"}`;
    },
    opened() {
      return timeOfDay(this.alert.opened_at_s);
    },
  },
  methods: {
    share(atS) {
      return Math.min(100, (100 * atS) / this.seconds);
    },
    gapText(gap) {
      return `${clock(gap.from)}–${clock(gap.to)} (${gap.why})`;
    },
    follow(sound, event) {
      this.atS = sound.start_s + event.target.currentTime;
    },
    seek(event) {
      const player = this.$el.querySelector("audio");
      if (!player || !this.sounds.length) return;
      const box = event.currentTarget.getBoundingClientRect();
      player.currentTime = Math.max(0, (this.seconds * (event.clientX - box.left)) / box.width - this.sounds[0].start_s);
    },
    trouble() {
      this.words = "The recording cannot be played now.";
    },
  },
  template: `
    <article class="case" :class="'severity-' + alert.severity" :data-case="alert.id">
      <header><h2><bdi>{{ title }}</bdi> · <bdi>{{ place }}</bdi></h2>
        <span class="call-parts"><span class="number">{{ opened }}</span><span v-for="[what, value, whole] in parts" :key="what" :title="whole">{{ what }} <bdi>{{ value }}</bdi></span></span></header>
      <figure v-if="alert.call" class="curve" dir="ltr">
        <figcaption>{{ w("Tension") }}</figcaption>
        <div class="plot" @click="seek">
          <svg :viewBox="'0 0 ' + WIDTH + ' ' + HEIGHT" preserveAspectRatio="none" role="img" :aria-label="w('Tension')"><path :d="path" vector-effect="non-scaling-stroke"/></svg>
          <span v-for="sound in sounds" :key="sound.id" class="kept" :style="{ left: share(sound.start_s) + '%', width: share(sound.seconds) + '%' }"></span>
          <template v-for="sound in sounds"><span v-for="gap in sound.gaps" :key="sound.id + gap.from" class="gap" :title="gapText(gap)" :style="{ left: share(gap.from) + '%', width: share(gap.to - gap.from) + '%' }"></span></template>
          <i v-if="alertAt !== null" class="alert-mark" :style="{ left: alertAt + '%' }"><b>▲</b></i>
          <i v-if="heard !== null" class="playhead" :style="{ left: heard + '%' }"></i>
          <span v-for="tick in ticks" :key="tick.text" class="tick number" :class="{ first: tick.left === 0 }" :style="{ left: tick.left + '%' }">{{ tick.text }}</span>
        </div>
        <p v-if="read && !levels.length" class="faint">{{ w("No tension was recorded.") }}</p>
      </figure>
      <div v-if="alert.call" class="recording">
        <template v-for="sound in sounds" :key="sound.id"><audio controls preload="none" controlslist="nodownload" :src="sound.url" :aria-label="w('Recording')" @timeupdate="follow(sound, $event)" @error="trouble"></audio>
          <small v-for="gap in sound.gaps" :key="gap.from" class="faint">{{ w("left out") }} <bdi>{{ gapText(gap) }}</bdi></small></template>
        <small v-if="read && !sounds.length" class="faint">{{ w("No recording was kept.") }}</small>
        <small v-if="words" class="form-note" role="alert">{{ words }}</small>
      </div>
      <h3>{{ w(isPick ? "Why to listen to it" : "Why it alerted") }}</h3>
      <ul class="reasons"><li v-for="(reason, n) in reasons" :key="n"><bdi>{{ reason }}</bdi></li></ul>
      <mark-form :alert="alert" :pick="isPick" :language="language" @marked="$emit('marked', $event)"/>
      <a v-if="!isPick && may.includes('report')" class="quiet" target="_blank" rel="noopener" :href="report">{{ w("The whole story as a report") }} ↗</a>
      <details v-if="!isPick"><summary>{{ w("Who was told, and why") }}</summary><alert-story :alert="alert" :silences="[]" :outages="[]" :language="language"/></details>
    </article>`,
};

function levelsOf(pieces) {
  const levels = [];
  for (const { first_hop: first, levels: piece } of pieces) {
    while (levels.length < first) levels.push(null);
    levels.splice(first, piece.length, ...piece);
  }
  return levels;
}

function pathOf(levels, seconds) {
  const room = Math.max(1, seconds / HOP_S);
  let path = "";
  let drawing = false;
  levels.forEach((level, n) => {
    if (level === null) return (drawing = false);
    path += `${drawing ? "L" : "M"}${((WIDTH * n) / room).toFixed(1)} ${(HEIGHT - 4 - (HEIGHT - 8) * level).toFixed(1)}`;
    drawing = true;
  });
  return path;
}
