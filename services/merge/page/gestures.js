// Pointer, wheel and keys on the large figure.

// The bin nearest to a place on the canvas, within a finger's width.
function nearest(f, px, py) {
  const panel = f.panels.find(({ bottom }) => py < bottom + BETWEEN / 2) ?? f.panels.at(-1);
  let best = null, distance = 25;
  const offer = (n, x, source) => {
    const y = panel.y(source.rate[n]), far = Math.abs(x - px) + 0.05 * Math.abs(y - py);
    if (far < distance) { distance = far; best = { band: panel.band, n, x, y, source, row: source.owner[n] }; }
  };
  for (const n of panel.visible) offer(n, panel.at[n], panel.points);
  if (!best) panel.band.mean.time.forEach((t, n) => offer(n, f.x(t), panel.band.mean));
  return best;
}

function describe(f, { band, n, source, row }) {
  const t = source.time[n];
  return [f.data.names[row], `${measured(source.rate[n], source.error[n]).join(" ± ")} ${band.unit}`,
    `${f.line.utc(t)} UTC · MJD ${f.line.mjd(t).toFixed(5)}`];
}

function tip(f, found) {
  const box = document.getElementById("tip");
  f.under = found;
  box.hidden = !found;
  f.canvas.style.cursor = found ? "pointer" : "grab";
  if (!found) return;
  const [who, value, when] = describe(f, found);
  box.replaceChildren(make("b", {}, who), make("span", {}, found.band.name), make("span", {}, value), make("span", {}, when));
  const x = Math.min(Math.max(found.x + 14, 4), f.width - box.offsetWidth - 4);
  box.style.left = `${x}px`;
  box.style.top = `${found.y < box.offsetHeight + 16 ? found.y + 14 : found.y - box.offsetHeight - 14}px`;
}

function pointers(f, open) {
  const down = new Map(), canvas = f.canvas;
  let began = null, moved = 0;
  const inner = () => f.width - f.left - f.right;
  const anchor = () => { const xs = [...down.values()]; began = { xs, view: f.view }; };
  canvas.addEventListener("wheel", event => {
    const span = f.view[1] - f.view[0], all = f.line.u(f.line.end) - f.line.u(f.line.first);
    if (event.deltaY > 0 && span > 1.04 * all && !event.ctrlKey) return;
    event.preventDefault();
    f.zoom(Math.exp(Math.max(-0.6, Math.min(0.6, event.deltaY / 300))), (event.offsetX - f.left) / inner());
    tip(f, null);
  }, { passive: false });
  canvas.onpointerdown = event => {
    if (!down.size) moved = 0;
    down.set(event.pointerId, event.offsetX);
    canvas.setPointerCapture(event.pointerId);
    anchor();
  };
  canvas.onpointermove = event => {
    if (!down.has(event.pointerId)) { tip(f, nearest(f, event.offsetX, event.offsetY)); f.redraw(); return; }
    down.set(event.pointerId, event.offsetX);
    const now = [...down.values()], [low, high] = began.view, per = (high - low) / inner();
    moved = Math.max(moved, Math.abs(now[0] - began.xs[0]));
    if (moved < 4 && now.length < 2) return;
    if (now.length === 1) {
      f.view = began.view.map(v => v + (began.xs[0] - now[0]) * per);
    } else {
      moved = Infinity;
      const factor = Math.max(Math.abs(began.xs[0] - began.xs[1]), 10) / Math.max(Math.abs(now[0] - now[1]), 10);
      const held = low + ((began.xs[0] + began.xs[1]) / 2 - f.left) * per, at = ((now[0] + now[1]) / 2 - f.left) / inner();
      f.view = [held - at * (high - low) * factor, held + (1 - at) * (high - low) * factor];
    }
    tip(f, null);
    f.redraw();
  };
  canvas.onpointerup = event => {
    down.delete(event.pointerId);
    if (down.size) { anchor(); return; }
    const found = moved < 4 ? nearest(f, event.offsetX, event.offsetY) : null;
    if (found) open(found.row);
  };
  canvas.onpointercancel = event => { down.delete(event.pointerId); if (down.size) anchor(); };
  canvas.onpointerleave = () => { tip(f, null); f.redraw(); };
}

// Keys: from observation to observation, in view or brought there.
function keys(f, open) {
  const rows = [...new Set(f.data.bands.flatMap(b => Array.from(b.mean.owner)))].sort((a, b) => a - b);
  const step = way => {
    const at = rows.indexOf(f.chosen), row = rows[Math.min(Math.max(at < 0 ? 0 : at + way, 0), rows.length - 1)];
    f.chosen = row;
    const [low, high] = [f.line.u(f.data.span.from[row]), f.line.u(f.data.span.to[row])], [from, to] = f.view;
    if (low < from || high > to) f.view = f.view.map(v => v + (low + high) / 2 - (from + to) / 2);
    const told = f.data.bands.flatMap(b => {
      const n = b.mean.owner.indexOf(row);
      return n < 0 ? [] : [`${b.name} ${measured(b.mean.rate[n], b.mean.error[n]).join(" ± ")} ${b.unit}`];
    });
    document.getElementById("said").textContent = `${f.data.names[row]}, ${f.line.utc(f.data.span.from[row])} UTC: ${told.join("; ")}`;
    f.redraw();
  };
  const acts = {
    "+": () => f.zoom(0.6), "=": () => f.zoom(0.6), "-": () => f.zoom(1 / 0.6), 0: f.whole,
    ArrowLeft: () => f.move(-0.2), ArrowRight: () => f.move(0.2), ArrowUp: () => f.zoom(0.6), ArrowDown: () => f.zoom(1 / 0.6),
    n: () => step(1), p: () => step(-1), Enter: () => { if (f.chosen >= 0) open(f.chosen); },
  };
  f.canvas.onkeydown = event => {
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
  };
}
