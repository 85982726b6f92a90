// What to listen to: flagged calls with their curve, recording and reasons, and a mark for each that sets tomorrow's threshold.

import { read } from "/console/static/api.js";
import { timeOfDay } from "/console/static/format.js";
import { placeText } from "/console/static/gauge_text.js";
import { MarkForm } from "/console/static/mark_form.js";
import { ReviewCase } from "/console/static/review_case.js";
import { KEPT, RIGHT_TO_LEFT, Speaks } from "/console/static/words.js";

const SIGN = { critical: "▲", warning: "◆", info: "●" };
const MARK_SIGN = { right: "✓", wrong: "✕", unsure: "?", missed: "!" };
const DAY_S = 86_400;
const WHY = { alerted: "it alerted", tense: "it was tense", repeat: "a repeated call", transferred: "it was transferred", bad_feedback: "bad feedback", uncovered: "nobody has listened to its queue lately", by_chance: "a calm one, by chance" };

export default {
  components: { MarkForm, ReviewCase },
  mixins: [Speaks],
  props: { person: String, may: Array },
  data: () => ({
    SIGN, MARK_SIGN,
    alerts: [], picks: [], marks: [], names: {}, chosen: null, days: 0, unmarkedOnly: false, loading: true, problem: "",
    language: localStorage.getItem(KEPT) || "en",
  }),
  mounted() {
    this.readAll();
  },
  computed: {
    direction() {
      return RIGHT_TO_LEFT.includes(this.language) ? "rtl" : "ltr";
    },
    markOf() {
      return new Map(this.marks.filter((mark) => mark.alert_id).map((mark) => [mark.alert_id, mark]));
    },
    rows() {
      const rows = this.alerts.map((alert) => ({
        id: alert.id, alert,
        title: this.say(alert.title),
        main: this.placeOf(alert),
        day: this.days ? new Date(1000 * alert.opened_at_s).toLocaleDateString(this.language, { weekday: "short", day: "numeric", month: "short" }) : "",
        time: timeOfDay(alert.opened_at_s),
        mark: this.markOf.get(alert.id),
      }));
      return this.unmarkedOnly ? rows.filter((row) => !row.mark) : rows;
    },
    todays() {
      const midnightS = new Date().setHours(0, 0, 0, 0) / 1000;
      return this.marks.filter((mark) => mark.at_s >= midnightS).reverse().map((mark) => ({ ...mark, time: timeOfDay(mark.at_s), sign: MARK_SIGN[mark.verdict] }));
    },
    // Calls of today that are worth a review and have no alert; shown as a case of their own.
    picked() {
      const flagged = new Set(this.alerts.map((alert) => alert.call));
      const marked = new Map(this.marks.map((mark) => [mark.call_id, mark]));
      return this.picks.filter((pick) => !flagged.has(pick.call)).map((pick) => ({
        id: `call:${pick.call}`, call: pick.call, key: pick.call, queue: pick.queue, severity: "info", title: { en: pick.queue || pick.call }, opened_at_s: pick.started_at_s,
        why: pick.why.map((why) => this.w(WHY[why] ?? why)).join(" · "), reasons: pick.why.map((why) => ({ code: why, text: this.w(WHY[why] ?? why) })), history: [], time: timeOfDay(pick.started_at_s), mark: marked.get(pick.call),
      }));
    },
    chosenAlert() {
      return [...this.alerts, ...this.picked].find((alert) => alert.id === this.chosen);
    },
    chosenMark() {
      return this.markOf.get(this.chosen) ?? this.chosenAlert?.mark;
    },
  },
  methods: {
    placeOf(alert) {
      return placeText(alert, this.names, this.language);
    },
    word4(verdict) {
      return this.w(verdict[0].toUpperCase() + verdict.slice(1));
    },
    async readAll() {
      const midnightS = new Date().setHours(0, 0, 0, 0) / 1000;
      const fromS = midnightS - this.days * DAY_S;
      const [over, open, marks, needles] = await Promise.all([
        read(`/api/v1/alerts?state=resolved&limit=500&after_s=${fromS}`),
        read(`/api/v1/alerts?limit=500&after_s=${fromS}`),
        read(`/api/v1/marks?from_s=${fromS}`),
        read("/api/v1/gauges"),
      ]);
      this.loading = false;
      this.problem = over && marks ? "" : this.w("The record cannot be read.");
      this.names = Object.fromEntries((needles?.gauges ?? []).map((needle) => [needle.gauge, needle]));
      const all = [...(open?.alerts ?? []), ...(over?.alerts ?? [])];
      this.alerts = all.sort((a, b) => Number(b.call != null) - Number(a.call != null) || b.opened_at_s - a.opened_at_s);
      this.marks = marks?.marks ?? [];
      // The day's picks take a while to choose where the day was long.
      read("/api/v1/review/picks").then((said) => (this.picks = said?.picks ?? []));
      if (!this.chosenAlert) this.chosen = this.alerts[0]?.id ?? null;
    },
    marked(mark) {
      this.marks = [...this.marks, mark];
    },
    show(days) {
      this.days = days;
      this.readAll();
    },
    choose(alertId) {
      this.chosen = alertId;
      // On a phone the case stands below the list.
      this.$nextTick(() => window.innerWidth < 900 && this.$refs.case?.scrollIntoView({ behavior: "smooth" }));
    },
    speak(language) {
      this.language = language;
      localStorage.setItem(KEPT, language);
    },
  },
  template: `
    <div class="desk review" data-link="live" :dir="direction" :lang="language">
      <section class="strip">
        <span class="filters" role="group" :aria-label="w('How far back')">
          <button v-for="[n, name] in [[0, 'Today'], [6, '7 days']]" :key="n" type="button" class="quiet" :class="{ on: days === n }" :aria-pressed="days === n" @click="show(n)">{{ w(name) }}</button></span>
        <label class="wide"><input type="checkbox" v-model="unmarkedOnly"> {{ w("Only not marked yet") }}</label>
        <span v-if="may.includes('report')" class="days-reports"><a v-for="[span, name] in [['day', 'Day report'], ['week', 'Week report']]" :key="span" class="quiet" target="_blank" rel="noopener" :href="'/api/v1/reports/' + span + '?format=html&language=' + (language === 'he' ? 'he' : 'en')">{{ w(name) }} ↗</a></span>
        <span class="switches languages" role="group" aria-label="Language">
          <button v-for="[code, name] in [['en', 'EN'], ['he', 'עב']]" :key="code" type="button" class="quiet" :lang="code" :class="{ on: code === language }" :aria-pressed="code === language" @click="speak(code)">{{ name }}</button></span>
      </section>
      <div v-if="problem" class="banner bad" role="alert">{{ problem }}</div>
      <main>
        <section class="flagged" :aria-label="w('Flagged calls')">
          <h2>{{ w("Flagged calls") }} <span class="number">{{ rows.length }}</span></h2>
          <p v-if="!rows.length" class="empty">{{ w(loading ? "Loading" : "No flagged call in this time.") }}</p>
          <ul><li v-for="row in rows" :key="row.id"><button type="button" class="case-row" :class="['severity-' + row.alert.severity, { on: row.id === chosen }]" :aria-current="row.id === chosen" :data-alert="row.id" @click="choose(row.id)">
            <span class="case-time number">{{ row.day }} {{ row.time }}</span>
            <span class="case-what"><i aria-hidden="true">{{ SIGN[row.alert.severity] }}</i> <bdi class="task-title">{{ row.title }}</bdi><small class="faint"><bdi>{{ row.main }}</bdi></small></span>
            <span class="case-mark" :class="row.mark ? 'mark-' + row.mark.verdict : ''">{{ row.mark ? MARK_SIGN[row.mark.verdict] + " " + word4(row.mark.verdict) : "" }}</span>
          </button></li></ul>
          <template v-if="picked.length"><h2 class="picks-head">{{ w("Worth listening to today") }} <span class="number">{{ picked.length }}</span></h2>
          <ul><li v-for="pick in picked" :key="pick.id"><button type="button" class="case-row severity-info" :class="{ on: pick.id === chosen }" :aria-current="pick.id === chosen" :data-pick="pick.call" @click="choose(pick.id)">
            <span class="case-time number">{{ pick.time }}</span>
            <span class="case-what"><bdi class="task-title">{{ pick.title.en }}</bdi><small class="faint"><bdi>{{ pick.why }}</bdi></small></span>
            <span class="case-mark" :class="pick.mark ? 'mark-' + pick.mark.verdict : ''">{{ pick.mark ? MARK_SIGN[pick.mark.verdict] + " " + word4(pick.mark.verdict) : "" }}</span>
          </button></li></ul></template>
        </section>
        <div class="case-side" ref="case">
          <review-case v-if="chosenAlert" :key="chosen" :alert="chosenAlert" :place="placeOf(chosenAlert)" :names="names" :mark="chosenMark" :may="may" :language="language" @marked="marked"/>
          <p v-else class="empty">{{ w("Choose a call to look at.") }}</p>
          <section :aria-label="w('A call was missed')"><h2>{{ w("A call was missed") }}</h2><mark-form missed :language="language" @marked="marked"/></section>
          <section :aria-label="w('Marked today')" data-list="marks"><h2>{{ w("Marked today") }} <span class="number">{{ todays.length }}</span></h2>
            <p v-if="!todays.length" class="empty">{{ w("Nothing is marked yet today.") }}</p>
            <ul class="items"><li v-for="(mark, n) in todays" :key="n"><span><b :class="'mark-' + mark.verdict">{{ mark.sign }} {{ word4(mark.verdict) }}</b> <bdi class="task-title">{{ mark.topic }}</bdi> <bdi>{{ mark.note }}</bdi>
              <small class="faint"><bdi>{{ mark.call_id || mark.alert_id }}</bdi></small></span><span class="faint number">{{ mark.time }} · <bdi>{{ mark.person }}</bdi></span></li></ul></section>
        </div>
      </main>
    </div>`,
};
