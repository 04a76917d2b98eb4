/** The service that this page belongs to, and how it is asked: with the key or token of this tab, if it has one. */

export const root = new URL(document.documentElement.dataset.root, location.href);

const kept = "triglot-authorization";
let said = "";
try { said = sessionStorage.getItem(kept) ?? ""; } catch { /* a browser may keep nothing for a page */ }

/** Return what is sent as the header `Authorization`; empty for nothing. */
export function authorization() {
  return said;
}

/** Send this from now on, until the tab is closed: a key or token by itself is a bearer's. */
export function authorize(text) {
  const trimmed = text.trim();
  said = !trimmed || /^(bearer|basic|key) /i.test(trimmed) ? trimmed : `Bearer ${trimmed}`;
  try {
    if (said) sessionStorage.setItem(kept, said);
    else sessionStorage.removeItem(kept);
  } catch { /* as above */ }
}

export function addressOf(name, what = "") {
  return new URL(`models/${encodeURIComponent(name)}${what && `/${what}`}`, root);
}

/** Return the answer of the service; its status is 0 where there is none. */
export async function asked(address, options = {}) {
  const headers = said ? { ...options.headers, Authorization: said } : options.headers;
  try {
    const response = await fetch(new URL(address, root), { cache: "no-store", ...options, headers });
    const text = await response.text();
    let body = null;
    try { body = JSON.parse(text); } catch { /* what stands between may answer something else */ }
    return { status: response.status, good: response.ok, text, body };
  } catch {
    return { status: 0, good: false, text: "", body: null };
  }
}

export function reason(answer) {
  if (!answer.status) return "The service cannot be reached.";
  return `${answer.status}: ${answer.body?.message ?? (answer.text || "no answer")}`;
}
