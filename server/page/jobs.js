/** The jobs: how they stand, how far they are, and what they say. */

import { act, askForToken } from "./actions.js";
import { at, button, made, say, show, tableOf } from "./dom.js";
import { span, whole } from "./format.js";
import { agoOf, markOf } from "./marks.js";
import { asked, authorization, reason } from "./service.js";

const kinds = { queued: "idle", running: "busy", cancelling: "busy", finished: "good", error: "bad", cancelled: "idle" };
const names = { update_model_cache: "look into the store" };
const over = ["finished", "error", "cancelled"];
const shownOfId = 8;

export class Jobs {
  #changeable = false;
  #table = tableOf("Jobs", [
    { head: "Job", first: true, part: ({ id }) => made("code", { title: id, textContent: id.length > shownOfId + 1 ? `${id.slice(0, shownOfId)}…` : id }) },
    { head: "What", text: ({ func }) => names[func] ?? func },
    { head: "State", part: () => markOf(({ status }) => [kinds[status] ?? "idle", status]) },
    { head: "Progress", part: () => progress() },
    { head: "Asked for", part: () => agoOf(({ created }) => created) },
    { head: "Took", kind: "number", text: took },
    { head: "Actions", unseen: true, part: (job) => this.#actions(job) },
  ], ({ id }) => id, (job) => this.#log(job));

  constructor() {
    at("jobs").append(this.#table);
  }

  update({ jobs, at: now, changeable }) {
    this.#changeable = changeable;
    const states = Object.entries(jobs.states).filter(([, count]) => count);
    say(at("job-states"), states.map(([state, count]) => `${whole(count)} ${state}`).join(" · "));
    this.#table.show(jobs.newest.map((each) => ({ ...each, now })));
    show(this.#table, jobs.newest.length);
    show(at("no-jobs"), !jobs.newest.length);
  }

  #actions({ id }) {
    const log = button("Log", "second small", async () => {
      const under = log.closest("tbody").querySelector(".under");
      const open = under.hidden;
      if (open && !authorization() && !(await askForToken("What a job says is for those with the scope admin, or the admin token."))) return;
      show(under, open);
      log.setAttribute("aria-expanded", String(open));
      if (open) under.querySelector("pre").look();
    });
    log.setAttribute("aria-expanded", "false");
    log.setAttribute("aria-label", `Log of job ${id}`);
    const cancel = button("Cancel", "second small", () => act({
      question: `Cancel job ${id}?`,
      more: "What it has done is lost, but for versions that it has stored.",
      label: "Cancel the job",
      address: `jobs/${encodeURIComponent(id)}`,
      options: { method: "DELETE" },
      done: `Job ${id} is cancelled.`,
    }));
    cancel.setAttribute("aria-label", `Cancel job ${id}`);
    const place = made("span", { className: "actions" }, cancel, log);
    place.update = ({ status }) => {
      show(log, this.#changeable);
      show(cancel, this.#changeable && !over.includes(status) && status !== "cancelling");
    };
    return place;
  }

  /** Return what shows the log of a job, as long as it is open and the job goes on. */
  #log({ id }) {
    const place = made("pre", { tabIndex: 0, role: "region", ariaLabel: `Log of job ${id}`, textContent: "Loading …" });
    let done = false;
    place.look = async () => {
      const answer = await asked(`jobs/${encodeURIComponent(id)}`);
      done = answer.good && over.includes(answer.body.status);
      say(place, answer.good ? answer.body.info || "It has said nothing." : reason(answer));
    };
    place.update = () => {
      if (!done && !place.closest("tr")?.hidden && place.isConnected) place.look();
    };
    return place;
  }
}

function progress() {
  const bar = made("progress");
  const words = made("span");
  const place = made("span", { className: "progress" }, bar, words);
  place.update = ({ status, progress: far, func }) => {
    const steps = far?.of ?? 0;
    show(bar, status === "running");
    bar.setAttribute("aria-label", `Progress of ${func}`);
    if (steps) Object.assign(bar, { max: steps, value: Math.max(0, far.number - 1) });
    else bar.removeAttribute("value");
    say(words, far && steps ? `step ${far.number} of ${steps}, ${far.step}, ${whole(far.rows)} rows` : "");
  };
  return place;
}

function took({ started, finished, now }) {
  if (!started) return "";
  return span((Date.parse(finished ?? now) - Date.parse(started)) / 1000);
}
