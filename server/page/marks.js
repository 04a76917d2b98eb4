/** Marks that tell a state by a shape and a word, and by colour besides; and how long ago something was. */

import { made, say } from "./dom.js";
import { age, moment } from "./format.js";

/** Return a mark; `update` takes a kind, which is `good`, `busy`, `idle`, `odd` or `bad`, and a text. */
export function markOf(tell) {
  const text = made("span");
  const mark = made("span", {}, made("span", { className: "shape", ariaHidden: "true" }), text);
  mark.update = (item) => {
    const [kind, said, more] = tell(item);
    const wanted = `mark ${kind}`;
    if (mark.className !== wanted) mark.className = wanted;
    if (mark.title !== (more ?? "")) mark.title = more ?? "";
    say(text, said);
  };
  return mark;
}

/** Return how long ago something was; `update` takes an item with the service's `now`. */
export function agoOf(of) {
  const place = made("time");
  place.update = (item) => {
    const then = of(item);
    if (place.dateTime !== then) Object.assign(place, { dateTime: then, title: moment(then) });
    say(place, `${age(then, item.now)} ago`);
  };
  return place;
}
