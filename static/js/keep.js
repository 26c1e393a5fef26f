// A session can end while somebody types. What was sent is kept in this tab until the next page
// loads; only when that page is the sign-in is it put back afterwards.
import { kept } from "./page.js";

const TYPED = "typed";
const WANTED = "typed-wanted";

export function startKeep() {
  if (document.querySelector("[data-sign-in]")) {
    if (kept("sessionStorage", TYPED)) kept("sessionStorage", WANTED, "yes");
    return;
  }
  if (kept("sessionStorage", WANTED)) putBack();
  kept("sessionStorage", TYPED, null);
  kept("sessionStorage", WANTED, null);
  document.addEventListener("submit", (event) => keep(event.target), true);
  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form) keep(form);
  });
}

function fieldsOf(form) {
  return [...form.elements].filter(
    (field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type),
  );
}

function place(form) {
  return [...document.forms].indexOf(form);
}

function keep(form) {
  if (form.method !== "post" || "noKeep" in form.dataset) return;
  const values = fieldsOf(form).map((field) => [field.name, field.value, field.checked ?? null]);
  if (!values.length) return;
  const entry = { path: location.pathname, form: form.id || place(form), values };
  kept("sessionStorage", TYPED, JSON.stringify(entry));
}

function putBack() {
  const entry = JSON.parse(kept("sessionStorage", TYPED) ?? "null");
  if (!entry || entry.path !== location.pathname) return;
  const form = typeof entry.form === "string" ? document.getElementById(entry.form) : document.forms[entry.form];
  if (!(form instanceof HTMLFormElement)) return;
  const fields = fieldsOf(form);
  entry.values.forEach(([name, value, checked], index) => {
    const field = fields[index];
    if (field?.name !== name) return;
    if (field.type === "checkbox" || field.type === "radio") field.checked = checked;
    else field.value = value;
  });
  form.closest("dialog")?.showModal();
  form.scrollIntoView({ block: "center" });
}
