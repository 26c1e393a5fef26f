// Menus are <details>: they open without JavaScript. This closes them and moves with the arrows.

const OPEN = "details[data-menu][open]";

export function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(OPEN)) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details[data-menu]");
    if (!menu?.open) return;
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("select, textarea, input")) {
      event.preventDefault();
      step(menu, event.key === "ArrowDown" ? 1 : -1);
    }
  });
  // A menu that would leave the window opens towards the other side.
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("details[data-menu]")) return;
    menu.classList.remove("is-turned");
    const box = menu.open && menu.querySelector(".menu-list").getBoundingClientRect();
    if (box && (box.right > innerWidth - 4 || box.left < 4)) menu.classList.add("is-turned");
  }, true);
  document.addEventListener("focusin", (event) => {
    for (const menu of document.querySelectorAll(OPEN)) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
}

function step(menu, by) {
  const items = [...menu.querySelectorAll(".menu-list :is(a, button, input, select)")];
  const here = items.indexOf(document.activeElement);
  items[(here + by + items.length) % items.length]?.focus();
}
