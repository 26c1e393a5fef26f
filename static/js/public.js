// The public pages work without any of this.
import { startAutosave } from "./autosave.js";
import { startComboboxes } from "./combobox.js";
import { startDialogs } from "./dialog.js";
import { startOnce } from "./once.js";
import { startProof } from "./proof.js";

startAutosave();
document.querySelector("[data-error-summary]")?.focus();
startComboboxes();
startDialogs();
startProof();
startOnce();
