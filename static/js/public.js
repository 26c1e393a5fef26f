// The public pages work without any of this.
import { startAutosave } from "./autosave.js";
import { startDialogs } from "./dialog.js";
import { startProof } from "./proof.js";

startAutosave();
startDialogs();
startProof();
