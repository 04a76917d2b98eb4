/** The workers and the other programs of the service. */

import { act } from "./actions.js";
import { at, button, made, say, show, tableOf } from "./dom.js";
import { age, bytes, whole } from "./format.js";
import { markOf } from "./marks.js";

const kinds = { ready: "good", running: "good", starting: "busy", draining: "busy", silent: "odd", down: "bad" };
const programs = { web: "front end", jobs: "runner of jobs", messages: "requests by message", grpc: "gRPC" };

export class Processes {
  #changeable = false;
  #table = tableOf("Workers and programs", [
    { head: "Name", first: true, text: ({ name }) => name },
    { head: "What it is", text: whatItIs },
    { head: "State", part: () => markOf(({ state, trouble }) => [trouble ? "bad" : kinds[state], state, trouble]) },
    { head: "Memory", kind: "number", text: ({ memory }) => bytes(memory) },
    { head: "Restarts", kind: "number", text: ({ restarts }) => whole(restarts) },
    { head: "Last unasked end", part: () => crash() },
    { head: "Actions", unseen: true, part: (item) => this.#restart(item) },
  ], ({ program, name }) => program || ` ${name}`);

  constructor() {
    at("processes").append(this.#table);
  }

  update({ workers, programs: others, changeable, at: now }) {
    const items = [...workers, ...others].map((each) => ({ ...each, now }));
    this.#changeable = changeable;
    this.#table.show(items);
    show(this.#table, items.length);
    show(at("no-processes"), !items.length);
  }

  #restart({ program, name }) {
    const element = button("Restart", "second small", () => act({
      question: `Restart ${name}?`,
      more: program === "web" ? "The front end is renewed; workers keep what they have loaded." : "It ends in its own time, once it has done what it has; then it starts again.",
      label: "Restart",
      address: `programs/${encodeURIComponent(program)}/restart`,
      options: { method: "POST" },
      done: `${name} restarts.`,
    }));
    element.setAttribute("aria-label", `Restart ${name}`);
    element.update = () => show(element, this.#changeable && program);
    return element;
  }
}

function whatItIs({ name, program, language, pool }) {
  if (!pool) return programs[program.split(":")[0]] ?? "program";
  const group = pool.slice(language.length + 1);
  return `${language} worker${group ? `, group ${group}` : ""}${program ? "" : ", not supervised here"}`;
}

function crash() {
  const place = made("span");
  place.update = ({ crash: last, crashes, now }) => {
    const times = last ? crashes[last.how] ?? 1 : 0;
    say(place, last ? `${last.how}, ${age(last.at, now)} ago${times > 1 ? ` (${times} times)` : ""}` : "");
  };
  return place;
}
