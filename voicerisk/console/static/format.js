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

export function shortId(id) {
  return id.length <= 14 ? id : `${id.slice(0, 6)}…${id.slice(-5)}`;
}

export function who(call) {
  const labels = call.labels || {};
  const customer = call.customer || labels.customer;
  const agent = call.agent || labels.agent;
  return {
    main: call.queue || labels.queue || "No queue given",
    parts: [
      ["call", shortId(call.id)],
      ...(customer ? [["customer", customer.replace(/^h:/, "").slice(0, 8)]] : []),
      ...(agent ? [["agent", agent]] : []),
    ],
  };
}

export const ZONE_WORD = { red: "Red", amber: "Amber", green: "Calm" };
export const ZONE_SIGN = { red: "▲", amber: "◆", green: "●" };

export function evidenceWords(call) {
  if (call.held) return "on hold";
  return {
    heard: "",
    no_speech: "",
    gaps: "sound is missing",
    not_scored: "not scored",
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
