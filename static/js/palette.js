// Ctrl K: places, the actions of this page, and whatever the search finds, in one list.
// The search answers JSON: {"results": [{"label", "kind", "path", "words"}, …]}.

import { undoLast } from "./undo.js";

let palette, input, list, none;
let asked = 0;
// Whether somebody has walked down the list since they typed.
let hasWalked = false;

export function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  input.value = "";
  show("");
  input.focus();
}

export function startPalette() {
  palette = document.querySelector("dialog[data-palette]");
  if (!palette) return;
  input = palette.querySelector("input");
  list = palette.querySelector("[role=listbox]");
  none = palette.querySelector(".palette-none");
  addPageCommands();
  [...list.children].forEach((option, index) => { option.place = index; });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open=palette]");
    if (opener) {
      event.stopImmediatePropagation();
      openPalette();
    }
  }, true);
  input.addEventListener("input", () => show(input.value));
  input.addEventListener("keydown", onKey);
  palette.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  palette.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const option = selected();
    if (option) choose(option);
  });
}

// Buttons and links of the page marked data-command can be done from here too.
function addPageCommands() {
  document.querySelectorAll("main [data-command]").forEach((command, index) => {
    const option = makeOption({ label: command.textContent.trim(), kind: command.dataset.key ?? "" }, `command-${index}`);
    option.commandElement = command;
    list.prepend(option);
  });
}

function makeOption({ label, kind, path, words: around }, id) {
  const option = document.createElement("li");
  option.setAttribute("role", "option");
  option.id = `palette-${id}`;
  option.setAttribute("aria-selected", "false");
  if (path) option.dataset.href = path;
  option.dataset.words = label;
  const words = document.createElement("span");
  words.textContent = label;
  if (around) {
    const said = document.createElement("span");
    said.className = "palette-said";
    said.textContent = around;
    words.append(said);
  }
  const note = document.createElement("span");
  note.className = "palette-kind";
  note.textContent = kind;
  option.append(words, note);
  return option;
}

function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function wordsOf(text) {
  return fold(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

// The least is best, as the server ranks: a word, the beginning of one, within one, not there.
function likeness(option, wanted) {
  const words = wordsOf(option.dataset.words);
  const marks = wanted.map((word) => {
    if (words.includes(word)) return 0;
    if (words.some((other) => other.startsWith(word))) return 1;
    return words.some((other) => other.includes(word)) ? 2 : 3;
  });
  return Math.max(0, ...marks);
}

function sort() {
  const wanted = wordsOf(input.value);
  const ranked = [...list.children].map((option) => [option, likeness(option, wanted)]);
  ranked.sort(([a, one], [b, other]) => one - other || a.place - b.place);
  list.append(...ranked.map(([option]) => option));
}

function show(typed) {
  hasWalked = false;
  const words = fold(typed).split(/\s+/).filter(Boolean);
  for (const found of list.querySelectorAll("[data-found]")) found.remove();
  for (const option of list.children) {
    const text = fold(option.dataset.words);
    option.hidden = !words.every((word) => text.includes(word));
  }
  settle();
  if (palette.dataset.searchPath && typed.trim().length > 1) ask(typed.trim());
}

async function ask(typed) {
  const ticket = ++asked;
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (ticket !== asked) return;
  const answer = await fetch(`${palette.dataset.searchPath}?q=${encodeURIComponent(typed)}`, {
    headers: { Accept: "application/json", "X-Requested-With": "fetch" },
  }).catch(() => null);
  if (!answer?.ok || ticket !== asked || answer.redirected) return;
  const { results } = await answer.json();
  const own = visible().map((option) => option.commandElement?.getAttribute("href"));
  const others = results.filter((result) => !own.includes(result.path));
  const options = others.map((result, index) => {
    const option = makeOption(result, `found-${index}`);
    option.dataset.found = "";
    option.place = list.children.length + index;
    return option;
  });
  list.append(...options);
  settle();
}

function visible() {
  return [...list.querySelectorAll("[role=option]")].filter((option) => !option.hidden);
}

function selected() {
  return list.querySelector("[aria-selected=true]:not([hidden])");
}

function settle() {
  sort();
  const options = visible();
  select(hasWalked && options.includes(selected()) ? selected() : options[0]);
  none.hidden = options.length > 0;
}

function select(option) {
  for (const other of list.querySelectorAll("[aria-selected=true]")) other.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
}

function onKey(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  hasWalked = true;
  const options = visible();
  const here = options.indexOf(selected());
  const by = event.key === "ArrowDown" ? 1 : -1;
  select(options[(here + by + options.length) % options.length]);
}

function choose(option) {
  palette.close();
  if (option.dataset.undo !== undefined) undoLast();
  else if (option.commandElement) option.commandElement.click();
  else if (option.dataset.href) location.assign(option.dataset.href);
}
