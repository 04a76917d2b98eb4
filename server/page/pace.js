/** How fast it goes: what the last looks saw, and small charts of it. */

import { drawn, made, say } from "./dom.js";
import { bytes, share, short, time } from "./format.js";

const longest = 90; // looks, some three minutes of them
const [width, height] = [160, 36];

/** What was counted at one look after the other, of the whole service or of one model. */
export class History {
  #last = null;
  points = [];

  /** Take in what was counted up to a moment (seconds); counts that fall are of a service that was started anew. */
  add(at, count, memory) {
    const last = this.#last;
    this.#last = { at, count };
    if (!last || at <= last.at) return;
    const gained = (name) => Math.max(0, count[name] - last.count[name]);
    const [requests, failed, calls] = [gained("requests"), gained("failed"), gained("calls")];
    const answered = requests - failed;
    this.points.push({
      requests: requests / (at - last.at),
      ms: answered > 0 ? (1000 * gained("seconds")) / answered : null,
      rows: calls > 0 ? gained("rows") / calls : null,
      failed: requests > 0 ? (100 * failed) / requests : null,
      memory,
    });
    if (this.points.length > longest) this.points.shift();
  }
}

/** Return what the versions of a model have come to together. */
export function countOf(model) {
  const sum = { requests: 0, failed: 0, rows: 0, calls: 0, seconds: 0 };
  for (const version of model.versions) for (const name of Object.keys(sum)) sum[name] += version.since_start[name];
  return sum;
}

const tiles = [
  { name: "requests", label: "Requests", about: "within the last minute",
    value: (lately) => short(lately.seconds ? lately.requests / lately.seconds : 0), unit: () => "/s" },
  { name: "ms", label: "Latency", about: "p50 · p95 of good answers",
    value: (lately) => time(lately.p50_ms), unit: (lately) => (lately.p95_ms === null ? "" : `· ${time(lately.p95_ms)}`) },
  { name: "rows", label: "Batch", about: "mean rows of a call",
    value: (lately) => short(lately.calls ? lately.rows / lately.calls : null), unit: (lately) => (lately.calls ? "rows" : "") },
  { name: "failed", label: "Errors", about: "of the requests",
    value: (lately) => share(lately.failed, lately.requests), unit: (lately) => (lately.failed ? `· ${lately.failed}` : "") },
];
const memory = { name: "memory", label: "Memory", about: "of all processes here", value: (_, bytesNow) => bytes(bytesNow), unit: () => "" };

/** Return tiles with a chart each; `update` takes what was lately, the history and the memory. */
export function tilesOf({ withMemory = false } = {}) {
  const shown = (withMemory ? [...tiles, memory] : tiles).map((tile) => {
    const [value, unit] = [made("span", { className: "value" }), made("span", { className: "unit" })];
    const line = drawn("polyline", { class: "line" });
    const area = drawn("polygon", { class: "area" });
    const chart = drawn("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
    const place = made("div", { className: "tile" },
      made("dt", { textContent: tile.label }), made("dd", {}, value, " ", unit),
      made("dd", { className: "about", textContent: tile.about }), made("dd", { className: "drawing", ariaHidden: "true" }, chart));
    const update = (lately, history, bytesNow) => {
      say(value, tile.value(lately, bytesNow));
      say(unit, tile.unit(lately));
      place.classList.toggle("wrong", tile.name === "failed" && lately.failed > 0);
      draw(line, area, history.points.map((point) => point[tile.name]));
    };
    return { place, update };
  });
  const list = made("dl", { className: "tiles" }, ...shown.map(({ place }) => place));
  list.update = (...seen) => { for (const { update } of shown) update(...seen); };
  return list;
}

/** Draw values from the right, so that now is always there; where there is none the last one goes on. */
function draw(line, area, values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  const top = Math.max(...known, 0) || 1;
  let last = 0;
  const points = values.map((value, number) => {
    last = value ?? last;
    const x = width - ((values.length - 1 - number) * width) / (longest - 1);
    return `${x.toFixed(1)},${(height - 2 - (last / top) * (height - 5)).toFixed(1)}`;
  });
  line.setAttribute("points", points.join(" "));
  const start = points.length ? points[0].split(",")[0] : width;
  area.setAttribute("points", points.length ? `${start},${height} ${points.join(" ")} ${width},${height}` : "");
}
