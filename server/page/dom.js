/** Elements that are made and kept up to date; all text goes in as text. */

export const at = (id) => document.getElementById(id);

/** Return an element with these properties and children. */
export function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Return an element of SVG with these attributes and children. */
export function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Have an element say a text; what says it already is left alone, so that no selection is lost. */
export function say(element, text) {
  const wanted = text ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
}

export function show(element, whether) {
  if (element.hidden === Boolean(whether)) element.hidden = !whether;
}

const keys = new WeakMap();

/**
 * Have a list hold a child for each item, in their order, behind those that are fixed: one that is there is updated and
 * moved only where it must be, so that focus stays.
 */
export function keep(list, items, keyOf, make, fixed = 0) {
  const known = new Map([...list.children].slice(fixed).map((child) => [keys.get(child), child]));
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const child = known.get(key) ?? make(item);
    known.delete(key);
    keys.set(child, key);
    child.update?.(item);
    return child;
  });
  for (const child of known.values()) child.remove();
  wanted.forEach((child, number) => {
    const there = list.children[fixed + number];
    if (there !== child) list.insertBefore(child, there ?? null);
  });
}

/**
 * Return a table of items, which `show` takes. A column has a head, and the text that it says of an item, or makes a part
 * with an `update` of its own; the one that is `first` names the row. `below` makes what may stand under a row.
 */
export function tableOf(caption, columns, keyOf, below) {
  const heads = columns.map(({ head, kind, unseen }) =>
    made("th", { scope: "col", className: kind ?? "" }, made("span", { className: unseen ? "unseen" : "", textContent: head })));
  const table = made("table", {},
    made("caption", { className: "unseen", textContent: caption }), made("thead", {}, made("tr", {}, ...heads)));
  const place = made("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: `Table: ${caption}` }, table);
  place.show = (items) => keep(table, items, keyOf, (item) => bodyOf(columns, item, below), 2);
  return place;
}

function bodyOf(columns, item, below) {
  const updates = [];
  const cells = columns.map((column) => {
    const cell = made(column.first ? "th" : "td", { className: column.kind ?? "" });
    if (column.first) cell.scope = "row";
    const part = column.part?.(item);
    if (part) cell.append(part);
    updates.push((each) => (part ? part.update?.(each) : say(cell, column.text(each))));
    return cell;
  });
  const under = below?.(item);
  const rows = [made("tr", {}, ...cells)];
  if (under) rows.push(made("tr", { className: "under", hidden: true }, made("td", { colSpan: columns.length }, under)));
  const body = made("tbody", {}, ...rows);
  body.update = (each) => {
    for (const update of updates) update(each);
    under?.update?.(each);
  };
  return body;
}

/** Return a button that does something. */
export function button(text, className, act) {
  const element = made("button", { type: "button", className, textContent: text });
  element.addEventListener("click", act);
  return element;
}
