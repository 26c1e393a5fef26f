// Toasts leave by themselves after a while, unless they carry an undo, report a fault, or are
// being read.
import { onContent } from "./page.js";

const SECONDS = 8;

export function startToasts() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) event.target.closest("[data-toast]")?.remove();
  });
  onContent((root) => {
    const toasts = [...root.querySelectorAll("[data-toast]")];
    if (root instanceof Element && root.matches("[data-toast]")) toasts.push(root);
    toasts.forEach(leaveLater);
  });
}

function leaveLater(toast) {
  if (toast.matches(".tone-fault, .tone-warn") || toast.querySelector("form")) return;
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000);
    else toast.remove();
  };
  setTimeout(leave, SECONDS * 1000);
}
