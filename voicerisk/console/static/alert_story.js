// The life of an alert in plain words: what happened when, who was told, and why nobody was where nobody was.

import { timeOfDay } from "./format.js";
import { Speaks } from "./words.js";

// By the step's name; {person} and {to} are put in.
const SAID = {
  opened: "It opened",
  reopened: "The cause came back after it was closed",
  hush_over: "What kept it quiet is over",
  escalated: "Nobody took it in time: the next is told",
  repeated: "Still nobody has taken it",
  assigned: "It was given to somebody",
  procedure_step: "A step of the procedure",
  held_back: "It was time to tell somebody again",
  noted: "A note",
  crossed_again: "The cause came back; the card is on the screen already",
  crossed_again_in_hand: "The cause came back; somebody has it in hand",
  acknowledged: "Taken",
  taken_over: "Taken over",
  resolved_by_person: "Closed",
  calmed_down: "It calmed down by itself",
  call_ended: "The call ended",
  call_lost: "Nothing is heard of the call any more",
  too_many: "Given up: too many alerts",
};
const HUSHED = {
  silenced: "Nobody was told: a silence is in force",
  inhibited: "Nobody was told: another alert explains it",
  outage: "Nobody was told: it is a symptom of a known fault",
  grouped: "Nobody was told: another alert of its group rang for all",
};

export const hushWords = (hushed) => HUSHED[hushed] ?? "Nobody was told";

export const AlertStory = {
  name: "AlertStory",
  mixins: [Speaks],
  props: { alert: Object, silences: Array, outages: Array, language: String },
  computed: {
    lines() {
      return [...this.alert.history].reverse().map((entry, n) => ({
        n,
        time: timeOfDay(entry.at_s),
        what: this.w(SAID[entry.what] ?? entry.what),
        person: entry.person,
        note: entry.note,
        told: entry.notify ? entry.to : [],
        hush: entry.hushed ? this.w(hushWords(entry.hushed)) : "",
        by: entry.by ? this.owedTo(entry.by) : "",
      }));
    },
  },
  methods: {
    owedTo(by) {
      const silence = this.silences.find((one) => one.id === by);
      if (silence) return `${silence.person}: ${silence.why}`;
      return this.outages.find((one) => one.id === by)?.why || by;
    },
  },
  template: `
    <ol class="story" :aria-label="w('Who was told, and why')">
      <li v-for="line in lines" :key="line.n">
        <span class="number faint">{{ line.time }}</span>
        <span>{{ line.what }}<template v-if="line.person"> · <strong><bdi>{{ line.person }}</bdi></strong></template>
          <span v-if="line.told.length" class="told">{{ w("told") }}: <bdi v-for="to in line.told" :key="to">{{ to }}</bdi></span>
          <span v-if="line.hush" class="hush">{{ line.hush }}<bdi v-if="line.by"> ({{ line.by }})</bdi></span>
          <q v-if="line.note"><bdi>{{ line.note }}</bdi></q></span>
      </li>
    </ol>`,
};
