// A supervisor on the call by telephone: listen, whisper, barge in, take over, leave. The switch itself does it.

const MODES = [
  ["listen", "Listen by phone", "Your phone rings; nobody hears you"],
  ["whisper", "Whisper", "The agent alone hears you"],
  ["barge", "Barge in", "The agent and the customer hear you"],
  ["take_over", "Take over", "You talk to the customer, and the agent leaves the call"],
];
const SURE_MS = 5000; // how long a press waits for the second one that confirms it
const TOO_FAST_MS = 300; // a double click is no confirmation

export const PhoneControl = {
  name: "PhoneControl",
  props: { callId: String, alertId: String, offer: Object, sessions: Array, person: String, live: Boolean },
  data: () => ({ asked: "", words: "", sure: "" }),
  computed: {
    mine() {
      return this.sessions.find((session) => session.person === this.person);
    },
    others() {
      return this.sessions.filter((session) => session.person !== this.person);
    },
    modes() {
      return MODES.filter(([mode]) => this.offer?.modes.includes(mode) && this.live);
    },
    busy() {
      return this.asked !== "" || (this.mine !== undefined && this.mine.state !== "in");
    },
    note() {
      if (this.words) return this.words;
      if (this.mine?.state === "joining") return "Your phone rings…";
      if (this.mine && !this.mine.sure) return "The switch did not answer: it is not certain who hears you.";
      return this.mine?.words || this.offer?.problem || "";
    },
  },
  methods: {
    press(mode) {
      const asksTwice = this.offer.confirm.includes(mode);
      if (asksTwice && this.sure !== mode) {
        this.sure = mode;
        this.sureSince = performance.now();
        clearTimeout(this.forget);
        this.forget = setTimeout(() => (this.sure = ""), SURE_MS);
      } else if (!asksTwice || performance.now() - this.sureSince > TOO_FAST_MS) {
        this.act(mode, asksTwice);
      }
    },
    async act(mode, confirmed) {
      this.sure = "";
      this.words = "";
      this.asked = mode;
      try {
        const answer = await fetch(`/api/v1/calls/${encodeURIComponent(this.callId)}/actions`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ mode, alert: this.alertId, confirmed }),
        });
        const said = await answer.json();
        this.words = answer.ok ? said.words : typeof said.detail === "string" ? said.detail : "That did not work.";
      } catch {
        this.words = "No connection to the server: it is not known whether it was done.";
      } finally {
        this.asked = "";
      }
    },
    isOn(mode) {
      return this.mine?.mode === mode && this.mine.state !== "over";
    },
  },
  beforeUnmount() {
    clearTimeout(this.forget);
  },
  template: `
    <div v-if="modes.length || mine || others.length" class="by-phone" role="group" aria-label="On the call by phone">
      <button v-for="[mode, label, title] in modes" :key="mode" type="button" :class="['to-' + mode, { on: isOn(mode), sure: sure === mode }]"
              :disabled="(busy && asked !== mode) || asked === mode || mine?.mode === 'take_over'" :aria-pressed="isOn(mode)" :title="title"
              @click="press(mode)">{{ sure === mode ? "Sure? The customer will notice" : label }}</button>
      <button v-if="mine || asked" type="button" class="to-leave" :disabled="asked === 'leave'" @click="act('leave', false)">Leave</button>
      <span v-for="session in others" :key="session.id" class="faint"><bdi>{{ session.person }}</bdi>: {{ session.mode.replace("_", " ") }}</span>
      <span v-if="note" class="by-phone-note" role="status">{{ note }}</span>
    </div>`,
};
