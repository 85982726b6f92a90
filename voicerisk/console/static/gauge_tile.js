// One instrument of the panel: a dial with its zones, the worst needle's value, where it came from, and how old it is.

import { ZONE_SIGN, ZONE_WORD } from "./format.js";
import { ageText, bands, hasZones, keyText, scaleEnd, valueParts, valueText } from "./gauge_text.js";
import { Speaks } from "./words.js";

const ARC = "M10 58A50 50 0 0 1 110 58";

export const GaugeTile = {
  name: "GaugeTile",
  mixins: [Speaks],
  // `needles` are those of one gauge, the worst first; `beside` is the same counted otherwise: the number to a share.
  // `trail` are [epoch second, value] of the worst.
  props: { needles: Array, beside: Object, trail: Array, nowS: Number, open: Boolean, wall: Boolean, language: String },
  emits: ["open"],
  data: () => ({ ARC }),
  computed: {
    worst() {
      return this.needles[0];
    },
    title() {
      return this.say(this.worst.title);
    },
    parts() {
      return valueParts(this.worst.value, this.worst.kind, this.worst.unit, this.language);
    },
    besideText() {
      return this.beside ? valueText(this.beside.value, this.beside.kind, this.beside.unit, this.language) : "";
    },
    zone() {
      return hasZones(this.worst) ? this.worst.zone : "none";
    },
    sign() {
      return this.stale ? "⚠" : (ZONE_SIGN[this.zone] ?? "○");
    },
    zoneWord() {
      return this.stale ? this.w("Stale") : this.zone === "none" ? "" : this.w(ZONE_WORD[this.zone]);
    },
    stale() {
      return this.worst.stale;
    },
    end() {
      return scaleEnd(this.worst);
    },
    bands() {
      return bands(this.worst, this.end).map(([from, to, zone]) => ({
        zone,
        dash: `${(100 * Math.max(0, to - from - 0.008)).toFixed(2)} 200`,
        offset: (-100 * from).toFixed(2),
      }));
    },
    turn() {
      return `rotate(${(180 * Math.max(0, Math.min(1, this.worst.value / this.end)) - 90).toFixed(1)}deg)`;
    },
    spark() {
      return sparkPath(this.trail, this.nowS, this.end);
    },
    age() {
      return ageText(this.nowS - this.worst.at_s, this.language);
    },
    key() {
      return keyText(this.worst.per, this.worst.key, this.language);
    },
    others() {
      return this.needles.slice(1, 4).map((needle) => ({
        key: needle.key,
        name: keyText(needle.per, needle.key, this.language),
        value: valueText(needle.value, needle.kind, needle.unit, this.language),
        zone: hasZones(needle) ? needle.zone : "none",
        sign: hasZones(needle) ? ZONE_SIGN[needle.zone] : "",
      }));
    },
    nMore() {
      return this.needles.length - 1 - this.others.length;
    },
    spoken() {
      return `${this.title}: ${this.parts.join(" ")}, ${this.key}, ${this.zoneWord}`;
    },
  },
  template: `
    <component :is="wall ? 'div' : 'button'" :type="wall ? null : 'button'" class="gauge" :class="['zone-' + zone, { stale, open }]"
               :data-gauge="worst.gauge" :data-zone="zone" :aria-label="wall ? null : spoken" :aria-expanded="wall ? null : open"
               @click="wall || $emit('open', worst.gauge)">
      <bdi class="gauge-title">{{ title }}</bdi>
      <bdi class="gauge-key">{{ key }}</bdi>
      <span class="gauge-main">
        <svg class="dial" viewBox="0 0 120 64" aria-hidden="true">
          <path v-for="band in bands" :key="band.zone" :class="'band zone-' + band.zone" :d="ARC" pathLength="100"
                :stroke-dasharray="band.dash" :stroke-dashoffset="band.offset"/>
          <g class="needle" :style="{ transform: turn }"><path d="M60 18L63 56H57Z"/></g><circle cx="60" cy="58" r="4.5"/>
        </svg>
        <span class="gauge-value"><b class="number">{{ parts[0] }}</b><small>{{ parts[1] }}</small><span v-if="besideText" class="beside number">{{ besideText }}</span></span>
      </span>
      <span class="gauge-trend"><span class="gauge-zone"><i aria-hidden="true">{{ sign }}</i> {{ zoneWord }}</span><svg viewBox="0 0 200 24" preserveAspectRatio="none" aria-hidden="true">
        <path :d="spark" vector-effect="non-scaling-stroke"/></svg><span class="gauge-age number" :title="w('since the value was renewed')">{{ age }}</span></span>
      <span class="gauge-others"><span v-for="other in others" :key="other.key" :class="'zone-' + other.zone">
        <i v-if="other.sign" aria-hidden="true">{{ other.sign }}</i> <bdi>{{ other.name }}</bdi> <b class="number">{{ other.value }}</b></span>
        <span v-if="nMore > 0">+{{ nMore }}</span></span>
    </component>`,
};

// The trail in a box of 200 x 24: at least two minutes wide, at most an hour, held until the next value.
function sparkPath(trail, nowS, end) {
  if (!trail?.length) return "";
  const span = Math.max(120, Math.min(3600, nowS - trail[0][0]));
  const top = Math.max(end, ...trail.map(([, value]) => value)) || 1;
  const x = (atS) => Math.max(0, 200 * (1 - (nowS - atS) / span)).toFixed(1);
  const y = (value) => (23 - 22 * Math.max(0, value / top)).toFixed(1);
  const steps = trail.map(([atS, value], n) => (n ? `H${x(atS)}V${y(value)}` : `M${x(atS)} ${y(value)}`));
  return `${steps.join("")}H200`;
}
