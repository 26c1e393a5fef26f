// Native dialogs: data-open="id" opens, data-close closes, a click beside it closes too.
// A form with data-confirm asks first.

export function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const first = ".dialog-body input:not([type=hidden]), .dialog-body textarea, .dialog-body select";
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector(first))?.focus();
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.open);
      if (dialog instanceof HTMLDialogElement) {
        event.preventDefault();
        openDialog(dialog);
      }
      return;
    }
    if (event.target.closest("[data-close]")) {
      event.target.closest("dialog")?.close();
    } else if (event.target instanceof HTMLDialogElement && isOutside(event, event.target)) {
      event.target.close();
    }
  });
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset?.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
}

function isOutside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return (
    event.clientX < box.left || event.clientX > box.right ||
    event.clientY < box.top || event.clientY > box.bottom
  );
}
