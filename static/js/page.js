// Small questions about the page that several modules ask.

/** Whether a key press belongs to a field the person is typing in. */
export function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])"))
  );
}

/** Runs `act(root)` now for the whole page and again for every piece htmx brings in. */
export function onContent(act) {
  act(document);
  document.addEventListener("htmx:load", (event) => act(event.detail.elt));
}

/**
 * A value kept in this browser's "sessionStorage" or "localStorage". Storage may be full, or
 * forbidden as in a frame of another site: naming it then fails already, and that is no fault.
 */
export function kept(name, key, value) {
  try {
    const store = window[name];
    if (value === undefined) return store.getItem(key);
    if (value === null) store.removeItem(key);
    else store.setItem(key, value);
  } catch {
    return null;
  }
  return value;
}
