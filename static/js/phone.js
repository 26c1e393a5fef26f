import { startDialogs } from "./dialog.js";
import { startKeep } from "./keep.js";
import { startMenus } from "./menu.js";

startDialogs();
startMenus();
startKeep();
