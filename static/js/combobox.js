// A text field with suggestions from the server, as the ARIA combobox pattern describes it: a list
// under the field, chosen with the arrow keys and Enter, by mouse or by touch. What is typed counts
// as it is; a suggestion is only a shorter way. Without JavaScript it is a plain text field.
const WAIT = 250;

export function startComboboxes() {
  for (const field of document.querySelectorAll("input[data-suggestions]")) start(field);
}

function start(field) {
  const list = document.createElement("ul");
  list.id = `${field.id}-list`;
  list.className = "combobox-list";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.labels[0]?.firstChild.textContent.trim() ?? "");
  const told = document.createElement("span");
  told.className = "visually-hidden";
  told.setAttribute("role", "status");
  field.after(list, told);
  field.parentElement.classList.add("combobox");
  for (const [name, value] of [
    ["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"],
    ["aria-haspopup", "listbox"], ["aria-controls", list.id],
  ]) field.setAttribute(name, value);

  let timer = 0;
  let asked = null;
  let isChosen = false;

  const options = () => [...list.children];
  const active = () => list.querySelector("[aria-selected=true]");

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    active()?.setAttribute("aria-selected", "false");
  }

  function open() {
    list.hidden = options().length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
  }

  function mark(option) {
    active()?.setAttribute("aria-selected", "false");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", option.id);
  }

  function move(step) {
    const all = options();
    if (!all.length) return;
    if (list.hidden) open();
    const here = all.indexOf(active());
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : (here + step + all.length) % all.length;
    mark(all[next]);
  }

  function choose(option) {
    isChosen = true;
    field.value = option.dataset.value;
    close();
    told.textContent = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    isChosen = false;
  }

  async function suggest() {
    asked?.abort();
    const { signal } = asked = new AbortController();
    const address = new URL(field.dataset.suggestions, location.href);
    address.searchParams.set(field.name, field.value);
    try {
      const answer = await fetch(address, { signal, headers: { Accept: "text/html" } });
      if (answer.ok && document.activeElement === field) show(await answer.text());
    } catch {
      // The line is down: what is typed counts as it is. A question withdrawn because more was typed
      // must not close what its successor is about to open.
      if (!signal.aborted) close();
    }
  }

  function show(html) {
    const found = new DOMParser().parseFromString(html, "text/html");
    list.replaceChildren(...[...found.querySelectorAll("option")].map((each, place) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${place}`;
      option.dataset.value = each.value;
      option.textContent = each.value;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      return option;
    }));
    field.removeAttribute("aria-activedescendant");
    open();
    told.textContent = found.querySelector("template")?.content.textContent.trim() ?? "";
  }

  field.addEventListener("input", () => {
    if (isChosen) return;
    close();
    list.replaceChildren();
    told.textContent = "";
    if (field.value.trim()) timer = setTimeout(suggest, WAIT);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options().length) return;
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !list.hidden && active()) {
      event.preventDefault();
      choose(active());
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  field.addEventListener("blur", close);
  // Pressing must not take the focus away, or the list is gone before the finger is lifted.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const option = target.closest("[role=option]");
    if (option) choose(option);
  });
}
