// Ticking rows: all at once, a range with Shift, and a bar that says how many.
import { onContent } from "./page.js";

let last = null;

export function startTableSelect() {
  document.addEventListener("click", (event) => {
    const tick = event.target.closest("[data-row-tick]");
    if (!tick) return;
    if (event.shiftKey && last && last.closest("table") === tick.closest("table")) range(last, tick);
    last = tick;
    say(tick);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      for (const tick of ticksOf(event.target.closest("table"))) tick.checked = event.target.checked;
      say(event.target);
    }
  });
  onContent(() => document.querySelectorAll("[data-bulk-bar]").forEach((bar) => say(bar)));
}

function ticksOf(root) {
  return [...root.querySelectorAll("[data-row-tick]")];
}

function range(from, to) {
  const ticks = ticksOf(to.closest("table"));
  const [start, end] = [ticks.indexOf(from), ticks.indexOf(to)].sort((a, b) => a - b);
  for (const tick of ticks.slice(start, end + 1)) tick.checked = to.checked;
}

function say(inside) {
  const form = inside.closest("form") ?? document;
  const ticks = ticksOf(form);
  const count = ticks.filter((tick) => tick.checked).length;
  const all = form.querySelector("[data-tick-all]");
  if (all) {
    all.checked = count > 0 && count === ticks.length;
    all.indeterminate = count > 0 && count < ticks.length;
  }
  const bar = form.querySelector("[data-bulk-bar]");
  if (!bar) return;
  const words = bar.querySelector("[data-bulk-count]");
  words.textContent = count ? words.dataset.some.replace("%n", count) : words.dataset.none;
  bar.classList.toggle("is-live", count > 0);
  for (const button of bar.querySelectorAll("button")) button.disabled = count === 0;
}
