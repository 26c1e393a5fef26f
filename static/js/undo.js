// Taking the last action back from any page: by the toast that still stands, else by what the
// server keeps of it.

export function undoLast() {
  const toast = newestToast();
  const kept = document.querySelector("[data-undo-last]");
  if (toast) toast.querySelector(".toast-undo").click();
  else if (kept) kept.requestSubmit();
  else sayNothing();
  return true;
}

function newestToast() {
  return [...document.querySelectorAll("#toasts [data-toast]:has(.toast-undo)")].at(-1);
}

function sayNothing() {
  const words = document.querySelector("[data-nothing-to-undo]");
  if (words) document.getElementById("toasts").replaceChildren(words.content.cloneNode(true));
}
