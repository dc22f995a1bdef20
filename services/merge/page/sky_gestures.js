// Pointer, wheel and keys on the sky.

// The source nearest to a place of the canvas, within a finger's width; -1 where there is none.
function nearest(s, px, py, reach) {
  let best = -1, least = Infinity;
  for (const [row, x, y, r] of s.near) {
    const away = Math.hypot(x - px, y - py);
    if (away < Math.max(r + 2, reach) && away < least) { least = away; best = row; }
  }
  return best;
}

function describe({ data, size }, row) {
  const count = data.observations[row], { column } = size, value = column.value(row);
  const more = column.key === "observations" || column.key === "exposure" || value === null ? [] : [`${column.title} ${digits(value)} ${column.unit ?? ""}`];
  return [data.name[row], `l ${fixed(data.l[row], 2)}°, b ${fixed(data.b[row], 2)}°`,
    `${count} observation${count === 1 ? "" : "s"}, ${digits(data.exposure[row] / 1000)} ks`, ...more];
}

function tip(s, row) {
  const box = document.getElementById("tip");
  s.under = row;
  box.hidden = row < 0;
  s.canvas.style.cursor = row < 0 ? "grab" : "pointer";
  if (row >= 0) {
    const [name, ...lines] = describe(s, row), x = s.px(s.x[row]), y = s.py(s.y[row]);
    box.replaceChildren(make("b", {}, name), ...lines.map(line => make("span", {}, line)));
    box.style.left = `${Math.min(Math.max(x + 14, 4), Math.max(s.width - box.offsetWidth - 4, 4))}px`;
    box.style.top = `${y < box.offsetHeight + 16 ? y + 14 : y - box.offsetHeight - 14}px`;
  }
  marks(s);
}

function skyPointers(s, open) {
  const down = new Map(), canvas = s.canvas;
  let began = null, moved = 0;
  const anchor = () => { began = { at: [...down.values()], zoom: s.zoom, place: s.place(...middle([...down.values()])) }; };
  const middle = at => [0, 1].map(axis => at.reduce((sum, p) => sum + p[axis], 0) / at.length);
  const apart = at => at.length > 1 ? Math.max(Math.hypot(at[0][0] - at[1][0], at[0][1] - at[1][1]), 10) : 1;
  canvas.addEventListener("wheel", event => {
    if (event.deltaY > 0 && s.zoom <= 1 && !event.ctrlKey) return;
    event.preventDefault();
    tip(s, -1);
    s.closer(Math.exp(Math.max(-0.6, Math.min(0.6, -event.deltaY / 300))), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.onpointerdown = event => {
    if (event.button) return;
    if (!down.size) moved = 0;
    down.set(event.pointerId, [event.offsetX, event.offsetY]);
    canvas.setPointerCapture(event.pointerId);
    anchor();
  };
  canvas.onpointermove = event => {
    const here = [event.offsetX, event.offsetY];
    if (!down.has(event.pointerId)) { const row = nearest(s, ...here, 8); if (row !== s.under) tip(s, row); return; }
    down.set(event.pointerId, here);
    const now = [...down.values()], [px, py] = middle(now), [fx, fy] = middle(began.at);
    moved = now.length > 1 ? Infinity : Math.max(moved, Math.hypot(px - fx, py - fy));
    if (moved < 5) return;
    tip(s, -1);
    // What was under the fingers stays there.
    s.zoom = Math.min(Math.max(began.zoom * apart(now) / apart(began.at), 1), CLOSEST);
    const k = s.scale();
    s.look(s.zoom, [began.place[0] - (px - s.width / 2) / k, began.place[1] + (py - s.height / 2) / k]);
  };
  canvas.onpointerup = event => {
    if (!down.delete(event.pointerId)) return;
    if (down.size) { anchor(); return; }
    if (moved >= 5) return;
    const finger = event.pointerType === "touch", row = nearest(s, event.offsetX, event.offsetY, finger ? 20 : 8);
    if (row >= 0 && (!finger || row === s.under)) open(row, event.ctrlKey || event.metaKey);
    else if (finger) tip(s, row);
  };
  canvas.onpointercancel = event => { down.delete(event.pointerId); if (down.size) anchor(); };
  canvas.onpointerleave = event => { if (event.pointerType !== "touch") tip(s, -1); };
}

// The next source in a direction of the plane: near, and not far aside.
function beside(s, dx, dy) {
  let best = s.at, least = Infinity;
  for (const row of s.order) {
    const x = s.x[row] - s.x[s.at], y = s.y[row] - s.y[s.at], along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (along > 0 && aside <= along && along + 2 * aside < least) { least = along + 2 * aside; best = row; }
  }
  return best;
}

function skyKeys(s, open) {
  const go = row => {
    if (row === undefined) return;
    s.at = row;
    const x = s.px(s.x[row]), y = s.py(s.y[row]);
    if (x < 0 || x > s.width || y < 0 || y > s.height) s.look(s.zoom, [s.x[row], s.y[row]]);
    tip(s, row);
    document.getElementById("said").textContent = describe(s, row).join("; ");
  };
  const largest = () => s.near[0]?.[0] ?? s.order[0], listed = way => {
    const at = s.order.indexOf(s.at);
    go(s.order[at < 0 ? 0 : Math.min(Math.max(at + way, 0), s.order.length - 1)]);
  };
  const arrow = (dx, dy) => shift => {
    if (shift) s.move(0.2 * dx * s.width, -0.2 * dy * s.height);
    else go(s.chosen.has(s.at) ? beside(s, dx, dy) : largest());
  };
  const acts = {
    "+": () => s.closer(1.6), "=": () => s.closer(1.6), "-": () => s.closer(1 / 1.6), 0: s.whole,
    ArrowLeft: arrow(-1, 0), ArrowRight: arrow(1, 0), ArrowUp: arrow(0, 1), ArrowDown: arrow(0, -1),
    n: () => listed(1), p: () => listed(-1), Enter: () => { if (s.at >= 0) open(s.at); },
    Escape: () => { s.at = -1; tip(s, -1); },
  };
  s.canvas.onblur = () => tip(s, -1);
  s.canvas.onkeydown = event => {
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act(event.shiftKey);
  };
}
