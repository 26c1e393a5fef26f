// Looks for the number whose derived key begins as the task says; beside the page, so that typing
// never waits. `visits/public/proof_of_work.py` sets the task and checks the answer.

self.addEventListener("message", async ({ data: task }) => {
  const nonce = bytes(task.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  const number = new DataView(password.buffer, nonce.length);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt: bytes(task.salt), iterations: task.cost };
  for (let counter = 0; counter < 2 ** 32; counter += 1) {
    number.setUint32(0, counter);
    const secret = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = hex(await crypto.subtle.deriveBits(derivation, secret, task.keyLength * 8));
    if (derivedKey.startsWith(task.keyPrefix)) {
      self.postMessage({ counter, derivedKey });
      return;
    }
  }
});

function bytes(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
