// One thing to do: what, for whom, by when, whose it is; to take, and to close with what came of it.

import { id, post } from "./api.js";
import { clock, timeOfDay } from "./format.js";
import { shortHash } from "./gauge_text.js";
import { Speaks } from "./words.js";

export const TaskRow = {
  name: "TaskRow",
  mixins: [Speaks],
  props: { task: Object, person: String, acts: Boolean, nowS: Number, language: String },
  emits: ["changed"],
  data: () => ({ closing: false, note: "", busy: false, words: "" }),
  computed: {
    about() {
      const { queue, customer, incident, call_id: call } = this.task;
      return [queue, customer && `${this.w("Customer")} ${shortHash(customer)}`, incident && `${this.w("Incident")} ${incident}`, call && `${this.w("call")} ${call}`].filter(Boolean);
    },
    mine() {
      return this.task.person === this.person;
    },
    due() {
      const { due_at_s: dueS } = this.task;
      if (dueS == null) return "";
      const left = dueS - this.nowS;
      if (left < 0) return `${this.w("late")} ${clock(-left)}`;
      return left < 3600 ? `${this.w("due")} ${timeOfDay(dueS)} (${clock(left)})` : `${this.w("due")} ${this.dayOf(dueS)}${timeOfDay(dueS)}`;
    },
    urgency() {
      if (this.task.overdue) return "red";
      return this.task.due_at_s !== null && this.task.due_at_s - this.nowS < 900 ? "amber" : "none";
    },
    sign() {
      return { red: "▲", amber: "◆", none: "" }[this.urgency];
    },
  },
  methods: {
    dayOf(atS) {
      const day = new Date(1000 * atS);
      if (day.toDateString() === new Date(1000 * this.nowS).toDateString()) return "";
      return `${day.toLocaleDateString(this.language, { weekday: "short", day: "numeric" })} `;
    },
    async act(deed) {
      this.busy = true;
      const { ok, words, said } = await post(`/api/v1/tasks/${id(this.task.id)}/${deed}`, { note: this.note });
      this.busy = false;
      this.words = words;
      if (ok) this.$emit("changed", said.tasks);
    },
    ask() {
      this.closing = !this.closing;
      if (this.closing) this.$nextTick(() => this.$el.querySelector("textarea")?.focus());
    },
  },
  template: `
    <li class="todo" :class="['zone-' + urgency, { mine }]" :data-task="task.id" :data-kind="task.kind">
      <span class="task-what"><bdi class="task-title">{{ say(task.title) }}</bdi>
        <span class="call-parts"><span class="kind">{{ w(task.kind) }}</span><bdi v-for="one in about" :key="one">{{ one }}</bdi></span></span>
      <span class="task-due number"><i v-if="sign" aria-hidden="true">{{ sign }}</i> {{ due }}</span>
      <span class="task-whose"><strong v-if="task.person"><bdi>{{ task.person }}</bdi></strong><span v-else class="nobody">{{ w("nobody's yet") }}</span>
        <small class="faint"> {{ w("of") }} <bdi>{{ task.owner }}</bdi></small></span>
      <span v-if="acts" class="task-acts">
        <button v-if="!mine" type="button" class="take" :class="{ primary: !task.person, quiet: task.person }" :disabled="busy" @click="act('take')">{{ w("Take") }}</button>
        <button type="button" class="close" :class="{ primary: mine, quiet: !mine }" :disabled="busy" :aria-expanded="closing" @click="ask">{{ w("Close…") }}</button></span>
      <form v-if="closing" class="step-note" @submit.prevent="act('close')">
        <textarea v-model="note" rows="2" maxlength="2000" dir="auto" :placeholder="w('What came of it?')" :aria-label="w('What came of it?')"></textarea>
        <button class="primary" :disabled="busy || !note.trim()">{{ w("Save") }}</button></form>
      <span v-if="words" class="form-note" role="alert">{{ words }}</span>
    </li>`,
};
