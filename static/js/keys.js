// One-letter keys. Buttons and links say their own with data-key; "g r" goes to a part of the site.
import { openDialog } from "./dialog.js";
import { isTyping, kept } from "./page.js";
import { openPalette } from "./palette.js";
import { stepRow, tickRow } from "./split.js";
import { undoLast } from "./undo.js";

const OFF = "keys-off";
let goingUntil = 0;

export function startKeys() {
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  for (const key of document.querySelectorAll("[data-mod-key]")) key.textContent = isMac ? "⌘ K" : "Ctrl K";
  const off = document.querySelector("[data-keys-off]");
  if (off) {
    off.checked = kept("localStorage", OFF) === "yes";
    off.addEventListener("change", () => kept("localStorage", OFF, off.checked ? "yes" : null));
  }
  listPageKeys();
  document.addEventListener("keydown", onKey);
}

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
  if (!mayPress(event)) return;
  if (act(event)) event.preventDefault();
}

/** Whether a single letter is a command here: not while typing, in a dialog, or switched off. */
export function mayPress(event) {
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return false;
  return kept("localStorage", OFF) !== "yes";
}

function act(event) {
  const key = event.key;
  if (goingUntil > Date.now()) {
    goingUntil = 0;
    return go(key);
  }
  if (key === "g") {
    goingUntil = Date.now() + 1500;
    return true;
  }
  if (key === "/") return focusSearch();
  if (key === "?") return openDialog(document.getElementById("keys")), true;
  if (key === "j" || key === "k") return stepRow(key === "j" ? 1 : -1), true;
  if (key === "x" && event.target.closest?.("tr")) return tickRow(), true;
  return press(key) || (key === "u" && undoLast());
}

function go(key) {
  const place = [...document.querySelectorAll("#palette [data-href]")].find(
    (item) => item.querySelector("kbd")?.textContent === `g ${key}`,
  );
  if (place) location.assign(place.dataset.href);
  return Boolean(place);
}

function focusSearch() {
  const search = document.querySelector("[data-search]");
  if (!search) return openPalette(), true;
  search.focus();
  search.select();
  return true;
}

function press(key) {
  // Keys of a row act on the row one stands in.
  const row = document.activeElement?.closest("[data-rows] tbody tr");
  const own = row?.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
  if (own) return own.click(), true;
  const target = [...document.querySelectorAll("[data-key]")].find(
    (each) => each.dataset.key === key && each.offsetParent !== null && !each.disabled,
  );
  target?.click();
  return Boolean(target);
}

// The help says the keys of this page too, taken from the buttons themselves and from where the
// page names keys that its own module listens to.
function listPageKeys() {
  const slot = document.querySelector("[data-page-keys]");
  const owners = document.querySelectorAll("main :is([data-key], [data-says-key])");
  if (!slot || !owners.length) return;
  const list = document.createElement("dl");
  list.className = "keys";
  for (const owner of owners) {
    const line = document.createElement("div");
    const key = document.createElement("kbd");
    key.textContent = owner.dataset.key ?? owner.dataset.saysKey;
    const term = document.createElement("dt");
    term.append(key);
    const words = document.createElement("dd");
    words.textContent = (owner.querySelector("[data-words]") ?? owner).textContent.trim();
    line.append(term, words);
    list.append(line);
  }
  slot.replaceChildren(list);
}
