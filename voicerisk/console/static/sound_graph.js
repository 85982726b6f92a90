// What stands between decoded sound and the loudspeaker: two sides, their meters, one ear or two, loudness.

export class SoundGraph {
  constructor() {
    try {
      // At the line's own rate blocks join without a click; the browser resamples the whole stream once.
      this.context = new AudioContext({ sampleRate: 8000, latencyHint: "interactive" });
    } catch {
      this.context = new AudioContext();
    }
    const context = this.context;
    this.input = context.createGain();
    const split = context.createChannelSplitter(2);
    const merge = context.createChannelMerger(2);
    this.input.connect(split);
    this.mix = [0, 1].map((from) =>
      [0, 1].map((to) => {
        const gain = context.createGain();
        split.connect(gain, from);
        gain.connect(merge, 0, to);
        return gain;
      }),
    );
    this.meters = [0, 1].map((channel) => {
      const meter = context.createAnalyser();
      meter.fftSize = 512;
      split.connect(meter, channel);
      return meter;
    });
    this.volume = context.createGain();
    merge.connect(this.volume);
    this.volume.connect(context.destination);
    this.setMono(false);
  }

  setMono(mono) {
    this.mono = mono;
    for (const from of [0, 1]) {
      for (const to of [0, 1]) this.mix[from][to].gain.value = mono ? 0.7 : from === to ? 1 : 0;
    }
  }

  setVolume(share) {
    this.volume.gain.value = share;
  }

  get audible() {
    return this.context.state === "running";
  }

  levels() {
    return { customer: level(this.meters[0]), agent: level(this.meters[1]) };
  }

  close() {
    if (this.context.state !== "closed") this.context.close();
  }
}

// 0..1 over the 50 dB below full scale.
function level(meter) {
  const samples = new Float32Array(meter.fftSize);
  meter.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
  return Math.min(1, Math.max(0, 1 + (10 * Math.log10(power + 1e-10)) / 50));
}
