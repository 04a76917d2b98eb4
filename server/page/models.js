/** The models of the service, and one of them: its versions, how it goes, and a form that asks it. */

import { act } from "./actions.js";
import { at, button, made, say, show, tableOf } from "./dom.js";
import { Drift } from "./drift.js";
import { formOf } from "./form.js";
import { age, bytes, scoreName, share, short, time, unknown, whole } from "./format.js";
import { agoOf, markOf } from "./marks.js";
import { countOf, History, tilesOf } from "./pace.js";
import { addressOf, asked, reason } from "./service.js";

const fewModels = 12; // above that there is a field to find one by
const many = 20; // versions that are shown at first

/** Return the mark's kind and words for how a model stands. */
function standing(model) {
  const refused = model.not_loadable;
  if (refused) return [model.answers === null ? "bad" : "odd", "does not load", `version ${refused.version}: ${refused.cause}`];
  if (model.quarantined) return ["bad", "in quarantine", model.quarantined.cause];
  if (model.active === null) return ["idle", "not active"];
  if (!model.workers) return ["bad", "no worker has it"];
  if (model.lately.failed && model.lately.failed * 2 >= model.lately.requests) return ["bad", "fails"];
  if (model.lately.failed) return ["odd", "fails at times"];
  return ["good", "answers"];
}

function shownVersion(model) {
  return model.versions.find((each) => each.version === (model.answers ?? model.active)) ?? model.versions[0];
}

function aliases(model) {
  const found = model.versions.flatMap((each) => each.aliases.filter((alias) => alias !== "active").map((alias) => `${alias} ${each.version}`));
  return found.join(", ");
}

/** Return the scores as text, the one of the test first; only the most telling where few are wanted. */
function scores(version, most) {
  const entries = Object.entries(version.scores);
  entries.sort(([one], [other]) => Number(other.includes("test")) - Number(one.includes("test")));
  const said = entries.slice(0, most).map(([name, score]) => `${scoreName(name)} ${Number(score.toPrecision(3))}`);
  return said.join(" · ") || unknown;
}

function perSecond(lately) {
  return short(lately.seconds ? lately.requests / lately.seconds : 0);
}

const paced = [
  { head: "Requests/s", kind: "number", text: ({ lately }) => perSecond(lately) },
  { head: "p50", kind: "number", text: ({ lately }) => time(lately.p50_ms) },
  { head: "p95", kind: "number", text: ({ lately }) => time(lately.p95_ms) },
  { head: "Batch", kind: "number", text: ({ lately }) => short(lately.calls ? lately.rows / lately.calls : null) },
  { head: "Errors", kind: "number", part: () => errors() },
];

function errors() {
  const place = made("span");
  place.update = ({ lately }) => {
    say(place, share(lately.failed, lately.requests));
    place.className = lately.failed ? "wrong" : "";
    place.title = Object.entries(lately.codes).map(([code, count]) => `${code} ${count}`).join(", ");
  };
  return place;
}

/** The table of all models, and of the families of scopes' models. */
export class Models {
  #table = tableOf("Models", [
    { head: "Model", first: true, part: ({ name, scopes }) => (scopes === undefined
      ? made("a", { href: `#/${encodeURIComponent(name)}`, textContent: name }) : made("span", { textContent: `${name}/…` })) },
    { head: "State", part: () => markOf((item) => (item.scopes === undefined ? standing(item) : ["good", `${whole(item.scopes)} scopes`])) },
    { head: "Version", kind: "number", text: (item) => (item.scopes === undefined ? whole(item.answers ?? item.active) : unknown) },
    { head: "Language", text: ({ language }) => language },
    { head: "Aliases", text: (item) => (item.scopes === undefined ? aliases(item) : "") },
    { head: "Score", text: (item) => (item.scopes === undefined ? scores(shownVersion(item), 1) : unknown) },
    { head: "Age", kind: "number", text: (item) => (item.scopes === undefined ? age(shownVersion(item).created, item.now) : unknown) },
    ...paced,
    { head: "Workers", kind: "number", text: (item) => whole(item.workers) },
  ], ({ name, scopes }) => `${scopes === undefined} ${name}`);

  constructor() {
    at("models").append(this.#table);
    at("find").addEventListener("input", () => this.#sift());
  }

  update({ models, families, at: now }) {
    this.items = [...models.map((each) => ({ ...each, now })), ...families];
    show(at("finding"), this.items.length > fewModels);
    show(at("no-models"), !this.items.length);
    show(this.#table, this.items.length);
    this.#sift();
  }

  #sift() {
    const wanted = at("find").value.trim().toLowerCase();
    this.#table.show((this.items ?? []).filter(({ name }) => name.toLowerCase().includes(wanted)));
  }
}

/** The view of one model. */
export class Model {
  #name = "";
  #asks = null; // the version that the form is made for
  #changeable = false;
  #model = null;
  #all = false;
  #histories = new Map();
  #tiles = tilesOf();
  #mark = markOf(standing);
  #drift = new Drift();
  #versions = tableOf("Versions", [
    { head: "Version", first: true, text: ({ version }) => String(version) },
    { head: "Aliases", part: () => this.#aliases() },
    { head: "Fitted", part: () => agoOf(({ created }) => created) },
    { head: "Scores", text: (version) => scores(version, 4) },
    { head: "Requests", kind: "number", text: ({ since_start }) => whole(since_start.requests) },
    { head: "Failed", kind: "number", text: ({ since_start }) => whole(since_start.failed) },
    { head: "Size", kind: "number", text: ({ size }) => bytes(size) },
    { head: "Actions", unseen: true, part: (version) => this.#activation(version) },
  ], ({ version }) => version);

  constructor() {
    at("standing").append(this.#mark);
    at("model-tiles").append(this.#tiles);
    at("versions").append(this.#versions);
    at("all-versions").addEventListener("click", () => {
      this.#all = true;
      this.#list();
    });
  }

  /** Show this model from now on. */
  choose(name) {
    if (name === this.#name) return;
    this.#name = name;
    this.#asks = null;
    this.#all = false;
    this.#model = null;
    at("asking").replaceChildren();
    at("model-name").textContent = name;
    show(at("model-body"), false);
  }

  /** Remember how it goes with all models, and show the chosen one. */
  update({ models, at: now, changeable }) {
    const seconds = Date.parse(now) / 1000;
    for (const model of models) {
      if (!this.#histories.has(model.name)) this.#histories.set(model.name, new History());
      this.#histories.get(model.name).add(seconds, countOf(model));
    }
    if (!this.#name) return;
    const model = models.find((each) => each.name === this.#name);
    show(at("model-body"), model);
    say(at("model-problem"), model ? "" : "There is no model of this name.");
    if (!model) return;
    this.#changeable = changeable;
    this.#model = { ...model, now };
    this.#mark.update(model);
    say(at("model-facts"), [
      model.language, model.task, model.pool === model.language ? "" : `workers ${model.pool}`,
      model.answers === null ? "" : `version ${model.answers} answers`, `${whole(model.workers)} ${model.workers === 1 ? "worker" : "workers"}`,
    ].filter(Boolean).join(" · "));
    this.#tiles.update(model.lately, this.#histories.get(model.name));
    this.#list();
    this.#drift.update(model);
    this.#ask(model);
  }

  #list() {
    const { versions, stored, active, answers, now } = this.#model;
    const items = versions.map((each) => ({ ...each, now, active, answers }));
    const shown = this.#all ? items : items.filter(({ version }, number) => number < many || version === active || version === answers);
    this.#versions.show(shown);
    show(at("all-versions"), shown.length < items.length);
    at("all-versions").textContent = `Show ${items.length} versions`;
    show(at("older"), stored > items.length);
    at("older").textContent = `${whole(stored - items.length)} older ones are not shown; triglot list has them.`;
  }

  #aliases() {
    const place = made("span", { className: "tags" });
    place.update = ({ version, aliases: said, answers, active, proved }) => {
      const tags = [...said, ...(version === answers && version !== active ? ["answers"] : []), ...(proved ? [] : ["not proved"])];
      if (place.textContent === tags.join("")) return;
      place.replaceChildren(...tags.map((text) => made("span", { className: text === "active" ? "tag active" : "tag", textContent: text })));
    };
    return place;
  }

  #activation({ version }) {
    const name = this.#name;
    const element = button("Activate", "second small", () => {
      const { active } = this.#model;
      const back = active !== null && version < active;
      return act({
        question: back ? `Roll ${name} back to version ${version}?` : `Activate version ${version} of ${name}?`,
        more: active === null ? "No version is active now." : `Version ${active} is active now. Workers load the other one first; no request is lost.`,
        label: back ? "Roll back" : "Activate",
        address: "activate",
        options: { method: "POST", body: new URLSearchParams({ model: name, model_version: version }) },
        done: `Version ${version} of ${name} is active.`,
      });
    });
    element.update = ({ active }) => {
      say(element, active !== null && version < active ? "Roll back" : "Activate");
      element.setAttribute("aria-label", `${element.textContent}: version ${version} of ${name}`);
      show(element, this.#changeable && version !== active);
    };
    return element;
  }

  /** Have a form for the version that answers; one that is there stays while that does. */
  async #ask(model) {
    const wanted = model.answers ?? model.active;
    if (wanted === null || this.#asks === wanted) return;
    this.#asks = wanted;
    const answer = await asked(addressOf(model.name));
    if (model.name !== this.#name) return;
    if (answer.good && answer.body.fields) at("asking").replaceChildren(...formOf(answer.body));
    else at("asking").replaceChildren(made("p", { className: "failed", textContent: reason(answer) }));
  }
}
