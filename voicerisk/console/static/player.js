// Plays a live call from the listen websocket: a short buffer against jitter, never more than a second behind.

import { SoundGraph } from "./sound_graph.js";

const TARGET_S = 0.25; // sound gathered before playing starts, at the beginning and after the line stuttered
const HURRY_S = 0.6; // above this much waiting sound it is played 3 % faster
const SKIP_S = 0.9; // above this much a block is left out
const PING_EVERY_MS = 2000;

export class ListenPlayer {
  // onChange() is called whenever `state`, `problem` or the numbers in `stats` have changed.
  constructor(callId, onChange) {
    this.callId = callId;
    this.onChange = onChange;
    this.state = "connecting"; // connecting | playing | waiting | ended
    this.problem = "";
    this.roles = [];
    this.stats = { received: 0, played: 0, gaps: 0, underruns: 0, behindS: null, audible: false };
    this.levels = { customer: 0, agent: 0 };
    this.rttS = 0;
    this.pending = [];
    this.pendingS = 0;
    this.scheduled = 0;
    this.nextAt = null;
    this.graph = new SoundGraph();
    this.context = this.graph.context;
    this.connect();
    this.timer = setInterval(() => this.measure(), 100);
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const url = `${scheme}://${location.host}/api/v1/calls/${encodeURIComponent(this.callId)}/listen`;
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => (typeof data === "string" ? this.control(JSON.parse(data)) : this.sound(data));
    this.socket.onclose = (event) => this.finish(event.code === 1000 ? "" : event.reason || "the line to the server broke");
    this.pinger = setInterval(() => this.ping(), PING_EVERY_MS);
  }

  ping() {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ ping: performance.now() }));
  }

  control(message) {
    if (message.type === "listening") {
      this.roles = message.roles;
      // One voice for both: heard in both ears.
      if (!message.roles.includes("agent")) this.graph.setMono(true);
      this.state = "waiting";
      this.context.resume();
      this.ping();
    } else if (message.type === "gap") {
      this.stats.gaps += message.n_samples;
    } else if (message.type === "pong") {
      this.rttS = (performance.now() - message.pong) / 1000;
    } else if (message.type === "ended") {
      this.finish("");
    }
    this.onChange();
  }

  sound(data) {
    const pcm = new Int16Array(data);
    const n = pcm.length / 2;
    if (n < 1) return;
    const buffer = this.context.createBuffer(2, n, 8000);
    for (const channel of [0, 1]) {
      const out = buffer.getChannelData(channel);
      for (let i = 0; i < n; i++) out[i] = pcm[2 * i + channel] / 32768;
    }
    this.stats.received += n;
    this.arrivedAt = this.context.currentTime;
    this.pending.push(buffer);
    this.pendingS += buffer.duration;
    const waiting = this.nextAt === null ? 0 : this.nextAt - this.context.currentTime;
    if (this.nextAt !== null && waiting <= 0) {
      this.nextAt = null; // ran dry: gather anew
      this.stats.underruns += 1;
      this.state = "waiting";
    }
    if (this.nextAt === null) {
      if (this.pendingS < TARGET_S) return;
      this.nextAt = this.context.currentTime + 0.03;
      this.state = "playing";
    }
    for (const each of this.pending) this.schedule(each);
    this.pending = [];
    this.pendingS = 0;
  }

  schedule(buffer) {
    const waiting = this.nextAt - this.context.currentTime;
    if (waiting > SKIP_S) {
      this.stats.gaps += buffer.length;
      return;
    }
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.playbackRate.value = waiting > HURRY_S ? 1.03 : 1;
    source.connect(this.graph.input);
    source.start(this.nextAt);
    this.nextAt += buffer.duration / source.playbackRate.value;
    this.scheduled += buffer.length;
  }

  measure() {
    const now = this.context.currentTime;
    const unplayed = this.nextAt === null ? 0 : Math.max(0, this.nextAt - now);
    this.stats.played = Math.max(0, Math.round(this.scheduled - unplayed * 8000));
    this.stats.audible = this.graph.audible;
    if (this.nextAt !== null && unplayed > 0) {
      // How old the sound is that is heard now: what waits here, the way of its last block, and the sound card.
      const card = this.context.outputLatency || this.context.baseLatency || 0;
      this.stats.behindS = this.nextAt - this.arrivedAt + this.rttS / 2 + card;
    } else {
      this.stats.behindS = null;
      if (this.state === "playing") this.state = "waiting";
    }
    this.levels = this.graph.levels();
    this.onChange();
  }

  finish(problem) {
    if (this.state === "ended") return;
    this.state = "ended";
    this.problem = problem;
    clearInterval(this.pinger);
    // What is queued is still heard.
    setTimeout(() => this.stop(), 1200);
    this.onChange();
  }

  stop() {
    clearInterval(this.timer);
    clearInterval(this.pinger);
    this.socket.onclose = null;
    this.socket.close();
    this.graph.close();
  }
}
