// The alerts of today that are over: what, which call, how it ended and by whom.

import { clock, timeOfDay } from "./format.js";
import { placeText } from "./gauge_text.js";
import { Speaks } from "./words.js";

const ENDS = {
  resolved_by_person: "closed",
  calmed_down: "the customer calmed down",
  call_ended: "the call ended",
  call_lost: "nothing was heard of the call any more",
  too_many: "gave way to newer alerts",
};

export const PastAlerts = {
  name: "PastAlerts",
  mixins: [Speaks],
  props: { alerts: Array, names: Object, language: String },
  data: () => ({ open: false }),
  computed: {
    rows() {
      return this.alerts.map((alert) => {
        const last = alert.history.at(-1);
        const taken = alert.acknowledged_by && alert.acknowledged_by !== alert.resolved_by;
        return {
          id: alert.id,
          time: timeOfDay(alert.opened_at_s),
          lasted: clock(alert.since_s - alert.opened_at_s),
          title: alert.title[this.language] || alert.title.en || Object.values(alert.title)[0] || "",
          severity: alert.severity,
          queue: placeText(alert, this.names ?? {}, this.language),
          call: alert.call,
          end: ENDS[last?.what] ?? last?.what ?? "",
          person: alert.resolved_by,
          taken: taken ? alert.acknowledged_by : "",
          nobody: !alert.resolved_by && !alert.acknowledged_by,
          note: last?.note ?? "",
        };
      });
    },
  },
  template: `
    <section class="past" aria-label="Alerts of today that are over">
      <button type="button" class="quiet past-toggle" :aria-expanded="open" @click="open = !open">
        <span aria-hidden="true">{{ open ? "▾" : "▸" }}</span> {{ w("Over today") }} <span class="number">{{ rows.length }}</span></button>
      <p v-if="open && !rows.length" class="empty">No alert of today is over.</p>
      <ol v-if="open">
        <li v-for="row in rows" :key="row.id" :class="'severity-' + row.severity" :data-alert="row.id">
          <span class="past-time number">{{ row.time }}<small> for {{ row.lasted }}</small></span>
          <span class="past-what"><bdi>{{ row.title }}</bdi> · <bdi>{{ row.queue }}</bdi>
            <bdi class="call-id" :title="row.call">{{ row.call }}</bdi></span>
          <span class="past-end">{{ row.end }}<template v-if="row.person"> by <strong><bdi>{{ row.person }}</bdi></strong></template><template
            v-if="row.taken">, taken by <strong><bdi>{{ row.taken }}</bdi></strong></template><template
            v-if="row.nobody">, nobody took it</template><q v-if="row.note"><bdi>{{ row.note }}</bdi></q></span>
        </li>
      </ol>
    </section>`,
};
