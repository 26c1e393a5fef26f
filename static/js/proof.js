// While a person types, the browser does a small piece of work beside them. It frees their form
// from the limits that are made for programs; without it the form is sent all the same.

export function startProof() {
  const field = document.querySelector("input[data-task]");
  if (!field || !window.isSecureContext || !window.Worker) return;
  // A page that comes back with something to correct may be sent again without a key pressed.
  if (field.form.querySelector("[data-error-summary]")) work(field);
  else field.form.addEventListener("input", () => work(field), { once: true });
}

function work(field) {
  const challenge = JSON.parse(field.dataset.task);
  const worker = new Worker(new URL("./proof-worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("error", () => worker.terminate());
  worker.addEventListener("message", ({ data: solution }) => {
    field.value = btoa(JSON.stringify({ challenge, solution }));
    worker.terminate();
  });
  worker.postMessage(challenge.parameters);
}
