// What to do about an alert, step by step: how far each step has come, and what a person may do about it now.

import { id, post, read } from "./api.js";
import { clock, timeOfDay } from "./format.js";
import { RIGHT_TO_LEFT, Speaks } from "./words.js";

const RUNNABLE = ["notify", "do", "escalate", "task"];
const BY_HAND = ["waiting", "refused", "failed", "unmet"];
const SIGN = { pending: "○", waiting: "◐", doing: "◐", done: "✓", unmet: "!", skipped: "–", refused: "✕", failed: "✕" };
const WORD = { pending: "", waiting: "Now", doing: "Under way", done: "Done", unmet: "Time ran out", skipped: "Skipped", refused: "Held back", failed: "Failed" };
const TWICE = ["barge", "take_over"]; // whatever the switch's settings say
const SURE_MS = 5000;
const TOO_FAST_MS = 300; // a double click is no confirmation

export const Procedure = {
  name: "Procedure",
  mixins: [Speaks],
  props: { alert: Object, run: Object, actions: Object, offer: Object, nowS: Number, acts: Boolean, language: String },
  emits: ["language"],
  data: () => ({ found: null, asked: "", sure: "", words: "", wordsOn: null, writing: null, note: "" }),
  mounted() {
    if (!this.run) this.find();
  },
  beforeUnmount() {
    clearTimeout(this.forget);
  },
  computed: {
    work() {
      return this.run ?? this.found;
    },
    procedure() {
      return this.work?.procedure ?? this.alert.procedure;
    },
    direction() {
      return RIGHT_TO_LEFT.includes(this.language) ? "rtl" : "ltr";
    },
    languages() {
      return [...new Set(this.procedure.steps.flatMap((step) => Object.keys(step.text)))];
    },
    lastLine() {
      const last = {};
      for (const line of this.work?.log ?? []) if (line.step !== null && line.step !== undefined) last[line.step] = line;
      return last;
    },
    steps() {
      return this.procedure.steps.map((step, n) => this.shown(step, n));
    },
    progress() {
      if (!this.work) return "";
      const over = this.work.steps.filter((step) => ["done", "skipped", "unmet"].includes(step.state)).length;
      return `${over} / ${this.work.steps.length}`;
    },
  },
  methods: {
    shown(step, n) {
      const at = this.work?.steps[n];
      const state = at?.state ?? "pending";
      const line = this.lastLine[n];
      const running = this.work?.state !== "stopped" && this.work && this.acts;
      const open = BY_HAND.includes(state);
      return {
        n, step, state, open,
        sign: this.work ? SIGN[state] : "",
        word: this.work ? this.w(this.kindWord(step, state)) : "",
        left: at?.limit_at_s && ["waiting", "doing"].includes(state) ? this.left(at.limit_at_s) : "",
        why: ["refused", "failed"].includes(state) ? (line?.note ?? "") : "",
        time: line && state !== "pending" && !["waiting", "doing"].includes(state) ? timeOfDay(line.at_s) : "",
        by: line && ["done", "skipped"].includes(state) ? this.byWhom(line) : "",
        canRun: running && RUNNABLE.includes(step.kind) && (open || (state === "pending" && step.kind === "do")),
        canConfirm: running && (open || state === "doing") && step.kind !== "wait",
        canSkip: running && state !== "doing" && ["waiting", "refused", "failed"].includes(state),
        label: step.kind === "do" ? this.say(this.actions?.[step.action]?.title ?? {}) || this.w("Do it") : this.w("Do it"),
      };
    },
    kindWord(step, state) {
      if (state === "waiting" && step.kind === "wait") return "Waiting";
      return WORD[state];
    },
    byWhom(line) {
      return [line.person, ["confirmed", "skipped", "done"].includes(line.what) ? line.note : ""].filter(Boolean).join(" · ");
    },
    left(limitS) {
      const s = limitS - this.nowS;
      return s > 0 ? clock(s) : "0:00";
    },
    asksTwice(step) {
      if (step.kind !== "do") return false;
      const reach = this.actions?.[step.action]?.reach;
      return TWICE.includes(step.action) || reach === "customer" || !!this.offer?.confirm.includes(step.action);
    },
    sureWords(step) {
      return this.w(this.actions?.[step.action]?.reach === "customer" ? "Sure? It goes to customers" : "Sure? The customer will notice");
    },
    press({ n, step }) {
      if (this.asksTwice(step) && this.sure !== n) {
        this.sure = n;
        this.sureSince = performance.now();
        clearTimeout(this.forget);
        this.forget = setTimeout(() => (this.sure = ""), SURE_MS);
      } else if (this.sure !== n || performance.now() - this.sureSince > TOO_FAST_MS) {
        this.act(n, "run");
      }
    },
    confirm({ n, step }) {
      if (step.kind === "ask" || step.kind === "note") {
        this.writing = this.writing === n ? null : n;
        this.note = "";
        if (this.writing === n) this.$nextTick(() => this.$el.querySelector(".step-note textarea")?.focus());
      } else this.act(n, "confirm");
    },
    async act(n, deed, note = "") {
      this.sure = "";
      this.asked = n;
      this.words = "";
      const { ok, words, said } = await post(`/api/v1/procedures/runs/${id(this.work.id)}/steps/${n}/${deed}`, { note });
      this.asked = "";
      this.words = words;
      this.wordsOn = n;
      if (ok) this.writing = null;
      if (ok && !this.run) this.found = said.runs[0] ?? this.found;
    },
    async find() {
      const said = await read(`/api/v1/procedures/runs?alert=${id(this.alert.id)}`);
      this.found = said?.runs[0] ?? null;
    },
    languageName(code) {
      try {
        return new Intl.DisplayNames([code], { type: "language" }).of(code);
      } catch {
        return code;
      }
    },
  },
  template: `
    <section class="procedure" :dir="direction" :lang="language" :data-run="work?.state">
      <div class="procedure-head">
        <h4>{{ say(procedure.title) }} <span v-if="progress" class="faint number" dir="ltr">{{ progress }}</span></h4>
        <span v-if="languages.length > 1" class="languages" role="group" aria-label="Language of the procedure">
          <button type="button" v-for="code in languages" :key="code" :lang="code" :aria-pressed="code === language"
                  :class="{ on: code === language }" @click="$emit('language', code)">{{ languageName(code) }}</button>
        </span>
      </div>
      <ol>
        <li v-for="one in steps" :key="one.n" :class="[one.step.kind, 'step-' + one.state]" :data-step="one.n" :data-state="one.state"
            :aria-current="one.open ? 'step' : null">
          <span v-if="one.sign" class="step-sign" aria-hidden="true">{{ one.sign }}</span>
          <span class="step-text">{{ say(one.step.text) }}</span>
          <span v-if="one.word" class="step-state">{{ one.word }} <b v-if="one.left" class="number" dir="ltr">{{ one.left }}</b><small v-if="one.time" class="number" dir="ltr">{{ one.time }}</small></span>
          <bdi v-if="one.by" class="step-by">{{ one.by }}</bdi>
          <span v-if="one.why" class="step-why"><bdi>{{ one.why }}</bdi></span>
          <span v-if="one.canRun || one.canConfirm" class="step-acts">
            <button v-if="one.canRun" type="button" class="step-run" :class="{ primary: one.open, quiet: !one.open, sure: sure === one.n }" :disabled="asked !== ''"
                    @click="press(one)">{{ sure === one.n ? sureWords(one.step) : one.label }}</button>
            <button v-if="one.canConfirm" type="button" class="step-confirm" :class="{ primary: !one.canRun }" :disabled="asked !== ''" :aria-expanded="one.step.kind === 'ask' || one.step.kind === 'note' ? writing === one.n : null"
                    @click="confirm(one)">{{ w(one.step.kind === "ask" ? "Answer…" : one.step.kind === "note" ? "Write…" : "Already done") }}</button>
            <button v-if="one.canSkip" type="button" class="quiet step-skip" :disabled="asked !== ''" @click="act(one.n, 'skip')">{{ w("Skip") }}</button>
          </span>
          <form v-if="writing === one.n" class="step-note" @submit.prevent="act(one.n, 'confirm', note)">
            <textarea v-model="note" rows="2" maxlength="2000" dir="auto" :aria-label="w('A line for the record')" :placeholder="w('A line for the record')"></textarea>
            <button class="primary" :disabled="asked !== '' || (one.step.kind === 'note' && !note.trim())">{{ w("Save") }}</button>
          </form>
          <span v-if="words && wordsOn === one.n" class="step-why" role="alert">{{ words }}</span>
        </li>
      </ol>
    </section>`,
};
