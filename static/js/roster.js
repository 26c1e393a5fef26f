// The debrief roster by keyboard: on a row, a says "came", w "did not come", 1 and 2 the days.
// Focus stays in the row after a day and moves to the next row after an answer.
import { isTyping } from "./page.js";
import { stepRow } from "./split.js";

const MARKS = { a: "attended", w: "no_show", 1: "day_1", 2: "day_2" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const mark = MARKS[event.key];
  const row = event.target.closest?.("tr[data-roster]");
  const button = mark && row?.querySelector(`[data-mark="${mark}"]`);
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  const index = [...row.parentElement.children].indexOf(row);
  button.click();
  if (mark.startsWith("day")) keepFocus(row.parentElement, index);
  else stepRow(1);
}, true);

// The answer replaces the row, and with it what had focus.
function keepFocus(body, index) {
  body.addEventListener("htmx:afterSwap", () => body.children[index]?.querySelector("th a")?.focus(), { once: true });
}
