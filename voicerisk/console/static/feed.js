// The event feed as the browser sees it: one websocket that comes back by itself and never misses an event unnoticed.

const QUIET_S = 6; // the server speaks at least every 2 s; longer silence means the line is dead, whatever TCP says
const RETRY_S = [0.3, 1, 2, 4];

export class FeedClient {
  // onEvent(event) gets every event; onState("live" | "lost") tells whether what is shown is still true.
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.feed = "";
    this.seq = 0;
    this.attempts = 0;
    this.closed = false;
    this.heardAt = performance.now();
    this.connect();
    this.watch = setInterval(() => this.checkSilence(), 1000);
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const resume = this.feed ? `?feed=${this.feed}&since=${this.seq}` : "";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/feed${resume}`);
    this.socket = socket;
    this.heardAt = performance.now();
    socket.onmessage = (message) => {
      if (socket === this.socket) this.receive(JSON.parse(message.data));
    };
    socket.onclose = () => {
      if (socket === this.socket) this.lost();
    };
  }

  receive(event) {
    this.heardAt = performance.now();
    this.attempts = 0;
    if (event.type === "snapshot") this.feed = event.feed;
    this.seq = event.seq;
    this.onState("live");
    this.onEvent(event);
  }

  checkSilence() {
    if (!this.closed && this.socket && performance.now() - this.heardAt > QUIET_S * 1000) {
      this.socket.close();
      this.lost();
    }
  }

  lost() {
    this.socket = null;
    if (this.closed) return;
    this.onState("lost");
    const wait = RETRY_S[Math.min(this.attempts++, RETRY_S.length - 1)];
    // A little different for each screen, so that a restarted server does not meet all of them at the same instant.
    setTimeout(() => this.closed || this.connect(), wait * 1000 * (0.7 + 0.6 * Math.random()));
  }

  close() {
    this.closed = true;
    clearInterval(this.watch);
    if (this.socket) this.socket.close();
  }
}
