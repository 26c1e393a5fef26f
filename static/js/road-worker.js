// Shows My week and the briefs of its visits when there is no network. It is served as /sw.js, with
// VERSION and FILES (what all pages are made of) written above these lines.
//
// What is private is put into a store by the page of its owner (road.js), never here: this worker
// only reads it, and throws it away when the server says that nobody is signed in any more. A POST
// never comes near a store.

const SHELL = `shell-${VERSION}`;
const PATIENCE = 4000;
const LONGEST_KEPT = 14 * 24 * 3600 * 1000;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  const files = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll(files)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldShells().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (FILES.includes(url.pathname)) event.respondWith(file(request));
  else if (request.mode === "navigate" && /^\/(my-week|visits)\//.test(url.pathname)) {
    event.respondWith(page(request, url));
  }
});

async function dropOldShells() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("shell-") && name !== SHELL).map((name) => caches.delete(name)));
}

async function file(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { cacheName: SHELL, ignoreSearch: true })) ?? Response.error();
  }
}

/** The page as it is now; when that cannot be had, the kept one. */
async function page(request, url) {
  const fresh = fetch(request);
  const kept = await keptPage(url);
  if (!kept) return fresh.catch(() => elsewhere());
  const answer = await Promise.race([fresh.catch(() => null), later(PATIENCE)]);
  if (!answer || answer.status >= 500) return kept;
  // Pages for the road lead nowhere but to the sign-in.
  if (answer.type === "opaqueredirect") await forget();
  return answer;
}

function later(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds, null));
}

async function stores() {
  return (await caches.keys()).filter((name) => name.startsWith("road-"));
}

async function forget() {
  await Promise.all((await stores()).map((name) => caches.delete(name)));
}

async function keptPage(url) {
  // "This week" is written with a question mark and nothing behind it.
  const address = url.pathname + url.search;
  const ignoreSearch = url.pathname.startsWith("/visits/");
  for (const name of await stores()) {
    const store = await caches.open(name);
    const found = await store.match(address, { ignoreSearch });
    if (!found) continue;
    if (Date.now() - Number(found.headers.get("X-Kept-At")) < LONGEST_KEPT) return found;
    await store.delete(address, { ignoreSearch });
  }
  return null;
}

/** A page that is not kept: back to the week, which says so. */
async function elsewhere() {
  const week = await keptPage(new URL("/my-week/", location.origin));
  return week ? Response.redirect("/my-week/#not-kept") : Response.error();
}
