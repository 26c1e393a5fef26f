// Rows one can walk with j and k: links marked data-row, or the first link of each row of a table
// marked data-rows. Enter follows the link, x ticks the row.

export function rows() {
  return [...document.querySelectorAll("[data-row], [data-rows] tbody tr")].filter(
    (row) => row.offsetParent !== null,
  );
}

function linkOf(row) {
  return row.matches("a") ? row : row.querySelector("th a, td a, a");
}

export function stepRow(by) {
  const all = rows();
  if (!all.length) return;
  const focused = all.findIndex((row) => row.contains(document.activeElement));
  const current = focused >= 0 ? focused : all.findIndex((row) => row.matches("[aria-current]"));
  const next = all[Math.min(Math.max(current + by, 0), all.length - 1)];
  const link = linkOf(next);
  link?.focus();
  next.scrollIntoView({ block: "nearest" });
  // In a split view moving is opening: the detail follows the list.
  if (link && next.closest("[data-split]") && next !== all[current]) link.click();
}

export function tickRow() {
  const row = rows().find((each) => each.contains(document.activeElement));
  row?.querySelector("[data-row-tick]")?.click();
}

export function startSplit() {
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const row = event.detail.elt;
    if (!row.matches?.(".split-row")) return;
    for (const other of row.closest("[data-split]").querySelectorAll(".split-row[aria-current]")) {
      other.removeAttribute("aria-current");
    }
    row.setAttribute("aria-current", "true");
    row.closest("[data-split]").classList.add("is-open");
  });
  // Bring the chosen row into its list without moving the page.
  const row = document.querySelector(".split-row[aria-current]");
  const list = row?.closest(".split-rows");
  if (list) list.scrollTop = row.offsetTop - list.clientHeight / 2;
}
