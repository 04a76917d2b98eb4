/** A form made of a model's schema, which asks the model and shows what it answers. */

import { made } from "./dom.js";
import { addressOf, asked, authorization, reason } from "./service.js";

const longestList = 500; // levels that are a list to choose from; more are suggestions

/** Return the form of a model as `/models/NAME` tells of it, and where its answers stand. */
export function formOf(model) {
  const fields = model.fields.map((column, number) => fieldOf(model, column, number));
  const predict = made("button", { type: "submit", value: "predict", textContent: "Predict" });
  const both = made("button", {
    type: "submit", value: "predict?proba=true", id: "proba", className: "second", textContent: "Predict with probabilities", hidden: !model.classes,
  });
  const form = made("form", { id: "ask", noValidate: true },
    made("h3", { textContent: "A row" }),
    made("p", { className: "soft", textContent: "The values are typical of what the model was fitted on; they are no row of its data." }),
    made("div", { id: "fields" }, ...fields.map(({ place }) => place)),
    made("p", { className: "buttons" }, predict, both));
  const answers = made("section", { id: "answer", ariaLive: "polite", ariaLabel: "Answer" });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = JSON.stringify([Object.fromEntries(fields.map(({ column, input }) => [column.name, valueOf(column, input.value)]))]);
    const address = addressOf(model.name, event.submitter?.value ?? "predict");
    for (const button of [predict, both]) button.disabled = true;
    const answer = await asked(address, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    for (const button of [predict, both]) button.disabled = false;
    tell(model, fields, answers, answer, curl(address, body));
  });
  return [form, answers];
}

function fieldOf(model, column, number) {
  const id = `field-${number}`;
  const kind = `${column.type}${column.zone ? `, ${column.zone}` : ""}${column.nullable ? ", empty: missing" : ""}`;
  const label = made("label", { htmlFor: id }, `${column.name} `, made("span", { className: "type", textContent: kind }));
  const input = entry(column, id);
  const value = model.example[column.name];
  input.id = id;
  input.value = value === null ? "" : String(value);
  input.setAttribute("aria-describedby", `${id}-problem`);
  const problem = made("p", { id: `${id}-problem`, className: "problem" });
  const suggestions = column.levels && input.tagName === "INPUT" ? [levelsOf(column, made("datalist", { id: `${id}-levels` }))] : [];
  return { column, input, problem, place: made("div", {}, label, input, ...suggestions, problem) };
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
  const key = authorization() ? ' -H "Authorization: $AUTHORIZATION"' : "";
  return `curl -H 'Content-Type: application/json'${key} \\\n  ${quoted(address.href)} \\\n  -d ${quoted(body)}`;
}

function tell(model, fields, place, answer, command) {
  const problems = new Map((answer.body?.problems ?? []).map((problem) => [problem.field, problem.message]));
  for (const { column, input, problem } of fields) {
    const wrong = problems.get(column.name) ?? "";
    input.setAttribute("aria-invalid", String(Boolean(wrong)));
    problem.textContent = String(wrong);
  }
  const shown = answer.good ? answersOf(model, answer.body) : [made("p", { className: "failed", textContent: reason(answer) })];
  const json = answer.body ? JSON.stringify(answer.body, null, 2) : answer.text;
  place.replaceChildren(...shown,
    made("h3", {}, "Request", ...copier(command)), code("command", "Request as a command", command),
    made("h3", {}, "Answer, status ", made("span", { id: "status", textContent: answer.status })), code("json", "Answer as JSON", json));
}

function code(id, label, text) {
  return made("pre", { id, tabIndex: 0, role: "region", ariaLabel: label, textContent: text });
}

/** Return a button that copies a text, where the browser lets a page do that. */
function copier(text) {
  if (!navigator.clipboard) return [];
  const button = made("button", { type: "button", className: "second small", textContent: "Copy" });
  button.addEventListener("click", () => navigator.clipboard.writeText(text).then(
    () => { button.textContent = "Copied"; }, () => { button.textContent = "Not allowed"; }));
  return [button];
}

function answersOf(model, body) {
  const result = body?.result?.[0];
  const text = typeof result === "object" ? JSON.stringify(result) : String(result);
  const label = made("p", { className: "label", id: "result", textContent: result === null ? "missing" : text });
  const shares = body?.probabilities?.[0];
  return shares ? [label, barsOf(model, shares)] : [label];
}

/** Return a table with a bar for each class. */
function barsOf(model, shares) {
  const best = Math.max(...shares);
  const rows = model.classes.map((label, number) => made("tr", { className: shares[number] === best ? "best" : "" },
    made("th", { scope: "row", textContent: String(label) }),
    made("td", {}, made("meter", { min: 0, max: 1, value: shares[number] ?? 0, ariaLabel: String(label) })),
    made("td", { textContent: shares[number] === null ? "missing" : shares[number].toFixed(4) })));
  const caption = made("caption", { className: "unseen", textContent: "Probability of each class" });
  return made("table", { id: "shares" }, caption, made("tbody", {}, ...rows));
}
