/** The page of the models: one after the other, with what is known of it and a form that asks it. */

import { at, made } from "./dom.js";
import { formOf } from "./form.js";
import { addressOf, asked, authorization, authorize, reason, root } from "./service.js";

let model = null;

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}

async function listModels() {
  notice("Loading …");
  at("chosen").hidden = true;
  const answer = await asked("models");
  if (!answer.good) {
    if (answer.status === 401) at("access").open = true;
    return notice(reason(answer));
  }
  const names = answer.body.models.map((each) => each.name);
  at("models").replaceChildren(...names.map((name) =>
    made("li", {}, made("a", { href: `#${encodeURIComponent(name)}`, textContent: name }))));
  if (!names.length) return notice("No model is active yet.");
  await choose(names);
}

async function choose(names) {
  let wanted = "";
  try { wanted = decodeURIComponent(location.hash.slice(1)); } catch { /* no name */ }
  const links = [...at("models").querySelectorAll("a")];
  const link = links.find((each) => each.textContent === wanted) ?? links[0];
  if (!link || (names === undefined && model?.name === link.textContent)) return;
  for (const each of links) each.removeAttribute("aria-current");
  link.setAttribute("aria-current", "page");
  const answer = await asked(addressOf(link.textContent));
  if (!answer.good) return notice(reason(answer));
  if (!link.hasAttribute("aria-current")) return; // another one was chosen meanwhile
  model = answer.body;
  show();
}

function show() {
  notice("");
  const facts = { Version: model.version, Language: model.language, Answers: model.classes ? "classes" : "numbers" };
  facts.Fitted = new Date(model.created).toLocaleString();
  const numbers = Object.entries(model.scores).filter(([, score]) => typeof score === "number");
  const scores = numbers.map(([name, score]) => [name.replaceAll("_", " "), Number(score.toPrecision(4))]);
  at("name").textContent = model.name;
  at("facts").replaceChildren(...pairs(Object.entries(facts)));
  at("scores").replaceChildren(...pairs(scores));
  at("addresses").replaceChildren(...addresses(model.name).flatMap(([name, ...value]) =>
    [made("dt", { textContent: name }), made("dd", {}, ...value)]));
  at("classes").textContent = model.classes ? `Classes: ${model.classes.join(", ")}` : "";
  at("asking").replaceChildren(...formOf(model));
  at("chosen").hidden = false;
}

function pairs(entries) {
  return entries.map(([name, value]) => made("div", {}, made("dt", { textContent: name }), made("dd", { textContent: value })));
}

/** Return what a client of each kind is given, so that it asks this model. */
function addresses(name) {
  const code = (text) => made("code", { textContent: text });
  const below = (path) => code(new URL(path, root).href);
  const quoted = encodeURIComponent(name);
  const openapi = addressOf(name, "openapi.json").href;
  return [
    ["JSON, CSV, Arrow, Parquet", code(addressOf(name, "predict").href)],
    ["OpenAPI", made("a", { href: openapi, textContent: openapi })],
    ["Triton", code(`${root.host}${root.pathname}`.replace(/\/$/, "")), `, model ${name}`],
    ["KServe", code(root.href.replace(/\/$/, "")), `, model ${name}`],
    ["MLflow", below(`models/${quoted}/invocations`)],
    ["vetiver", below(`vetiver/${quoted}/predict`)],
  ];
}

at("authorization").value = authorization();
at("authorization").addEventListener("change", () => authorize(at("authorization").value));
at("again").addEventListener("click", listModels);
addEventListener("hashchange", () => choose());
listModels();
