import { startDialogs } from "./dialog.js";
import { startKeep } from "./keep.js";
import { startMenus } from "./menu.js";
import { startOnce } from "./once.js";
import { startRoad } from "./road.js";

startDialogs();
startMenus();
startKeep();
startRoad();
startOnce();
