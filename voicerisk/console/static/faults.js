// Outage mode: one switch says that a fault is known, for a queue or for the whole site; its symptoms ring nobody.

import { post } from "./api.js";
import { ago } from "./format.js";
import { Speaks } from "./words.js";

export const Faults = {
  name: "Faults",
  mixins: [Speaks],
  props: { outages: Array, acts: Boolean, nowS: Number, language: String },
  emits: ["changed"],
  data: () => ({ why: "", queue: "", words: "", busy: false }),
  methods: {
    since(outage) {
      return ago(this.nowS - outage.since_s);
    },
    async act(on, queue, note) {
      this.busy = true;
      const { ok, words, said } = await post("/api/v1/outages", { on, queue: queue || null, note });
      this.busy = false;
      this.words = words;
      if (!ok) return;
      if (on) this.why = this.queue = "";
      this.$emit("changed", said.outages);
    },
  },
  template: `
    <section :aria-label="w('Outage mode')" data-list="outages" :class="{ alarmed: outages.length }">
      <h2>{{ w("Outage mode") }}</h2>
      <ul class="items">
        <li v-for="outage in outages" :key="outage.id" class="zone-red">
          <span><i aria-hidden="true">▲</i> <strong><bdi>{{ outage.queue || w("everywhere") }}</bdi></strong> <bdi>{{ outage.why }}</bdi> <small class="faint">{{ since(outage) }}<template v-if="outage.person"> · <bdi>{{ outage.person }}</bdi></template></small></span>
          <button v-if="acts" type="button" class="primary outage-off" :disabled="busy" @click="act(false, outage.queue, '')">{{ w("It is over") }}</button>
        </li>
      </ul>
      <p v-if="!outages.length" class="faint">{{ w("No known fault.") }}</p>
      <form v-if="acts" class="inline outage-form" @submit.prevent="act(true, queue.trim(), why.trim())">
        <input v-model="why" class="why" maxlength="2000" dir="auto" :placeholder="w('why')" :aria-label="w('why')">
        <input v-model="queue" class="where" maxlength="128" dir="auto" :placeholder="w('everywhere')" :aria-label="w('where')">
        <button class="outage-on" :disabled="busy || !why.trim()">{{ w("A fault begins") }}</button></form>
      <p v-if="words" class="form-note" role="alert">{{ words }}</p>
    </section>`,
};
