// What this phone keeps for the road, and for whom: copies of pages, and notes that still have to
// arrive. Copies belong to one person at a time; notes carry their writer and nobody else sees them.

const WEEK = "/my-week/";
const PATIENCE = 20_000;

export function owner() {
  return document.body.dataset.owner ?? "";
}

function storeName() {
  return `road-${owner()}`;
}

export async function openCopies() {
  return caches.open(storeName());
}

/** Throws away the copies of everybody but the one who is signed in, or of everybody. */
export async function forgetCopies({ all = false } = {}) {
  if (!window.caches) return;
  const names = await caches.keys();
  const theirs = names.filter((name) => name.startsWith("road-") && (all || name !== storeName()));
  await Promise.all(theirs.map((name) => caches.delete(name)));
}

// --- Notes ---

function database() {
  return new Promise((done, fail) => {
    const opening = indexedDB.open("road", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("notes", { keyPath: "key" });
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => fail(opening.error);
  });
}

async function inNotes(mode, act) {
  const open = await database();
  try {
    return await new Promise((done, fail) => {
      const transaction = open.transaction("notes", mode);
      const asked = act(transaction.objectStore("notes"));
      transaction.oncomplete = () => done(asked.result);
      transaction.onabort = () => fail(transaction.error);
    });
  } finally {
    open.close();
  }
}

export async function ownNotes() {
  const all = await inNotes("readonly", (notes) => notes.getAll());
  return all.filter((note) => note.owner === owner()).sort((a, b) => a.written.localeCompare(b.written));
}

export function putNote(note) {
  return inNotes("readwrite", (notes) => notes.put(note));
}

export function dropNote(key) {
  return inNotes("readwrite", (notes) => notes.delete(key));
}

/**
 * Sends what waits, one after the other. Returns "idle" when there was nothing to send, "sent",
 * "offline", "signed-out" or "somebody-else". A note leaves the phone only when the server says that
 * it has it.
 */
export function sendNotes() {
  return navigator.locks ? navigator.locks.request("road-notes", send) : send();
}

async function send() {
  const waiting = (await ownNotes()).filter((note) => !note.changed);
  if (!waiting.length) return "idle";
  const asked = await reach(`${WEEK}sender/`);
  if (typeof asked === "string") return asked;
  const sender = await asked.json();
  if (sender.owner !== owner()) return "somebody-else";
  for (const note of waiting) {
    const outcome = await sendOne(note, sender.token);
    if (outcome !== "sent") return outcome;
  }
  return "sent";
}

async function sendOne(note, token) {
  const body = new URLSearchParams({ key: note.key, text: note.text, written_at: note.written, seen: note.seen });
  const headers = { "X-CSRFToken": token };
  const answer = await reach(`${WEEK}visits/${encodeURIComponent(note.ref)}/note/`, { method: "POST", body, headers });
  if (typeof answer === "string") return answer;
  const said = await answer.json();
  if (said.error) await putNote({ ...note, error: said.error });
  else if (said.changed) await putNote({ ...note, error: "", ...said });
  else await dropNote(note.key);
  return "sent";
}

/** The server's answer when it is one of ours, else why there is none. */
async function reach(address, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(address, { cache: "no-store", redirect: "manual", signal, ...options, headers });
    // Our addresses lead nowhere but to the sign-in.
    if (answer.type === "opaqueredirect") await forgetCopies({ all: true });
    if (answer.type === "opaqueredirect" || answer.status === 403) return "signed-out";
    const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
    return isOurs ? answer : "offline";
  } catch {
    return "offline";
  }
}

// --- Coming and going ---

/**
 * On every page of somebody signed in: nobody finds another person's copies, and signing out takes
 * along the notes that wait. Those that cannot be sent go only when the person says so.
 */
export function startOwner() {
  if (!owner()) return;
  forgetCopies();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("signOut" in form.dataset) || !window.indexedDB) return;
    event.preventDefault();
    leave(form);
  });
}

async function leave(form) {
  await sendNotes().catch(() => "offline");
  const left = (await ownNotes().catch(() => [])).filter((note) => !note.changed);
  if (left.length && !confirm(form.dataset.signOut.replace("{n}", left.length))) return;
  await forgetCopies({ all: true }).catch(() => null);
  form.submit();
}
