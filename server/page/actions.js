/** What changes something: it is asked for twice, wants a key or token, and tells what came of it. */

import { at, show } from "./dom.js";
import { asked, authorization, authorize, reason } from "./service.js";

let again = () => {};

/** Have a function called after each change, and after another key or token was entered. */
export function afterChange(look) {
  again = look;
}

export function notice(text, { wrong = false } = {}) {
  at("notice").className = wrong ? "wrong" : "";
  at("notice").textContent = text;
  show(at("said"), text);
}

/** Return whether somebody has answered a dialog by its main button. */
function answered(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** Ask for a key or token; return whether there is one now. */
export async function askForToken(why = "") {
  const field = at("authorization");
  field.value = "";
  at("why").textContent = why;
  show(at("why"), why);
  show(at("forget"), authorization());
  const given = await answered(at("token"));
  if (given) authorize(field.value);
  field.value = "";
  if (given) again();
  tellToken();
  return Boolean(given && authorization());
}

export function tellToken() {
  at("enter").textContent = authorization() ? "Key in use" : "Enter key";
}

async function isSure(question, more, label) {
  at("question").textContent = question;
  at("more").textContent = more;
  at("yes").textContent = label;
  return answered(at("sure"));
}

/** Do something once somebody is sure, and has a key or token; return the answer, or null where nothing was done. */
export async function act({ question, more = "", label, address, options, done }) {
  if (!(await isSure(question, more, label))) return null;
  if (!authorization() && !(await askForToken("This needs a key with the scope admin, or the admin token."))) return null;
  const answer = await asked(address, options);
  if (answer.good) notice(done);
  else notice(`Not done. ${reason(answer)}`, { wrong: true });
  again();
  return answer;
}

for (const dialog of [at("token"), at("sure")]) {
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close(event.submitter?.value ?? "yes");
  });
}
at("forget").addEventListener("click", () => {
  authorize("");
  at("token").close("");
  again();
});
at("enter").addEventListener("click", () => askForToken());
at("dismiss").addEventListener("click", () => notice(""));
