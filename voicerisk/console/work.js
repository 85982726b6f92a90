// What is left to do: tasks, promises, incidents, known faults, silences, and who is on duty.

import { read } from "/console/static/api.js";
import { FeedClient } from "/console/static/feed.js";
import { Faults } from "/console/static/faults.js";
import { ItemList } from "/console/static/item_list.js";
import { SilenceList } from "/console/static/silence_list.js";
import { TaskRow } from "/console/static/task_row.js";
import { KEPT, RIGHT_TO_LEFT, Speaks } from "/console/static/words.js";

const READ_AT_MOST_EVERY_MS = 500;
const HEARD = ["work", "quiet", "run.changed", "alert.opened", "snapshot"];

export default {
  components: { Faults, ItemList, SilenceList, TaskRow },
  mixins: [Speaks],
  props: { person: String, may: Array },
  data: () => ({
    link: "connecting",
    tasks: [],
    promises: [],
    incidents: [],
    outages: [],
    silences: [],
    duty: {},
    filter: "all",
    names: {},
    nowS: Date.now() / 1000,
    language: localStorage.getItem(KEPT) || "en",
  }),
  mounted() {
    this.feed = new FeedClient(
      (event) => this.hear(event),
      (state) => (this.link = state),
    );
    this.ticker = setInterval(() => (this.nowS = Date.now() / 1000), 1000);
  },
  beforeUnmount() {
    this.feed.close();
    clearInterval(this.ticker);
  },
  computed: {
    supervises() {
      return this.may.includes("supervise");
    },
    direction() {
      return RIGHT_TO_LEFT.includes(this.language) ? "rtl" : "ltr";
    },
    filters() {
      const of = { all: () => true, mine: (task) => task.person === this.person, unowned: (task) => !task.person, overdue: (task) => task.overdue, feedback: (task) => task.kind === "feedback" };
      const names = { all: "All", mine: "Mine", unowned: "Unowned", overdue: "Overdue", feedback: "Feedback" };
      return Object.keys(of).map((key) => ({ key, name: this.w(names[key]), tasks: this.tasks.filter(of[key]) }));
    },
    shown() {
      const tasks = [...this.filters.find(({ key }) => key === this.filter).tasks];
      return tasks.sort((a, b) => b.overdue - a.overdue || (a.due_at_s ?? 1e12) - (b.due_at_s ?? 1e12) || a.opened_at_s - b.opened_at_s);
    },
  },
  methods: {
    hear(event) {
      if (event.type === "snapshot") this.names = event.gauge_names ?? {};
      if (HEARD.includes(event.type) && !this.waiting) this.waiting = setTimeout(() => this.readAll(), event.type === "snapshot" ? 0 : READ_AT_MOST_EVERY_MS);
    },
    async readAll() {
      this.waiting = null;
      const paths = ["tasks", "promises", "incidents", "outages", "silences", "schedule"];
      const said = await Promise.all(paths.map((path) => read(`/api/v1/${path}`)));
      paths.slice(0, 5).forEach((path, n) => said[n] && (this[path] = said[n][path]));
      if (said[5]) this.duty = said[5].on_duty;
    },
    speak(language) {
      this.language = language;
      localStorage.setItem(KEPT, language);
    },
  },
  template: `
    <div class="desk work" :data-link="link" :dir="direction" :lang="language">
      <section class="strip">
        <span><b class="number">{{ tasks.length }}</b> {{ w("To do") }}</span>
        <span v-if="filters[3].tasks.length" class="zone-red"><i aria-hidden="true">▲</i> <b class="number">{{ filters[3].tasks.length }}</b> {{ w("Overdue") }}</span>
        <span v-if="filters[2].tasks.length" class="zone-amber"><i aria-hidden="true">◆</i> <b class="number">{{ filters[2].tasks.length }}</b> {{ w("Unowned") }}</span>
        <span class="switches languages" role="group" aria-label="Language">
          <button v-for="[code, name] in [['en', 'EN'], ['he', 'עב']]" :key="code" type="button" class="quiet" :lang="code" :class="{ on: code === language }" :aria-pressed="code === language" @click="speak(code)">{{ name }}</button></span>
      </section>
      <div v-if="link === 'lost'" class="banner bad" role="alert">No connection to the server: what you see is old. Trying again…</div>
      <main>
        <section :aria-label="w('To do')">
          <h2>{{ w("To do") }}</h2>
          <div class="filters" role="group" :aria-label="w('To do')">
            <button v-for="one in filters" :key="one.key" type="button" class="quiet" :class="{ on: filter === one.key }" :aria-pressed="filter === one.key" :data-filter="one.key"
                    @click="filter = one.key">{{ one.name }} <span class="number">{{ one.tasks.length }}</span></button>
          </div>
          <p v-if="!shown.length" class="empty">{{ w("Nothing to do here.") }}</p>
          <ul class="tasks">
            <task-row v-for="task in shown" :key="task.id" :task="task" :person="person" :acts="supervises" :now-s="nowS" :language="language" @changed="tasks = $event"/>
          </ul>
        </section>
        <div class="side">
          <faults :outages="outages" :acts="supervises" :now-s="nowS" :language="language" @changed="outages = $event"/>
          <item-list kind="promises" :items="promises" :now-s="nowS" :language="language"/>
          <item-list kind="incidents" :items="incidents" :now-s="nowS" :language="language" :acts="supervises" @changed="readAll"/>
          <silence-list :silences="silences" :acts="supervises" :now-s="nowS" :language="language" @changed="silences = $event"/>
          <section :aria-label="w('On duty')"><h2>{{ w("On duty") }}</h2>
            <dl class="duty"><template v-for="(people, role) in duty" :key="role"><dt><bdi>{{ role }}</bdi></dt>
              <dd><bdi v-for="one in people" :key="one">{{ one }}</bdi><span v-if="!people.length || people[0] === role" class="faint">{{ w("nobody by the roster") }}</span></dd></template></dl></section>
        </div>
      </main>
    </div>`,
};
