// The picture of now, built from the feed: pure functions from (picture, event) to the next picture.
// Calls and alerts are frozen objects in maps; what did not change stays the same object, so only changed rows are drawn.

const CURVE_POINTS = 120;

export function emptyPicture() {
  return { calls: new Map(), alerts: new Map(), status: null, nowOffsetS: 0, ...emptyPanel() };
}

// What there is beside calls and alerts: needles by gauge and key, procedures at work by alert, faults, silences, work.
function emptyPanel() {
  return { needles: new Map(), names: {}, actions: {}, runs: new Map(), outages: [], silences: [], work: null };
}

const placeOf = (gauge, key) => `${gauge}|${key}`;

export function apply(picture, event) {
  const { calls, alerts } = picture;
  switch (event.type) {
    case "snapshot":
      return {
        calls: new Map(event.calls.map((call) => [call.id, Object.freeze(call)])),
        alerts: new Map(event.alerts.map((alert) => [alert.id, Object.freeze(alert)])),
        status: event.status,
        nowOffsetS: event.now_s - Date.now() / 1000,
        needles: new Map((event.gauges ?? []).map((needle) => [placeOf(needle.gauge, needle.key), Object.freeze(needle)])),
        names: event.gauge_names ?? {},
        actions: event.actions ?? {},
        runs: new Map((event.runs ?? []).map((run) => [run.alert_id, Object.freeze(run)])),
        outages: event.outages ?? [],
        silences: event.silences ?? [],
        work: event.work ?? null,
      };
    case "call.started":
      calls.set(event.call.id, Object.freeze(event.call));
      return picture;
    case "call.updated":
      for (const update of event.calls) {
        const call = calls.get(update.id);
        if (call) calls.set(update.id, Object.freeze(merge(call, update)));
      }
      return picture;
    case "call.ended":
      calls.delete(event.call_id);
      return picture;
    case "alert.opened":
    case "alert.updated":
      if (event.alert.state === "resolved") {
        alerts.delete(event.alert.id);
        picture.runs.delete(event.alert.id);
      } else alerts.set(event.alert.id, Object.freeze(event.alert));
      return picture;
    case "gauges":
      for (const needle of event.gauges) picture.needles.set(placeOf(needle.gauge, needle.key), Object.freeze(needle));
      for (const [gauge, key] of event.gone) picture.needles.delete(placeOf(gauge, key));
      return picture;
    case "run.changed":
      // What a resolved alert leaves is in the record; its card has gone.
      if (event.run.state === "stopped") picture.runs.delete(event.run.alert_id);
      else picture.runs.set(event.run.alert_id, Object.freeze(event.run));
      return picture;
    case "quiet":
      picture.outages = event.outages;
      picture.silences = event.silences;
      return picture;
    case "work":
      picture.work = event.work;
      return picture;
    case "status":
      picture.status = event.status;
      return picture;
    default:
      return picture; // a newer server may say more than this page knows
  }
}

function merge(call, update) {
  const { points = [], ...rest } = update;
  return { ...call, ...rest, curve: mergeCurve(call.curve, call.curve_end_s, points, update.curve_end_s) };
}

// Both pieces are placed by the second they end at, so telling a point twice changes nothing.
export function mergeCurve(curve, endS, points, pointsEndS) {
  if (!points.length) return curve;
  const firstNew = pointsEndS - points.length + 1;
  const firstOld = endS - curve.length + 1;
  const kept = curve.length ? curve.slice(0, Math.max(0, firstNew - firstOld)) : [];
  const gap = curve.length ? Math.max(0, firstNew - (firstOld + kept.length)) : 0;
  return [...kept, ...Array(Math.min(gap, CURVE_POINTS)).fill(null), ...points].slice(-CURVE_POINTS);
}

const ZONES = { red: 2, amber: 1, green: 0 };

export function byTension(a, b) {
  return (
    ZONES[b.zone] - ZONES[a.zone] || (b.level ?? -1) - (a.level ?? -1) || a.started_at_s - b.started_at_s
  );
}

const SEVERITIES = { critical: 2, warning: 1, info: 0 };

// What nobody has taken comes first, then the graver, then the longer unanswered.
export function byUrgency(a, b) {
  const open = (alert) => (alert.state === "acknowledged" ? 0 : 1);
  return open(b) - open(a) || SEVERITIES[b.severity] - SEVERITIES[a.severity] || a.opened_at_s - b.opened_at_s;
}
