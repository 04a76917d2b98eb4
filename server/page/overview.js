/** The page of the service: it looks every two seconds, and shows what it sees. */

import { afterChange, notice, tellToken } from "./actions.js";
import { at, keep, made, say, show } from "./dom.js";
import { age } from "./format.js";
import { Jobs } from "./jobs.js";
import { markOf } from "./marks.js";
import { Model, Models } from "./models.js";
import { History, tilesOf } from "./pace.js";
import { Processes } from "./processes.js";
import { asked, authorization, reason } from "./service.js";

const everyMs = 2_000;
const kinds = { well: "good", degraded: "odd", unwell: "bad", unknown: "idle" };

const tiles = tilesOf({ withMemory: true });
const history = new History();
const condition = markOf(({ condition: said }) => [kinds[said], said]);
const parts = [new Models(), new Processes(), new Jobs()];
const model = new Model();
let timer = 0;
let looks = 0;

at("tiles").append(tiles);
at("condition").append(condition);
condition.update({ condition: "unknown" });

function update(overview) {
  const memory = [...overview.workers, ...overview.programs].reduce((sum, { memory: each }) => sum + (each ?? 0), 0) || null;
  history.add(Date.parse(overview.at) / 1000, overview.since_start, memory);
  condition.update(overview);
  tiles.update(overview.lately, history, memory);
  for (const part of parts) part.update(overview);
  model.update(overview);
  tellTroubles(overview);
  say(at("clock"), new Date(overview.at).toLocaleTimeString());
  say(at("release"), overview.triglot_version);
  show(at("store-away"), overview.store === "away");
  show(at("seen"), true);
  document.title = `${overview.condition === "well" ? "" : `${overview.condition}: `}Triglot`;
}

function tellTroubles({ troubles, at: now }) {
  show(at("troubles"), troubles.length);
  keep(at("trouble-list"), troubles, ({ kind, about, now: is }) => `${is} ${kind} ${about}`, () => {
    const mark = markOf(({ now: is }) => (is ? ["bad", "now"] : ["idle", "was"]));
    const [about, what, how] = ["about", "what", "do"].map((className) => made(className === "about" ? "strong" : "span", { className }));
    const item = made("li", {}, mark, made("div", {}, about, " ", what, how));
    item.update = (trouble) => {
      mark.update(trouble);
      say(about, trouble.about);
      say(what, `${trouble.what}${trouble.at ? `, ${age(trouble.at, now)} ago` : ""}`);
      say(how, trouble.do);
    };
    return item;
  });
}

/** Look now, and then again and again while somebody can see it. */
async function look() {
  clearTimeout(timer);
  const number = ++looks;
  const answer = await asked("overview", { signal: AbortSignal.timeout(15_000) });
  if (number !== looks) return;
  if (answer.good && answer.body) {
    show(at("lost"), false);
    update(answer.body);
  } else {
    condition.update({ condition: "unknown" });
    const wants = answer.status === 401 || answer.status === 403;
    say(at("lost"), wants ? `${authorization() ? "This key does not do. " : ""}What is here wants a key with the scope read.` : `${reason(answer)} It is tried again.`);
    show(at("lost"), true);
    if (wants) return show(at("seen"), false); // until another key is entered
  }
  if (!document.hidden && !paused()) timer = setTimeout(look, everyMs);
}

function paused() {
  return at("pause").getAttribute("aria-pressed") === "true";
}

/** Show all models or the one that the address names. */
function turn({ first = false } = {}) {
  if (location.hash && !location.hash.startsWith("#/")) return; // to a place on the page
  let name = "";
  try { name = decodeURIComponent(location.hash.slice(2)); } catch { /* no name */ }
  show(at("all"), !name);
  show(at("one"), name);
  if (name) model.choose(name);
  if (!first) {
    at(name ? "model-name" : "models-head").focus();
    look();
  }
}

at("pause").addEventListener("click", () => {
  at("pause").setAttribute("aria-pressed", String(!paused()));
  clearTimeout(timer);
  if (!paused()) look();
});
addEventListener("hashchange", () => turn());
document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused()) look(); });
afterChange(look);
notice("");
tellToken();
turn({ first: true });
look();
