// What a needle shows, in words: its value with the unit, whose needle it is, how old it is.

import { clock, who } from "./format.js";
import { word } from "./words.js";

const ZONES = { red: 0, amber: 1, green: 2 };

// The value and its unit apart, so that the figure can be large and the unit small.
export function valueParts(value, kind, unit, language) {
  if (unit === "s") return durationParts(value, language);
  if (unit === "" && kind === "ratio") return [trimmed(100 * value, 1), "%"];
  const figure = trimmed(value, kind === "count" ? 0 : 2);
  return [figure, unitText(figure, unit, language)];
}

export function valueText(value, kind, unit, language) {
  const [figure, of] = valueParts(value, kind, unit, language);
  return of === "%" ? `${figure}%` : `${figure} ${of}`.trimEnd();
}

// "calls", but "1 call".
export function unitText(figure, unit, language) {
  return word(language, String(figure) === "1" && unit.endsWith("s") ? unit.slice(0, -1) : unit);
}

function durationParts(seconds, language) {
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (s > 0 && s < 1) return [sign + Math.round(1000 * s), word(language, "ms")];
  if (s < 120) return [sign + Math.floor(s), word(language, "s")];
  if (s < 3600) return [sign + clock(s), word(language, "min")];
  if (s < 172800) return [sign + clock(60 * Math.floor(s / 60)).replace(/:00$/, ""), word(language, "h")];
  return [sign + Math.floor(s / 86400), word(language, "days")];
}

function trimmed(value, digits) {
  const shown = value.toFixed(value >= 100 ? 0 : digits);
  return shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown;
}

// Whose needle it is, as a person says it.
export function keyText(per, key, language) {
  if (per === "site") return word(language, "Whole site");
  if (per === "customer") return `${word(language, "Customer")} ${shortHash(key)}`;
  if (per === "hour") return `${key}:00`;
  if (per === "incident") return `${word(language, "Incident")} ${key}`;
  if (per === "reason") return `${word(language, "Reason")}: ${key}`;
  return key;
}

// What an alert is about: its call's queue, or else the customer, the queue, the site ... whose needle it was.
export function placeText(alert, names, language) {
  const per = names[alert.gauge]?.per ?? "call";
  return per === "call" ? who({ ...alert, id: alert.call }).main : keyText(per, alert.key, language);
}

export function shortHash(customer) {
  return customer.replace(/^h:([0-9a-z]{1,8}:)?/, "").slice(0, 8);
}

export function ageText(seconds, language) {
  if (seconds < 3) return word(language, "now");
  if (seconds < 100) return `${Math.floor(seconds)} ${word(language, "s")}`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} ${word(language, "min")}`;
  return `${Math.round(seconds / 3600)} ${word(language, "h")}`;
}

export function hasZones(needle) {
  return needle.red !== null && needle.red !== undefined;
}

// The worse needle first: by zone, then by how far it has gone.
export function byBadness(a, b) {
  const sign = a.worse === "low" ? -1 : 1;
  return ZONES[a.zone] - ZONES[b.zone] || sign * (b.value - a.value) || (a.key < b.key ? -1 : 1);
}

// One instrument for each gauge, its worst needle first; the instruments in trouble lead, the others keep their places.
export function instruments(needles, order) {
  const groups = new Map();
  for (const needle of needles) {
    if (!groups.has(needle.gauge)) groups.set(needle.gauge, []);
    groups.get(needle.gauge).push(needle);
  }
  const place = new Map(order.map((name, n) => [name, n]));
  const rank = ([worst]) => (hasZones(worst) ? ZONES[worst.zone] : 3);
  return [...groups.values()]
    .map((group) => group.sort(byBadness))
    .sort((a, b) => rank(a) - rank(b) || (place.get(a[0].gauge) ?? 99) - (place.get(b[0].gauge) ?? 99));
}

// The end of the scale: red takes its share of it, and a needle beyond stands at the stop.
export function scaleEnd(needle) {
  if (!hasZones(needle)) return Math.max(1, 2 * Math.abs(needle.value));
  return needle.worse === "low" ? Math.max(2.5 * needle.amber, 1.2 * needle.red) : 1.6 * Math.max(needle.red, needle.amber) || 1;
}

// [from, to, zone] of each band, as shares of the scale.
export function bands(needle, end) {
  if (!hasZones(needle)) return [[0, 1, "none"]];
  const amber = Math.max(0, Math.min(1, needle.amber / end));
  const red = Math.max(0, Math.min(1, needle.red / end));
  if (needle.worse === "low") return [[0, red, "red"], [red, amber, "amber"], [amber, 1, "green"]];
  return [[0, amber, "green"], [amber, red, "amber"], [red, 1, "red"]];
}
