// What a needle showed over the last hours: the line, the zones behind it, and where it crossed from one into another.

import { read, id } from "./api.js";
import { timeOfDay, ZONE_SIGN, ZONE_WORD } from "./format.js";
import { hasZones, keyText, scaleEnd, valueText } from "./gauge_text.js";
import { Speaks } from "./words.js";

const SPANS = [[0.25, "15 min"], [1, "1 h"], [8, "8 h"], [24, "24 h"]]; // hours
const WIDTH = 1000;
const HEIGHT = 200;
const READ_EVERY_MS = 20_000;

export const GaugeHistory = {
  name: "GaugeHistory",
  mixins: [Speaks],
  props: { needles: Array, nowS: Number, may: Boolean, language: String },
  emits: ["close"],
  data: () => ({ SPANS, WIDTH, HEIGHT, hours: 1, key: null, readings: [], crossings: [], untilS: 0, problem: "" }),
  async mounted() {
    await this.readNow();
    // A service that has just begun has a quarter of an hour to show, at most.
    if (this.points[0].at_s > this.untilS - 900) this.hours = 0.25;
    this.again = setInterval(() => this.readNow(), READ_EVERY_MS);
  },
  beforeUnmount() {
    clearInterval(this.again);
  },
  computed: {
    needle() {
      return this.needles.find((needle) => needle.key === this.key) ?? this.needles[0];
    },
    title() {
      return this.say(this.needle.title);
    },
    points() {
      const marks = [...this.readings, ...this.crossings].sort((a, b) => a.at_s - b.at_s);
      return [...marks, { at_s: this.untilS, value: this.needle.value }];
    },
    top() {
      return Math.max(scaleEnd(this.needle), ...this.points.map((point) => 1.05 * point.value)) || 1;
    },
    line() {
      return this.points.map(({ at_s, value }, n) => (n ? `H${this.x(at_s)}V${this.y(value)}` : `M${this.x(at_s)} ${this.y(value)}`)).join("");
    },
    zones() {
      const { amber, red, worse } = this.needle;
      if (!hasZones(this.needle)) return [];
      const edges = worse === "low" ? [["red", 0, red], ["amber", red, amber]] : [["amber", amber, red], ["red", red, this.top]];
      return edges.map(([zone, from, to]) => ({ zone, y: this.y(to), height: Math.max(0, this.y(from) - this.y(to)) }));
    },
    limits() {
      if (!hasZones(this.needle)) return "";
      const say = (value) => valueText(value, this.needle.kind, this.needle.unit, this.language);
      const from = this.needle.worse === "low" ? "≤ " : "≥ ";
      return `${this.w("Amber")} ${from}${say(this.needle.amber)} · ${this.w("Red")} ${from}${say(this.needle.red)}`;
    },
    ticks() {
      const every = (this.hours * 3600) / 6;
      const first = Math.ceil((this.untilS - this.hours * 3600) / every) * every;
      return Array.from({ length: 6 }, (_, n) => first + n * every).map((atS) => ({ x: this.x(atS), text: timeOfDay(atS) }));
    },
    story() {
      return [...this.crossings].reverse().slice(0, 8).map((crossing) => ({
        ...crossing,
        time: timeOfDay(crossing.at_s),
        sign: ZONE_SIGN[crossing.zone],
        word: this.w(ZONE_WORD[crossing.zone]),
        shown: valueText(crossing.value, this.needle.kind, this.needle.unit, this.language),
      }));
    },
  },
  methods: {
    x(atS) {
      return Math.max(0, WIDTH * (1 - (this.untilS - atS) / (this.hours * 3600))).toFixed(1);
    },
    y(value) {
      return Number((HEIGHT - (HEIGHT * Math.max(0, value)) / this.top).toFixed(1));
    },
    name(needle) {
      return keyText(needle.per, needle.key, this.language);
    },
    shown(needle) {
      return valueText(needle.value, needle.kind, needle.unit, this.language);
    },
    sign(needle) {
      return hasZones(needle) ? ZONE_SIGN[needle.zone] : "";
    },
    show(key, hours) {
      this.key = key;
      this.hours = hours;
      this.readNow();
    },
    async readNow() {
      this.untilS = this.nowS;
      if (!this.may) return;
      const { gauge, key } = this.needle;
      const said = await read(`/api/v1/gauges/${id(gauge)}/history?key=${id(key)}&from_s=${this.untilS - this.hours * 3600}`);
      if (this.needle.key !== key) return;
      this.problem = said ? "" : this.w("The record cannot be read.");
      this.readings = said?.readings ?? [];
      this.crossings = said?.crossings ?? [];
    },
  },
  template: `
    <article class="gauge-history" :data-gauge="needle.gauge" :aria-label="title" @keydown.esc="$emit('close')">
      <header>
        <h3><bdi>{{ title }}</bdi></h3>
        <span class="faint number">{{ limits }}</span>
        <span class="hours" role="group" :aria-label="w('How far back')">
          <button v-for="[n, name] in SPANS" :key="n" type="button" class="quiet" :class="{ on: hours === n }" :aria-pressed="hours === n" @click="show(needle.key, n)">{{ w(name) }}</button></span>
        <button type="button" class="quiet close" :aria-label="w('Close')" @click="$emit('close')">✕</button>
      </header>
      <div v-if="needles.length > 1" class="keys" role="group" :aria-label="w('Whose needle')">
        <button v-for="one in needles.slice(0, 24)" :key="one.key" type="button" class="quiet" :class="['zone-' + one.zone, { on: one.key === needle.key }]"
                :aria-pressed="one.key === needle.key" @click="show(one.key, hours)"><i aria-hidden="true">{{ sign(one) }}</i> <bdi>{{ name(one) }}</bdi> <b class="number">{{ shown(one) }}</b></button>
      </div>
      <p v-if="problem" class="form-note">{{ problem }}</p>
      <div class="plot" dir="ltr">
        <svg :viewBox="'0 0 ' + WIDTH + ' ' + HEIGHT" preserveAspectRatio="none" role="img" :aria-label="title">
          <rect v-for="zone in zones" :key="zone.zone" :class="'zone-' + zone.zone" x="0" :y="zone.y" :width="WIDTH" :height="zone.height"/>
          <line v-for="tick in ticks" :key="tick.x" :x1="tick.x" :x2="tick.x" y1="0" :y2="HEIGHT" vector-effect="non-scaling-stroke"/>
          <path :d="line" vector-effect="non-scaling-stroke"/>
        </svg>
        <i v-for="(crossing, n) in crossings" :key="n" class="crossing" :class="'zone-' + crossing.zone" :title="crossing.zone"
           :style="{ left: x(crossing.at_s) / 10 + '%', top: y(crossing.value) / 2 + '%' }"></i>
        <span v-for="tick in ticks" :key="tick.text" class="tick number" :style="{ left: tick.x / 10 + '%' }">{{ tick.text }}</span>
      </div>
      <ol v-if="story.length" class="crossings"><li v-for="(one, n) in story" :key="n" :class="'zone-' + one.zone">
        <span class="number">{{ one.time }}</span> <i aria-hidden="true">{{ one.sign }}</i> {{ one.word }} <b class="number">{{ one.shown }}</b></li></ol>
    </article>`,
};
