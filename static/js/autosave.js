// The public form keeps what was typed in this tab, so that a reload or a wrong click loses
// nothing. It stays in the browser and goes when the form has been sent or the tab is closed.
import { kept } from "./page.js";

export function startAutosave() {
  for (const done of document.querySelectorAll("[data-autosave-done]")) {
    kept("sessionStorage", `form-${done.dataset.autosaveDone}`, null);
  }
  for (const form of document.querySelectorAll("form[data-autosave]")) start(form);
  document.querySelector("[data-error-summary]")?.focus();
}

function start(form) {
  const key = `form-${form.dataset.autosave}`;
  // A page that comes back with faults already holds what was typed.
  if (!form.querySelector("[aria-invalid=true]")) restore(form, kept("sessionStorage", key));
  const note = form.querySelector("[data-autosave-note]");
  form.addEventListener("input", () => {
    const entries = [...new FormData(form)].filter(
      ([name, value]) => typeof value === "string" && !isPrivate(form.elements[name]),
    );
    if (kept("sessionStorage", key, JSON.stringify(entries)) && note) note.hidden = false;
  });
}

function isPrivate(field) {
  return field instanceof HTMLInputElement && ["hidden", "password"].includes(field.type);
}

function restore(form, text) {
  if (!text) return;
  const seen = {};
  for (const [name, value] of JSON.parse(text)) (seen[name] ??= []).push(value);
  for (const field of form.elements) {
    const values = seen[field.name];
    if (!values || isPrivate(field)) continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
    else if (field.type === "select-multiple") {
      for (const option of field.options) option.selected = values.includes(option.value);
    } else field.value = values.shift() ?? field.value;
  }
}
