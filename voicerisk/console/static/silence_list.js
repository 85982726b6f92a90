// The silences in force: what they keep quiet, until when, who wanted it and why; and the button that ends one.

import { id, send } from "./api.js";
import { clock, timeOfDay } from "./format.js";
import { Speaks } from "./words.js";

export const SilenceList = {
  name: "SilenceList",
  mixins: [Speaks],
  props: { silences: Array, acts: Boolean, nowS: Number, language: String },
  emits: ["changed"],
  data: () => ({ words: "" }),
  methods: {
    matched(silence) {
      return silence.matchers.map(({ label, values, negated }) => `${label} ${negated ? "≠" : "="} ${values.join(", ")}`).join(" · ");
    },
    until(silence) {
      return `${timeOfDay(silence.until_s)} (${clock(silence.until_s - this.nowS)})`;
    },
    async end(silence) {
      const { ok, words, said } = await send("DELETE", `/api/v1/silences/${id(silence.id)}`);
      this.words = words;
      if (ok) this.$emit("changed", said.silences);
    },
  },
  template: `
    <section :aria-label="w('Silences')" data-list="silences">
      <h2>{{ w("Silences") }} <span class="number">{{ silences.length }}</span></h2>
      <p v-if="!silences.length" class="empty">{{ w("No silence is in force.") }}</p>
      <ul class="items">
        <li v-for="silence in silences" :key="silence.id">
          <span><bdi class="task-title">{{ silence.why }}</bdi> <small class="faint"><bdi>{{ matched(silence) }}</bdi></small></span>
          <span class="task-due number">{{ w("until") }} {{ until(silence) }}</span>
          <span class="task-whose"><strong><bdi>{{ silence.person }}</bdi></strong>
            <button v-if="acts" type="button" class="quiet end-silence" @click="end(silence)">{{ w("End") }}</button></span>
        </li>
      </ul>
      <p v-if="words" class="form-note" role="alert">{{ words }}</p>
    </section>`,
};
