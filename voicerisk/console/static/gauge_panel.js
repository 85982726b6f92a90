// The pilot's panel: one instrument for each gauge, those in trouble first, and one opened to its history.

import { read, id } from "./api.js";
import { GaugeHistory } from "./gauge_history.js";
import { GaugeTile } from "./gauge_tile.js";
import { instruments } from "./gauge_text.js";
import { Speaks } from "./words.js";

// A share says little without its number, and a number without its share.
const BESIDE = { unhappy_today: "unhappy_share", unhappy_share: "unhappy_today", abandon_rate: "abandoned", abandoned: "abandon_rate" };
const TILE_PX = 208;
const TRAIL_S = 3600;
const TRAIL_POINTS = 300;

export const GaugePanel = {
  name: "GaugePanel",
  components: { GaugeHistory, GaugeTile },
  mixins: [Speaks],
  // `may`: whether the visitor may read what the needles showed before now.
  props: { gauges: Array, order: Array, nowS: Number, wall: Boolean, may: Boolean, language: String },
  data: () => ({ opened: "", showsAll: false, fits: 7, trails: {} }),
  created() {
    this.wanted = [];
    this.asked = new Set();
  },
  mounted() {
    const measure = () => (this.fits = Math.max(2, Math.floor((this.$el.clientWidth - 24) / (this.wall ? 1.3 * TILE_PX : TILE_PX))));
    this.watcher = new ResizeObserver(measure);
    this.watcher.observe(this.$el);
    this.follow();
  },
  beforeUnmount() {
    this.watcher.disconnect();
  },
  computed: {
    groups() {
      return instruments(this.gauges, this.order);
    },
    scrolls() {
      return !this.wall && this.fits < 3; // a phone: all of them, beside each other
    },
    shown() {
      return this.showsAll || this.scrolls ? this.groups : this.groups.slice(0, this.fits);
    },
    opening() {
      return this.groups.find(([worst]) => worst.gauge === this.opened);
    },
  },
  watch: {
    gauges() {
      this.follow();
    },
  },
  methods: {
    besideOf({ gauge, key }) {
      return BESIDE[gauge] && this.gauges.find((needle) => needle.gauge === BESIDE[gauge] && needle.key === key);
    },
    trailOf(needle) {
      return this.trails[`${needle.gauge}|${needle.key}`];
    },
    follow() {
      for (const [worst] of this.groups) {
        const place = `${worst.gauge}|${worst.key}`;
        const trail = this.trails[place] ?? [];
        const last = trail.at(-1);
        if (!last || last[1] !== worst.value) this.trails[place] = [...trail, [this.nowS, worst.value]].slice(-TRAIL_POINTS);
        if (this.may && !this.asked.has(place)) {
          this.asked.add(place);
          this.wanted.push(worst);
        }
      }
      if (!this.reading) this.readPast();
    },
    async readPast() {
      this.reading = true;
      for (let needle = this.wanted.shift(); needle; needle = this.wanted.shift()) {
        const fromS = this.nowS - TRAIL_S;
        const said = await read(`/api/v1/gauges/${id(needle.gauge)}/history?key=${id(needle.key)}&from_s=${fromS}`);
        if (!said) continue;
        const place = `${needle.gauge}|${needle.key}`;
        const points = [...said.readings, ...said.crossings].map((point) => [point.at_s, point.value]);
        this.trails[place] = [...points.sort((a, b) => a[0] - b[0]), ...(this.trails[place] ?? [])].slice(-TRAIL_POINTS);
      }
      this.reading = false;
    },
    open(gauge) {
      this.opened = this.opened === gauge ? "" : gauge;
    },
  },
  template: `
    <section class="panel" :class="{ wall, scrolls }" :aria-label="w('Gauges')">
      <div class="gauges" :style="{ '--fits': fits }">
        <gauge-tile v-for="needles in shown" :key="needles[0].gauge" :needles="needles" :trail="trailOf(needles[0])" :beside="besideOf(needles[0])" :now-s="nowS"
          :open="opened === needles[0].gauge" :wall="wall" :language="language" @open="open"/>
      </div>
      <button v-if="!wall && !scrolls && groups.length > fits" type="button" class="quiet all-gauges" :aria-expanded="showsAll" @click="showsAll = !showsAll">
        {{ showsAll ? w("Only the worst gauges") : w("All gauges") + " (" + groups.length + ")" }}</button>
      <gauge-history v-if="opening" :key="opened" :needles="opening" :now-s="nowS" :may="may" :language="language" @close="opened = ''"/>
    </section>`,
};
