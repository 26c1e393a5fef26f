// A form that was sent is not sent again while its answer is on the way.

// A file that comes as the answer leaves the page as it is; then the form is free again.
const FREE_AFTER = 8_000;

export function startOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.ariaBusy === "true") {
      event.preventDefault();
      return;
    }
    form.ariaBusy = "true";
    setTimeout(() => free(form), FREE_AFTER);
  });
  // The back button shows the page as it was left.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(free));
}

function free(form) {
  form.removeAttribute("aria-busy");
}
