/** Numbers and times as people read them; what is not known is a dash. */

export const unknown = "–";
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const steps = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];

/** Return a number with about three digits. */
export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return unknown;
  if (value === 0) return "0";
  if (Math.abs(value) >= 100) return grouped.format(value);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(value < 0.1 ? 3 : 2);
}

export function whole(value) {
  return value === null || value === undefined ? unknown : grouped.format(value);
}

/** Return milliseconds with their unit. */
export function time(ms) {
  if (ms === null || ms === undefined) return unknown;
  return ms >= 1000 ? `${short(ms / 1000)} s` : `${short(ms)} ms`;
}

export function share(part, all) {
  if (!all) return unknown;
  const percent = (100 * part) / all;
  return `${percent > 0 && percent < 0.1 ? "< 0.1" : percent.toFixed(percent >= 10 || percent === 0 ? 0 : 1)} %`;
}

export function bytes(value) {
  if (value === null || value === undefined) return unknown;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) [value, at] = [value / 1000, at + 1];
  return `${at ? short(value) : value} ${units[at]}`;
}

/** Return seconds in the largest unit that they have. */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return unknown;
  const [size, unit] = steps.find(([least]) => seconds >= least) ?? [1, "s"];
  return `${Math.floor(Math.max(0, seconds) / size)} ${unit}`;
}

/** Return how long ago something was, by the service's clock. */
export function age(then, now) {
  return then ? span((Date.parse(now) - Date.parse(then)) / 1000) : unknown;
}

export function moment(then) {
  return new Date(then).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** Return a score's name as people have it, what it is of first: "test accuracy". */
export function scoreName(name) {
  const words = name.replace(/^score_/, "").replaceAll("_", " ");
  return /^(train|test)$/.test(words) ? `${words} score` : words;
}
