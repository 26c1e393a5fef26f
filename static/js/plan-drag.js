// Dragging a visit of a draft, or a request of its tray, to another host and day. The server says for
// every cell beforehand whether it is possible; a cell that is not says why, and nothing is sent.

const FAR = 6;
const EDGE = 48;
const SVG = "http://www.w3.org/2000/svg";

export function startDragging(plan, open) {
  const board = new Board(plan, open);
  document.addEventListener("pointerdown", (event) => {
    const source = event.target.closest("[data-move]");
    if (!source && plan.contains(event.target)) waitForPull(event, open);
    if (!source || event.button || event.target.closest("button, summary, .menu, form")) return;
    if (event.pointerType !== "mouse" && !source.matches(".plan-visit") && !event.target.closest("[data-grip]")) return;
    new Drag(board, source, event);
  });
  // Inside a drawing Chromium does not heed touch-action, so the finger would scroll the board instead.
  board.drawing.addEventListener("touchmove", keepFinger, { passive: false });
}

// A visit that stays is not dragged; whoever pulls at it is told why.
function waitForPull(event, sayWhyItStays) {
  const block = event.target.closest(".plan-visit[data-block]");
  if (!block?.dataset.block || event.button || event.pointerType !== "mouse") return;
  const stop = new AbortController();
  const noClick = (click) => {
    click.preventDefault();
    click.stopPropagation();
  };
  block.addEventListener("dragstart", (start) => start.preventDefault(), { signal: stop.signal });
  document.addEventListener(
    "pointerup",
    (up) => {
      stop.abort();
      if (Math.hypot(up.clientX - event.clientX, up.clientY - event.clientY) < FAR) return;
      document.addEventListener("click", noClick, { capture: true });
      setTimeout(() => document.removeEventListener("click", noClick, { capture: true }));
      sayWhyItStays(block.dataset.block);
    },
    { signal: stop.signal },
  );
  document.addEventListener("pointercancel", () => stop.abort(), { signal: stop.signal });
}

function keepFinger(event) {
  if (event.touches.length === 1 && event.cancelable && event.target.closest(".plan-visit[data-move]")) {
    event.preventDefault();
  }
}

class Board {
  constructor(plan, open) {
    this.plan = plan;
    this.open = open;
    this.drawing = plan.querySelector(".plan-drawing");
    this.scroll = plan.querySelector(".plan-scroll");
    this.form = document.querySelector("[data-drop-form]");
    this.panel = document.querySelector("[data-verdict]");
    this.tray = document.querySelector("[data-tray]");
  }

  async ask(ref, more = "") {
    const answer = await fetch(`${this.plan.dataset.verdictsUrl}?request=${encodeURIComponent(ref)}${more}`);
    if (answer.redirected) location.reload();
    const isRefused = answer.status === 409 || answer.status === 422;
    if (!answer.ok && !isRefused) throw new Error(answer.statusText);
    return answer.json();
  }

  /** Host and day under a point of the screen, with its box in the drawing. */
  cellAt(x, y) {
    const box = this.drawing.getBoundingClientRect();
    const scale = this.drawing.viewBox.baseVal.width / box.width;
    const left = (x - box.left) * scale;
    const top = (y - box.top) * scale;
    const days = [...this.drawing.querySelectorAll("[data-day]")];
    const day = days.find((each) => isWithin(left, attribute(each, "x"), attribute(each, "width")));
    const lanes = [...this.drawing.querySelectorAll("[data-host]")];
    const lane = lanes.find((each) => isWithin(top, Number(each.dataset.top), Number(each.dataset.height)));
    return day && lane ? `${lane.dataset.host} ${day.dataset.day}` : null;
  }

  isInTray(x, y) {
    const box = this.tray?.closest(".card").getBoundingClientRect();
    return Boolean(box) && isWithin(x, box.left, box.width) && isWithin(y, box.top, box.height);
  }

  /** Every cell as a rectangle over the board, by its name. */
  drawCells() {
    this.layer = document.createElementNS(SVG, "g");
    const cells = new Map();
    for (const lane of this.drawing.querySelectorAll("[data-host]")) {
      for (const day of this.drawing.querySelectorAll("[data-day]")) {
        const rect = document.createElementNS(SVG, "rect");
        rect.setAttribute("class", "plan-cell");
        rect.setAttribute("x", attribute(day, "x") + 1);
        rect.setAttribute("y", Number(lane.dataset.top) + 1);
        rect.setAttribute("width", attribute(day, "width") - 2);
        rect.setAttribute("height", Number(lane.dataset.height) - 2);
        cells.set(`${lane.dataset.host} ${day.dataset.day}`, rect);
        this.layer.append(rect);
      }
    }
    this.drawing.append(this.layer);
    return cells;
  }

  say(words, isPossible) {
    if (!this.panel) return;
    this.panel.hidden = !words;
    this.panel.textContent = words;
    this.panel.classList.toggle("is-impossible", !isPossible);
  }

  drop(values) {
    for (const [name, value] of Object.entries(values)) {
      if (!this.form.elements[name]) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = name;
        this.form.append(field);
      }
      this.form.elements[name].value = value;
    }
    this.form.requestSubmit();
  }
}

class Drag {
  constructor(board, source, event) {
    this.board = board;
    this.source = source;
    this.from = { x: event.clientX, y: event.clientY };
    this.pointer = event.pointerId;
    this.stop = new AbortController();
    const listen = (name, act) => document.addEventListener(name, act, { signal: this.stop.signal });
    listen("pointermove", (move) => move.pointerId === this.pointer && this.move(move));
    listen("pointerup", (up) => up.pointerId === this.pointer && this.end(up));
    listen("pointercancel", () => this.cancel());
    listen("keydown", (key) => key.key === "Escape" && this.cancel());
    for (const own of ["selectstart", "dragstart"]) listen(own, (start) => start.preventDefault());
  }

  move(event) {
    this.at = { x: event.clientX, y: event.clientY };
    if (!this.tip) {
      if (Math.hypot(this.at.x - this.from.x, this.at.y - this.from.y) < FAR) return;
      this.begin();
    }
    event.preventDefault();
    this.scrollAtEdge();
    this.show();
  }

  begin() {
    // What was dragged is not clicked.
    document.addEventListener("click", this.noClick, { capture: true });
    this.source.classList.add("is-dragged");
    this.tip = document.createElement("div");
    this.tip.className = "plan-drag";
    this.title = document.createElement("b");
    this.title.textContent = this.source.dataset.name;
    this.words = document.createElement("span");
    this.tip.append(this.title, this.words);
    document.body.append(this.tip);
    this.cells = this.board.drawCells();
    this.verdicts = this.board
      .ask(this.source.dataset.move)
      .catch(() => ({ refused: this.board.panel?.dataset.silent ?? "" }))
      .then((answer) => this.arrive(answer));
  }

  noClick = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };

  arrive(answer) {
    this.refused = answer.refused;
    this.known = new Map((answer.cells ?? []).map((cell) => [cell.cell, cell]));
    for (const [name, cell] of this.known) {
      const rect = this.cells.get(name);
      rect?.classList.add(cell.possible ? "is-possible" : "is-impossible");
      rect?.classList.toggle("is-soft", cell.possible && cell.soft.length > 0);
    }
    if (this.tip.isConnected) this.show();
    if (this.refused === undefined) this.helps = this.askWhatHelps();
  }

  // What would help on the days that refuse it takes longer, so it is asked for after the verdicts.
  async askWhatHelps() {
    const answer = await this.board.ask(this.source.dataset.move, "&helps=1").catch(() => ({}));
    this.online = answer.online ?? [];
    for (const [name, words] of Object.entries(answer.helps ?? {})) {
      const cell = this.known.get(name);
      if (cell) cell.words = `${cell.words} ${words}`;
    }
    if (this.tip.isConnected) this.show();
  }

  show() {
    const name = this.board.cellAt(this.at.x, this.at.y);
    for (const [key, rect] of this.cells) rect.classList.toggle("is-under", key === name);
    const cell = name && this.known?.get(name);
    const words = this.refused ?? (cell ? [cell.words, ...cell.soft].join(" ") : "");
    this.words.textContent = words;
    this.board.say(words, Boolean(cell?.possible));
    const left = Math.min(this.at.x + 14, innerWidth - this.tip.offsetWidth - 8);
    const top = Math.min(this.at.y + 16, innerHeight - this.tip.offsetHeight - 8);
    this.tip.style.transform = `translate(${left}px, ${top}px)`;
  }

  scrollAtEdge() {
    if (this.at.y > innerHeight - EDGE) window.scrollBy(0, 12);
    else if (this.at.y < EDGE + 80) window.scrollBy(0, -12);
    const scroll = this.board.scroll;
    const box = scroll.getBoundingClientRect();
    if (this.at.y < box.top || this.at.y > box.bottom) return;
    if (this.at.x > box.right - EDGE) scroll.scrollLeft += 12;
    else if (this.at.x < box.left + EDGE + 100) scroll.scrollLeft -= 12;
  }

  async end(event) {
    if (!this.tip) return this.cancel();
    const at = { x: event.clientX, y: event.clientY };
    const name = this.board.cellAt(at.x, at.y);
    const isOut = !name && this.board.isInTray(at.x, at.y) && this.source.matches(".plan-visit");
    this.stop.abort();
    await this.verdicts;
    const cell = name && this.known.get(name);
    this.cancel();
    const move = { request: this.source.dataset.move, seen: this.board.plan.dataset.seen };
    if (this.refused !== undefined) this.board.say(this.refused, false);
    else if (isOut) this.board.drop({ ...move, leave_out: "1" });
    else if (cell?.possible && !cell.here) this.board.drop({ ...move, cell: name, start: cell.start });
    else if (cell && !cell.possible) {
      this.board.say(cell.words, false);
      await this.helps;
      this.board.say(cell.words, false);
      if (this.online?.includes(name)) this.board.open(`${move.request}&cell=${encodeURIComponent(name)}&online=1`);
    }
    else this.board.say("", true);
  }

  cancel() {
    this.stop.abort();
    setTimeout(() => document.removeEventListener("click", this.noClick, { capture: true }));
    this.source.classList.remove("is-dragged");
    this.tip?.remove();
    this.board.layer?.remove();
    if (!this.tip) return;
    this.board.say("", true);
  }
}

function attribute(element, name) {
  return Number(element.getAttribute(name));
}

function isWithin(value, start, length) {
  return value >= start && value < start + length;
}
