/** How far what a model is asked is from its training, column by column, where that is looked for. */

import { at, say, show, tableOf } from "./dom.js";
import { share, span, unknown, whole } from "./format.js";
import { markOf } from "./marks.js";

const ratio = (value) => (value === null ? unknown : share(value, 1));

function facts({ profile, rows, least, seconds }, version) {
  if (!profile) return `Version ${version} keeps nothing of how its training data look: fit it again.`;
  if (rows < least) return `${whole(rows)} rows within the last ${span(seconds)}; from ${whole(least)} on they are compared with training`;
  return `${whole(rows)} rows within the last ${span(seconds)}, compared with training`;
}

export class Drift {
  #table = tableOf("Drift", [
    { head: "Column", first: true, text: ({ name }) => name },
    { head: "State", part: () => markOf(({ drifts }) => (drifts ? ["odd", "drifts"] : ["good", "as in training"])) },
    { head: "PSI", kind: "number", text: ({ psi }) => (psi === null ? unknown : psi.toFixed(2)) },
    { head: "Missing", kind: "number", text: ({ missing }) => ratio(missing) },
    { head: "Missing in training", kind: "number", text: (column) => ratio(column.missing_in_training) },
    { head: "Unseen levels", kind: "number", text: ({ unseen }) => ratio(unseen) },
  ], ({ name }) => name);

  constructor() {
    at("drift-columns").append(this.#table);
  }

  update({ drift, answers }) {
    show(at("drift"), drift);
    if (!drift) return;
    say(at("drift-facts"), facts(drift, answers));
    show(this.#table, drift.columns.length);
    this.#table.show(drift.columns);
  }
}
