// How numbers and names are shown.

export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

export function ago(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

// A wait or a lag: what is under a second is told in milliseconds, since it is judged in them.
export function lag(seconds) {
  return seconds < 1 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`;
}

export function timeOfDay(epochS) {
  return new Date(1000 * epochS).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

export function who(call) {
  const labels = call.labels || {};
  const customer = call.customer || labels.customer;
  const agent = call.agent || labels.agent;
  return {
    main: call.queue || labels.queue || "No queue given",
    parts: [
      ["call", call.id, call.id],
      ...(customer ? [["customer", customer.replace(/^h:([0-9a-z]{1,8}:)?/, "").slice(0, 8), customer]] : []),
      ...(agent ? [["agent", agent, agent]] : []),
    ],
  };
}

export const ZONE_WORD = { red: "Red", amber: "Amber", green: "Calm" };
export const ZONE_SIGN = { red: "▲", amber: "◆", green: "●" };
export const NOT_SCORED_SIGN = "○";

export const ONE_CHANNEL = "one channel for both: hears whoever is loudest";

export function isScored(call) {
  return !call.opted_out && (call.roles.includes("customer") || call.roles.includes("mixed"));
}

// Whose voice is judged, where that is not simply the customer's.
export function voiceNote(call) {
  if (call.opted_out) return "opted out, not scored";
  if (call.roles.includes("customer") || !call.roles.length) return "";
  if (call.roles.includes("mixed")) return ONE_CHANNEL;
  return call.roles.includes("unknown")
    ? "not scored: nobody said whose voice this is"
    : "not scored: only the agent's voice is here";
}

export function evidenceWords(call) {
  if (call.held) return "on hold";
  return {
    heard: "",
    no_speech: "",
    gaps: "sound is missing",
    not_scored: isScored(call) ? "not scored" : "",
    too_little_speech: "not enough speech yet",
  }[call.evidence] ?? "";
}

// The curve as an SVG path in a box of `width` x `height`; unknown seconds are gaps.
export function curvePath(points, width, height, room = 120) {
  const step = width / (room - 1);
  let x = width - (points.length - 1) * step;
  let path = "";
  let drawing = false;
  for (const point of points) {
    if (point === null) {
      drawing = false;
    } else {
      path += `${drawing ? "L" : "M"}${x.toFixed(1)} ${(height - 1 - (point / 100) * (height - 2)).toFixed(1)}`;
      if (!drawing) path += "h0.1"; // a lone point is a dot, not nothing
      drawing = true;
    }
    x += step;
  }
  return path;
}
