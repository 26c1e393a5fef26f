// Everything a desk page needs; each module looks after one thing and finds its own elements.
import { startAutosave } from "./autosave.js";
import { startDialogs } from "./dialog.js";
import { startKeep } from "./keep.js";
import { startKeys } from "./keys.js";
import { startMenus } from "./menu.js";
import { startOnce } from "./once.js";
import { startPalette } from "./palette.js";
import { startPlan } from "./plan.js";
import { startOwner } from "./road-store.js";
import { startSplit } from "./split.js";
import { startTableSelect } from "./table-select.js";
import { startTheme } from "./theme.js";
import { startToasts } from "./toast.js";

startTheme();
startAutosave();
startDialogs();
startMenus();
startToasts();
startKeep();
startTableSelect();
startSplit();
startPlan();
startPalette();
startKeys();
startOwner();
startOnce();
