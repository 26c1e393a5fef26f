// A form keeps what was typed in this tab, so that a reload, a wrong click or another language of
// the page loses nothing. It stays in the browser and goes when the form has been sent or reset, or
// the tab is closed. Only what the person changed is kept: the rest is the page's to say.
import { kept } from "./page.js";

export function startAutosave() {
  for (const done of document.querySelectorAll("[data-autosave-done]")) {
    kept("sessionStorage", `form-${done.dataset.autosaveDone}`, null);
  }
  for (const form of document.querySelectorAll("form[data-autosave]")) start(form);
}

function start(form) {
  const key = `form-${form.dataset.autosave}`;
  let saved = read(key);
  // A page that comes back refused already holds what was typed.
  const isRefused = document.querySelector("[data-error-summary]") !== null;
  const put = isRefused ? [] : restore(form.elements, saved);
  // The note under a date is asked for by htmx, which listens once the page has loaded.
  addEventListener("load", () => announce(put), { once: true });
  form.addEventListener("htmx:afterSwap", (event) => {
    restore(event.target.querySelectorAll("input"), saved);
  });
  const note = form.querySelector("[data-autosave-note]");
  if (note && put.length) note.hidden = false;
  form.addEventListener("reset", () => {
    saved = {};
    kept("sessionStorage", key, null);
    if (note) note.hidden = true;
  });
  form.addEventListener("input", ({ target }) => {
    if (!isTypedInto(target)) return;
    const fields = [...form.elements].filter((field) => field.name === target.name);
    if (isRefused || fields.some(isChanged)) saved[target.name] = { values: valuesOf(fields), lang: pageLanguage() };
    else delete saved[target.name];
    if (kept("sessionStorage", key, JSON.stringify(saved)) && note) note.hidden = false;
  });
}

function read(key) {
  try {
    const found = JSON.parse(kept("sessionStorage", key) ?? "{}");
    return typeof found === "object" && found !== null && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

function pageLanguage() {
  return document.documentElement.lang;
}

function isTypedInto(field) {
  if (!field.name || !(field instanceof HTMLElement)) return false;
  return !["hidden", "password", "submit", "button"].includes(field.type);
}

function isTick(field) {
  return field.type === "checkbox" || field.type === "radio";
}

/** Whether the field says something else than the page did when it was loaded. */
function isChanged(field) {
  if (isTick(field)) return field.checked !== field.defaultChecked;
  if (field instanceof HTMLSelectElement) {
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  }
  return field.value !== field.defaultValue;
}

function valuesOf(fields) {
  return fields.filter((field) => !isTick(field) || field.checked).map((field) => field.value);
}

/** Puts back what was kept and returns the fields that now say something else. */
function restore(fields, saved) {
  return [...fields].filter((field) => {
    const entry = saved[field.name];
    if (!entry || !isTypedInto(field)) return false;
    // Who changes the page's language says in which one to be written to.
    if ("followsPage" in field.dataset && entry.lang !== pageLanguage()) return false;
    if (isTick(field)) {
      const isTicked = entry.values.includes(field.value);
      if (field.checked === isTicked) return false;
      field.checked = isTicked;
      return true;
    }
    const [value] = entry.values;
    if (value === undefined || field.value === value) return false;
    field.value = value;
    return true;
  });
}

function announce(fields) {
  for (const field of fields) field.dispatchEvent(new Event("change", { bubbles: true }));
}
