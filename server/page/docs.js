"use strict";

const root = new URL(document.documentElement.dataset.root, location.href);
const longestList = 500; // levels that are a list to choose from; more are suggestions
const at = (id) => document.getElementById(id);
let model = null;

/** Return an element with these properties and children; all text goes in as text. */
function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function addressOf(name, what = "") {
  return new URL(`models/${encodeURIComponent(name)}${what && `/${what}`}`, root);
}

function headers(more = {}) {
  const authorization = at("authorization").value.trim();
  return authorization ? { ...more, Authorization: authorization } : more;
}

async function asked(address, options = {}) {
  const response = await fetch(address, { ...options, headers: headers(options.headers) });
  const text = await response.text();
  let body = null;
  try { body = JSON.parse(text); } catch { /* what stands between may answer something else */ }
  return { status: response.status, good: response.ok, text, body };
}

function reason(answer) {
  return `${answer.status}: ${answer.body?.message ?? (answer.text || "no answer")}`;
}

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}

async function listModels() {
  notice("Loading …");
  at("chosen").hidden = true;
  let answer;
  try { answer = await asked(new URL("models", root)); } catch { return notice("The service cannot be reached."); }
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
  const answer = await asked(addressOf(link.textContent)).catch(() => null);
  if (!answer?.good) return notice(answer ? reason(answer) : "The service cannot be reached.");
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
  at("fields").replaceChildren(...model.fields.map(field));
  at("proba").hidden = !model.classes;
  at("answer").replaceChildren();
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
  return [
    ["JSON, CSV, Arrow, Parquet", code(addressOf(name, "predict").href)],
    ["OpenAPI", made("a", { href: addressOf(name, "openapi.json").href, textContent: addressOf(name, "openapi.json").href })],
    ["Triton", code(`${root.host}${root.pathname}`.replace(/\/$/, "")), `, model ${name}`],
    ["KServe", code(root.href.replace(/\/$/, "")), `, model ${name}`],
    ["MLflow", below(`models/${quoted}/invocations`)],
    ["vetiver", below(`vetiver/${quoted}/predict`)],
  ];
}

function field(column, number) {
  const id = `field-${number}`;
  const kind = `${column.type}${column.zone ? `, ${column.zone}` : ""}${column.nullable ? ", empty: missing" : ""}`;
  const label = made("label", { htmlFor: id }, `${column.name} `, made("span", { className: "type", textContent: kind }));
  const input = entry(column, id);
  input.id = id;
  const value = model.example[column.name];
  input.value = value === null ? "" : String(value);
  input.setAttribute("aria-describedby", `${id}-problem`);
  const suggestions = column.levels && input.tagName === "INPUT" ? [levelsOf(column, made("datalist", { id: `${id}-levels` }))] : [];
  return made("div", {}, label, input, ...suggestions, made("p", { id: `${id}-problem`, className: "problem" }));
}

function entry(column, id) {
  const closed = column.levels && !column.unseen && column.levels.length <= longestList;
  if (closed || column.type === "boolean") return levelsOf(column, made("select"));
  const input = made("input", { autocomplete: "off", spellcheck: false });
  if (column.levels) input.setAttribute("list", `${id}-levels`);
  if (column.type === "float" || column.type === "integer") input.inputMode = "decimal";
  if (column.type === "date") input.type = "date";
  return input;
}

function levelsOf(column, list) {
  const levels = column.levels ?? ["true", "false"];
  const gap = column.nullable && list.tagName === "SELECT" ? [""] : [];
  list.append(...[...gap, ...levels].map((level) => made("option", { value: level, textContent: level })));
  return list;
}

/** Return a field's value as JSON has it; what is no number is sent as it is, and the service says what is wrong. */
function valueOf(column, said) {
  if (said === "" && (column.nullable || column.type !== "text")) return null;
  if (column.type === "boolean") return said === "true";
  const number = Number(said);
  const isNumber = (column.type === "float" || column.type === "integer") && said.trim() !== "";
  return isNumber && Number.isFinite(number) && (column.type === "float" || Number.isSafeInteger(number)) ? number : said;
}

function curl(address, body) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const key = at("authorization").value.trim() ? ' -H "Authorization: $AUTHORIZATION"' : "";
  return `curl -H 'Content-Type: application/json'${key} \\\n  ${quoted(address.href)} \\\n  -d ${quoted(body)}`;
}

async function predict(event) {
  event.preventDefault();
  const what = event.submitter?.value ?? "predict";
  const values = model.fields.map((column, number) => [column.name, valueOf(column, at(`field-${number}`).value)]);
  const address = addressOf(model.name, what);
  const body = JSON.stringify([Object.fromEntries(values)]);
  const asking = model;
  const buttons = [...at("ask").querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const answer = await asked(address, options).catch(() => ({ status: 0, good: false, text: "The service cannot be reached." }));
  for (const button of buttons) button.disabled = false;
  if (asking === model) tell(answer, curl(address, body));
}

function tell(answer, command) {
  const problems = new Map((answer.body?.problems ?? []).map((problem) => [problem.field, problem.message]));
  model.fields.forEach((column, number) => {
    const problem = problems.get(column.name) ?? "";
    at(`field-${number}`).setAttribute("aria-invalid", String(Boolean(problem)));
    at(`field-${number}-problem`).textContent = problem && `${problem}`;
  });
  const shown = answer.good ? answersOf(answer.body) : [made("p", { className: "failed", textContent: reason(answer) })];
  const json = answer.body ? JSON.stringify(answer.body, null, 2) : answer.text;
  at("answer").replaceChildren(...shown,
    made("h3", {}, "Request", ...copier(command)), made("pre", { id: "command", tabIndex: 0, textContent: command }),
    made("h3", {}, "Answer, status ", made("span", { id: "status", textContent: answer.status })),
    made("pre", { tabIndex: 0, textContent: json }));
}

/** Return a button that copies a text, where the browser lets a page do that. */
function copier(text) {
  if (!navigator.clipboard) return [];
  const button = made("button", { type: "button", className: "second small", textContent: "Copy" });
  button.addEventListener("click", () => navigator.clipboard.writeText(text).then(
    () => { button.textContent = "Copied"; }, () => { button.textContent = "Not allowed"; }));
  return [button];
}

function answersOf(body) {
  const result = body?.result?.[0];
  const text = typeof result === "object" ? JSON.stringify(result) : String(result);
  const label = made("p", { className: "label", id: "result", textContent: result === null ? "missing" : text });
  const shares = body?.probabilities?.[0];
  return shares ? [label, tableOf(shares)] : [label];
}

function tableOf(shares) {
  const best = Math.max(...shares);
  const rows = model.classes.map((label, number) => made("tr", { className: shares[number] === best ? "best" : "" },
    made("th", { scope: "row", textContent: String(label) }),
    made("td", {}, made("meter", { min: 0, max: 1, value: shares[number] ?? 0, ariaLabel: String(label) })),
    made("td", { textContent: shares[number] === null ? "missing" : shares[number].toFixed(4) })));
  return made("table", { id: "shares" }, made("tbody", {}, ...rows));
}

at("ask").addEventListener("submit", predict);
at("again").addEventListener("click", listModels);
addEventListener("hashchange", () => choose());
listModels();
