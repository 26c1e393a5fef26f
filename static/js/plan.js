// The plan's board: it begins with today, arrow keys walk its visits, and its dialogs open in place.
import { openDialog } from "./dialog.js";
import { mayPress } from "./keys.js";
import { startDragging } from "./plan-drag.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WORK = { m: "moveUrl", p: "pinUrl", f: "forbidUrl" };

export function startPlan() {
  for (const plan of document.querySelectorAll("[data-plan]")) {
    scrollToToday(plan);
    plan.addEventListener("keydown", onBlockKey);
    if (plan.dataset.moveUrl) startDragging(plan, (ref) => openWork(`${plan.dataset.moveUrl}?request=${ref}`));
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-work]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    link.closest("details[open]")?.removeAttribute("open");
    openWork(link.href);
  });
  focusWhatMoved();
  addEventListener("beforeprint", tellReasons);
}

// On a narrow screen the plan begins with today instead of with its first day.
function scrollToToday(plan) {
  const scroll = plan.querySelector(".plan-scroll");
  const today = plan.querySelector(".plan-head.is-today");
  const hosts = plan.querySelector(".plan-hosts");
  if (!scroll || !today || document.dir === "rtl") return;
  scroll.scrollLeft = today.offsetLeft - hosts.offsetWidth - today.offsetWidth / 2;
}

// Paper shows also what nobody scrolled to. It does not wait, so the page does; a tray that asks more
// often than this fills no sheet.
const MOST_ASKED = 6;

function tellReasons() {
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const waiting = [...document.querySelectorAll("[id^=reason-]:is([hx-post], [data-ask])")];
  for (const row of waiting.slice(0, MOST_ASKED)) {
    const asked = new XMLHttpRequest();
    asked.open("POST", row.dataset.ask ?? row.getAttribute("hx-post"), false);
    asked.setRequestHeader("X-CSRFToken", token);
    asked.send();
    if (asked.status !== 200) return;
    const told = new DOMParser().parseFromString(asked.responseText, "text/html");
    for (const reason of told.querySelectorAll("[id^=reason-]")) {
      document.getElementById(reason.id)?.replaceWith(document.importNode(reason, true));
    }
  }
}

// The address names no element, so that the browser does not scroll other hosts out of sight.
function focusWhatMoved() {
  const ref = location.hash.startsWith("#moved-") && location.hash.slice("#moved-".length);
  const moved = ref ? document.getElementById(`at-${ref}`) : null;
  const target = moved?.matches("a") ? moved : moved?.querySelector("a");
  target?.focus({ preventScroll: true });
  target?.scrollIntoView({ block: moved === target ? "nearest" : "center", inline: "center" });
}

function onBlockKey(event) {
  const block = event.target.closest?.(".plan-visit");
  if (!block || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = STEPS[event.key];
  if (step) {
    event.preventDefault();
    neighbour(block, ...step)?.focus();
    return;
  }
  if (!block.dataset.move) {
    saysWhyItStays(event, block);
    return;
  }
  const base = event.currentTarget.dataset[WORK[event.key]];
  if (!base || !mayPress(event)) return;
  event.preventDefault();
  event.stopPropagation();
  const place = event.key === "m" ? "" : `&${placeOf(block, event.key)}`;
  openWork(`${base}${base.includes("?") ? "&" : "?"}request=${block.dataset.move}${place}`);
}

// What is agreed or on offer does not move in a draft; the server says so, and where it can be moved.
function saysWhyItStays(event, block) {
  const base = event.currentTarget.dataset.moveUrl;
  if (!base || !block.dataset.block || !WORK[event.key] || !mayPress(event)) return;
  event.preventDefault();
  event.stopPropagation();
  openWork(`${base}?request=${block.dataset.block}`);
}

// A pin takes the very start, a ban only the host and the day.
function placeOf(block, key) {
  const place = new URLSearchParams(block.dataset.place);
  if (key === "f") place.delete("start");
  return place;
}

/** The next visit of the same host, or the nearest one of the next host that has any. */
function neighbour(block, across, down) {
  const here = middle(block);
  const others = [...block.closest("svg").querySelectorAll(".plan-visit")].filter((each) => each !== block);
  const ranked = others
    .map((each) => ({ each, at: middle(each) }))
    .filter(({ at }) =>
      down ? Math.sign(Math.round(at.y - here.y)) === down : at.y === here.y && Math.sign(at.x - here.x) === across,
    )
    .sort((one, other) => distance(here, one.at, down) - distance(here, other.at, down));
  return ranked[0]?.each;
}

function distance(here, at, down) {
  return Math.abs(at.x - here.x) + (down ? Math.abs(at.y - here.y) * 1000 : 0);
}

function middle(block) {
  const bar = block.querySelector("rect");
  return { x: Number(bar.getAttribute("x")) + Number(bar.getAttribute("width")) / 2, y: Number(bar.getAttribute("y")) };
}

/** Opens the form of an address in the page's dialog; where that fails, the page itself. */
async function openWork(address) {
  const dialog = document.getElementById("plan-work");
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" } });
    const text = await answer.text();
    if (!answer.ok || answer.redirected || !dialog || text.includes("<html")) throw new Error(answer.statusText);
    const body = dialog.querySelector("[data-work-body]");
    body.innerHTML = text;
    dialog.querySelector("h2").textContent = body.querySelector("[data-work-title]")?.dataset.workTitle ?? "";
    openDialog(dialog);
    for (const button of body.querySelectorAll("a[data-close]")) {
      button.addEventListener("click", (event) => event.preventDefault());
    }
  } catch {
    location.assign(address);
  }
}
