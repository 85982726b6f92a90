// A reviewer's finding: right, wrong, unsure, or missed; about a process, never about a person.

import { post } from "./api.js";
import { Speaks } from "./words.js";

const OF_ALERT = [["right", "Right", "✓"], ["wrong", "Wrong", "✕"], ["unsure", "Unsure", "?"]];
const OF_CALL = [["right", "Rightly none", "✓"], ["missed", "Missed", "!"], ["unsure", "Unsure", "?"]];

export const MarkForm = {
  name: "MarkForm",
  mixins: [Speaks],
  // With `missed` about any call that had no alert, with `pick` about that call, which had none; else about `alert`.
  props: { alert: Object, missed: Boolean, pick: Boolean, language: String },
  emits: ["marked"],
  data: () => ({ verdict: "", call: "", topic: "", note: "", busy: false, words: "", did: false }),
  computed: {
    verdicts() {
      return this.pick ? OF_CALL : OF_ALERT;
    },
    about() {
      if (this.missed) return { verdict: "missed", call: this.call.trim() };
      return { verdict: this.verdict, alert: this.pick ? null : this.alert.id, call: this.alert.call };
    },
    ready() {
      return this.missed ? this.call.trim() !== "" : this.verdict !== "";
    },
  },
  methods: {
    async save() {
      this.busy = true;
      const { ok, words, said } = await post("/api/v1/marks", { ...this.about, topic: this.topic.trim(), note: this.note.trim() });
      this.busy = false;
      this.words = words;
      this.did = ok;
      if (!ok) return;
      Object.assign(this, { verdict: "", call: "", topic: "", note: "" });
      this.$emit("marked", said.mark);
    },
  },
  template: `
    <form class="mark-form" @submit.prevent="save">
      <div v-if="!missed" class="verdicts" role="group" :aria-label="w('The alert was')"><span>{{ w("The alert was") }}</span>
        <button v-for="[value, name, sign] in verdicts" :key="value" type="button" :class="['mark-' + value, { on: verdict === value }]" :aria-pressed="verdict === value" :data-verdict="value" @click="verdict = value"><i aria-hidden="true">{{ sign }}</i> {{ w(name) }}</button></div>
      <input v-else v-model="call" class="call-of" maxlength="256" dir="auto" :placeholder="w('Missed call\\'s id')" :aria-label="w('Missed call\\'s id')">
      <input v-model="topic" class="topic" maxlength="128" dir="auto" :placeholder="w('Topic') + ': ' + w('A process or a policy, never a person')" :aria-label="w('Topic')">
      <textarea v-model="note" rows="2" maxlength="2000" dir="auto" :placeholder="w('What was found?')" :aria-label="w('What was found?')"></textarea>
      <button class="primary save-mark" :disabled="busy || !ready">{{ w("Save") }}</button>
      <span v-if="words || did" class="form-note" :class="{ good: did }" role="status">{{ words || w("Saved: it sets tomorrow's threshold.") }}</span>
    </form>`,
};
