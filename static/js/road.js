// My week on the road: keeps its pages on the phone, and holds notes until they have arrived.
import { dropNote, forgetCopies, openCopies, owner, ownNotes, putNote, sendNotes, startOwner } from "./road-store.js";

const ONCE_A_MINUTE = 60_000;
const isKeptCopy = "kept" in document.documentElement.dataset;

export async function startRoad() {
  startOwner();
  const road = document.querySelector("[data-road]");
  if (!road || !window.isSecureContext || !window.indexedDB) return;
  takeNotes(road);
  road.querySelector("[data-road-not-kept]").hidden = location.hash !== "#not-kept";
  showNotes(road);
  flush(road);
  addEventListener("online", () => {
    road.querySelector("[data-road-not-kept]").hidden = true;
    flush(road);
  });
  addEventListener("offline", () => showOnline(road, false));
  document.addEventListener("visibilitychange", () => document.hidden || flush(road));
  setInterval(() => flush(road), ONCE_A_MINUTE);
  if (navigator.serviceWorker && road.dataset.road) {
    await navigator.serviceWorker.register("/sw.js");
    if (!isKeptCopy) keep(road);
  }
}

// --- Pages ---

/** Keeps what the page names, and nothing that it does not name any more. */
async function keep(road) {
  const addresses = road.dataset.road.split(" ");
  const copies = await openCopies();
  const line = road.querySelector("[data-road-kept]");
  let count = 0;
  for (const address of addresses) {
    line.textContent = line.dataset.roadKept.replace("{n}", count).replace("{m}", addresses.length);
    line.hidden = false;
    if (await keepOne(copies, address)) count += 1;
  }
  line.textContent = line.dataset.roadKept.replace("{n}", count).replace("{m}", addresses.length);
  for (const request of await copies.keys()) {
    const { pathname, search } = new URL(request.url);
    if (!addresses.includes(pathname + search)) await copies.delete(request);
  }
}

async function keepOne(copies, address) {
  try {
    const kept = await copies.match(address);
    const mark = kept?.headers.get("ETag");
    // What says the same as the copy does not come again.
    const asked = mark ? { "If-None-Match": mark } : {};
    const answer = await fetch(address, { cache: "no-store", redirect: "manual", headers: asked });
    if (answer.status === 304) {
      const headers = new Headers(kept.headers);
      headers.set("X-Kept-At", Date.now());
      await copies.put(address, new Response(await kept.blob(), { headers }));
      return true;
    }
    if (answer.type === "opaqueredirect") await forgetCopies({ all: true });
    if (!answer.ok) return false;
    const headers = new Headers(answer.headers);
    headers.set("X-Kept-At", Date.now());
    // What is kept is unpacked.
    for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
    const isPage = headers.get("Content-Type").startsWith("text/html");
    // The copy says of itself that it is one; style sheets show then how old it is.
    const body = isPage ? (await answer.text()).replace("<html", "<html data-kept") : await answer.blob();
    await copies.put(address, new Response(body, { headers }));
    return true;
  } catch {
    return false;
  }
}

// --- Notes ---

function takeNotes(road) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!("roadNote" in form.dataset)) return;
    event.preventDefault();
    const { text, seen } = form.elements;
    if (!text.value.trim()) return text.focus();
    const note = { key: crypto.randomUUID(), owner: owner(), written: new Date().toISOString() };
    const { ref, title } = form.dataset;
    try {
      await putNote({ ...note, ref, title, text: text.value, seen: seen.value, error: "" });
    } catch {
      // A phone that keeps nothing sends the form as it is.
      return form.submit();
    }
    text.value = "";
    await showNotes(road);
    flush(road);
  });
}

async function flush(road) {
  const outcome = await sendNotes().catch(() => "offline");
  await showNotes(road);
  say(road, outcome);
  // Nothing was asked when there was nothing to send.
  showOnline(road, navigator.onLine && outcome !== "offline");
  if (outcome === "sent") road.querySelector("[data-road-reload]").hidden = false;
}

/** A kept copy stays one when the network is back; a live page becomes old when it goes. */
function showOnline(road, isOnline) {
  const page = document.documentElement;
  if (!isOnline) page.dataset.kept = "";
  else if (isKeptCopy) page.dataset.kept = "online";
  else delete page.dataset.kept;
  if (!isOnline || isKeptCopy) road.querySelector("[data-road-reload]").hidden = !isOnline;
}

/** Shows the one sentence that holds now; that notes have arrived stays true when there are no more. */
function say(road, outcome) {
  for (const sentence of road.querySelectorAll("[data-road-say]")) {
    const word = sentence.dataset.roadSay;
    if (word !== outcome && !(word === "sent" && outcome === "idle")) sentence.hidden = true;
    else if (word === outcome) sentence.hidden = false;
  }
}

async function showNotes(road) {
  const list = road.querySelector("[data-road-notes]");
  const notes = await ownNotes().catch(() => []);
  list.replaceChildren(...notes.map((note) => row(road, note)));
  road.querySelector("[data-road-box]").hidden = !notes.length;
}

function row(road, note) {
  const item = road.querySelector("[data-road-row]").content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(`[data-note-${name}]`);
  part("title").textContent = note.title;
  part("text").textContent = note.text;
  const state = note.changed ? "changed" : note.error ? "error" : "waiting";
  part(state).hidden = false;
  if (note.changed) part("changed").append(` ${note.changed}`);
  if (note.error) part("error").append(` ${note.error}`);
  const field = document.querySelector(`form[data-road-note][data-ref="${CSS.escape(note.ref)}"] textarea`);
  part("edit").hidden = state !== "error" || !field;
  part("edit").addEventListener("click", async () => {
    field.closest("details").open = true;
    field.value = [note.text, field.value].filter(Boolean).join("\n");
    field.focus();
    await dropNote(note.key);
    showNotes(road);
  });
  part("drop").hidden = state === "waiting";
  part("drop").addEventListener("click", async () => {
    await dropNote(note.key);
    showNotes(road);
  });
  return item;
}
