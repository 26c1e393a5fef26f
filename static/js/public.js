// The public pages work without any of this.
import { startAutosave } from "./autosave.js";
import { startDialogs } from "./dialog.js";

startAutosave();
startDialogs();
