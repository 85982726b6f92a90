// What else a person may do about an alert: give it to somebody, write a note, keep it quiet for a while.

import { id, post } from "./api.js";
import { keyText } from "./gauge_text.js";
import { Speaks } from "./words.js";

const SPANS = [["15 min", 900], ["1 h", 3600], ["till midnight", null]];

export const AlertDeeds = {
  name: "AlertDeeds",
  mixins: [Speaks],
  props: { alert: Object, per: String, nowS: Number, language: String },
  emits: ["done"],
  data: () => ({ SPANS, to: "", note: "", why: "", wide: false, busy: false, words: "", did: "" }),
  computed: {
    here() {
      const { alert, per } = this;
      if (per === "site") return null;
      return ["queue", "customer", "incident", "call"].map((label) => [label, alert[label]]).find(([label, value]) => label === per && value) ?? null;
    },
    hereName() {
      return this.here ? keyText(...this.here, this.language) : "";
    },
  },
  methods: {
    async act(url, body, did) {
      this.busy = true;
      const { ok, words } = await post(url, body);
      this.busy = false;
      this.words = words;
      this.did = ok ? did : "";
      if (ok) this.$emit("done");
      return ok;
    },
    async assign() {
      if (await this.act(`/api/v1/alerts/${id(this.alert.id)}/assign`, { to: this.to.trim() }, "Given, and told so.")) this.to = "";
    },
    async write() {
      if (await this.act(`/api/v1/alerts/${id(this.alert.id)}/notes`, { note: this.note }, "Written down.")) this.note = "";
    },
    async silence(seconds) {
      const rule = { label: "rule", values: [this.alert.rule] };
      const place = this.here && !this.wide ? [{ label: this.here[0], values: [this.here[1]] }] : [];
      const forS = seconds ?? (new Date(1000 * this.nowS).setHours(24, 0, 0, 0) / 1000 - this.nowS);
      const body = { matchers: [rule, ...place], for_s: Math.max(60, forS), why: this.why.trim() };
      if (await this.act("/api/v1/silences", body, "It is quiet now; it stays on the screen.")) this.why = "";
    },
  },
  template: `
    <div class="deeds">
      <form @submit.prevent="assign">
        <label>{{ w("Give it to") }} <input v-model="to" maxlength="200" dir="auto" :placeholder="w('a name or a role')"></label>
        <button class="assign" :disabled="busy || !to.trim()">{{ w("Assign") }}</button>
      </form>
      <form @submit.prevent="write">
        <label>{{ w("Note") }} <input v-model="note" maxlength="2000" dir="auto" :placeholder="w('A line for the record')"></label>
        <button class="note" :disabled="busy || !note.trim()">{{ w("Save") }}</button>
      </form>
      <form class="silence" @submit.prevent>
        <label>{{ w("Keep it quiet, because") }} <input v-model="why" maxlength="2000" dir="auto" :placeholder="w('why')"></label>
        <span class="spans"><button v-for="[name, seconds] in SPANS" :key="name" type="button" :disabled="busy || !why.trim()" @click="silence(seconds)">{{ w(name) }}</button></span>
        <label v-if="here" class="wide"><input type="checkbox" v-model="wide"> {{ w("everywhere, not only") }} <bdi>{{ hereName }}</bdi></label>
      </form>
      <span v-if="words || did" class="form-note" :class="{ good: did }" role="status">{{ words || w(did) }}</span>
    </div>`,
};
