// Plays once what was said before an alert. Looks like a ListenPlayer to the bar that shows it.

import { SoundGraph } from "./sound_graph.js";

export class CausePlayer {
  // onChange() is called whenever `state`, `problem`, `stats` or `levels` have changed.
  constructor(alertId, onChange) {
    this.onChange = onChange;
    this.state = "connecting"; // connecting | playing | ended
    this.problem = "";
    this.stats = { played: 0, durationS: null, positionS: 0, audible: false };
    this.levels = { customer: 0, agent: 0 };
    this.graph = new SoundGraph();
    this.stopped = false;
    this.load(`/api/v1/alerts/${encodeURIComponent(alertId)}/cause.wav`);
  }

  async load(url) {
    try {
      const answer = await fetch(url, { cache: "no-store" });
      if (!answer.ok) throw new Error((await answer.json()).detail);
      const bytes = await answer.arrayBuffer();
      if (this.stopped) return;
      this.buffer = await this.graph.context.decodeAudioData(bytes);
      if (!this.stopped) this.play();
    } catch (error) {
      this.finish(error.message || "the sound did not come");
    }
  }

  play() {
    const { context, input } = this.graph;
    const agent = this.buffer.getChannelData(1);
    // One channel for both, or an agent who said nothing: heard in both ears.
    if (agent.every((sample) => sample === 0)) this.graph.setMono(true);
    context.resume();
    this.stats.durationS = this.buffer.duration;
    this.startedAt = context.currentTime + 0.03;
    this.source = context.createBufferSource();
    this.source.buffer = this.buffer;
    this.source.connect(input);
    this.source.onended = () => this.finish("");
    this.source.start(this.startedAt);
    this.state = "playing";
    this.timer = setInterval(() => this.measure(), 100);
    this.measure();
  }

  measure() {
    const position = Math.min(Math.max(0, this.graph.context.currentTime - this.startedAt), this.buffer.duration);
    this.stats.positionS = position;
    this.stats.played = Math.round(8000 * position);
    this.stats.audible = this.graph.audible;
    this.levels = this.graph.levels();
    this.onChange();
  }

  finish(problem) {
    if (this.state === "ended") return;
    if (this.buffer && this.startedAt !== undefined) this.measure();
    this.state = "ended";
    this.problem = problem;
    clearInterval(this.timer);
    if (!this.stopped) this.onChange();
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    if (this.source) this.source.onended = null;
    this.graph.close();
  }
}
