// Promises that are due, or incidents that are open: what the centre owes to its customers.

import { id, post } from "./api.js";
import { clock, timeOfDay } from "./format.js";
import { ageText, shortHash, unitText } from "./gauge_text.js";
import { Speaks } from "./words.js";

const ROWS = 12;

export const ItemList = {
  name: "ItemList",
  mixins: [Speaks],
  props: { kind: String, items: Array, acts: Boolean, nowS: Number, language: String },
  emits: ["changed"],
  data: () => ({ showsAll: false, naming: null, to: "", words: "" }),
  computed: {
    title() {
      return this.w(this.kind === "promises" ? "Promises" : "Incidents");
    },
    none() {
      return this.w(this.kind === "promises" ? "No promise is open." : "No incident is open.");
    },
    rows() {
      const rows = this.showsAll ? this.items : this.items.slice(0, ROWS);
      return rows.map((item) => (this.kind === "promises" ? this.promise(item) : this.incident(item)));
    },
  },
  methods: {
    promise(item) {
      const left = item.due_at_s - this.nowS;
      const zone = left < 0 ? "red" : left < 900 ? "amber" : "none";
      const when = left < 0 ? `${this.w("late")} ${clock(-left)}` : `${this.w("due")} ${timeOfDay(item.due_at_s)}`;
      return { id: item.id, what: item.what || item.id, who: this.about(item), zone, when, person: null };
    },
    incident(item) {
      const zone = item.contacts >= 3 ? "red" : item.contacts >= 2 ? "amber" : "none";
      const when = `${item.contacts} ${unitText(item.contacts, "contacts", this.language)}`;
      return { id: item.id, what: item.id, who: this.about(item), zone, when, person: item.person, since: ageText(this.nowS - item.opened_at_s, this.language) };
    },
    about(item) {
      return [item.queue, item.customer && `${this.w("Customer")} ${shortHash(item.customer)}`].filter(Boolean).join(" · ");
    },
    sign(zone) {
      return { red: "▲", amber: "◆", none: "" }[zone];
    },
    async assign(incident) {
      const { ok, words } = await post(`/api/v1/incidents/${id(incident)}/assign`, { to: this.to.trim() });
      this.words = words;
      if (!ok) return;
      this.naming = null;
      this.to = "";
      this.$emit("changed");
    },
  },
  template: `
    <section :aria-label="title" :data-list="kind">
      <h2>{{ title }} <span class="number">{{ items.length }}</span></h2>
      <p v-if="!items.length" class="empty">{{ none }}</p>
      <ul class="items">
        <li v-for="row in rows" :key="row.id" :class="'zone-' + row.zone">
          <span><bdi class="task-title">{{ row.what }}</bdi> <small class="faint"><bdi>{{ row.who }}</bdi></small></span>
          <span class="task-due number"><i v-if="sign(row.zone)" aria-hidden="true">{{ sign(row.zone) }}</i> {{ row.when }}</span>
          <span v-if="kind === 'incidents'" class="task-whose"><strong v-if="row.person"><bdi>{{ row.person }}</bdi></strong><span v-else class="nobody">{{ w("Nobody answers for it yet") }}</span>
            <button v-if="acts" type="button" class="quiet" :aria-expanded="naming === row.id" @click="naming = naming === row.id ? null : row.id">{{ w("Give it to") }}…</button></span>
          <form v-if="naming === row.id" class="inline" @submit.prevent="assign(row.id)">
            <input v-model="to" maxlength="200" dir="auto" :placeholder="w('a name or a role')" :aria-label="w('Give it to')"> <button class="primary" :disabled="!to.trim()">{{ w("Assign") }}</button></form>
        </li>
      </ul>
      <button v-if="items.length > 12" type="button" class="quiet" @click="showsAll = !showsAll">{{ w(showsAll ? "Less" : "More") }}</button>
      <p v-if="words" class="form-note" role="alert">{{ words }}</p>
    </section>`,
};
