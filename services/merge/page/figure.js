// The large figure: what it shows now, and its controls.

// So many observations in view are drawn with all their bins rather than the few of the overview.
const DETAILED = 12;

function newFigure(data) {
  const canvas = document.getElementById("plot"), steps = Array.from(data.bands[0].time).map((t, n, all) => n ? t - all[n - 1] : 16);
  const usual = steps.sort((a, b) => a - b)[steps.length >> 1] || 16;
  const spans = Array.from(data.span.from, (from, n) => [from, data.span.to[n]]).filter(([from]) => from >= 0);
  const f = {
    data, canvas, pen: canvas.getContext("2d"), right: 14, left: 66, chosen: -1, under: null, log: false,
    shown: data.bands.filter(b => b.shown), line: timeline(data.start, spans, Math.min(usual, 128)), known: new Map(),
    x: t => f.left + (f.line.u(t) - f.view[0]) / (f.view[1] - f.view[0]) * (f.width - f.left - f.right),
    // The bins to draw of a band: all of them where few observations are in view and known by now.
    points: band => f.near.length && f.near.every(row => f.known.has(row)) ? detailed(f, data.bands.indexOf(band)) : band,
    near: [],
  };
  let waiting = false;
  f.redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; look(f); draw(f); });
  };
  f.whole = () => {
    const [low, high] = [f.line.u(f.line.first), f.line.u(f.line.end)], pad = Math.max(0.02 * (high - low), f.line.usual);
    f.view = [low - pad, high + pad];
    f.redraw();
  };
  f.zoom = (factor, part = 0.5) => {
    const span = f.view[1] - f.view[0], next = Math.min(Math.max(span * factor, 4 * f.line.usual), 2e9), at = f.view[0] + part * span;
    f.view = [at - part * next, at + (1 - part) * next];
    f.redraw();
  };
  f.move = part => { const step = part * (f.view[1] - f.view[0]); f.view = f.view.map(v => v + step); f.redraw(); };
  f.use = bands => {
    f.shown = data.bands.filter(b => bands.includes(b));
    [...document.getElementById("bands").children].forEach((b, n) => b.setAttribute("aria-pressed", f.shown.includes(data.bands[n])));
    f.redraw();
  };
  return f;
}

// Find which observations are in view, and fetch their bins where they are few.
function look(f) {
  const [from, to] = f.view.map(f.line.inverse), { span } = f.data, near = [];
  for (let row = 0; row < span.from.length && near.length <= DETAILED; row++) {
    if (span.from[row] >= 0 && span.to[row] >= from && span.from[row] <= to) near.push(row);
  }
  f.near = near.length <= DETAILED ? near : [];
  const unknown = f.near.filter(row => !f.known.has(row));
  if (unknown.length) {
    Promise.all(unknown.map(observation)).then(found => {
      found.forEach((o, n) => f.known.set(unknown[n], o));
      f.redraw();
    }, () => {});
  }
}

function detailed(f, number) {
  const all = { time: [], rate: [], error: [], owner: [] };
  for (const row of f.near) {
    const curve = f.known.get(row).curves.find(c => c.band === number);
    if (!curve) continue;
    curve.time.forEach((t, n) => {
      all.time.push(f.data.span.from[row] + t); all.rate.push(curve.rate[n]); all.error.push(curve.error[n]); all.owner.push(row);
    });
  }
  return all;
}

// Show one observation and the room around it.
function show(f, row) {
  const { from, to } = f.data.span;
  f.chosen = row;
  if (!(from[row] >= 0)) return;
  const having = f.data.bands.filter(b => b.mean.owner.includes(row));
  if (having.length && !having.some(b => f.shown.includes(b))) f.use([having[0], ...f.shown]);
  const [low, high] = [f.line.u(from[row]), f.line.u(to[row])], pad = Math.max(0.06 * (high - low), 2 * f.line.usual);
  f.view = [low - pad, high + pad];
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  f.canvas.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  f.redraw();
}

function controls(f) {
  const get = id => document.getElementById(id);
  for (const [n, band] of f.data.bands.entries()) {
    const swap = () => f.use(!f.shown.includes(band) ? [...f.shown, band] : f.shown.length > 1 ? f.shown.filter(s => s !== band) : f.shown);
    const button = make("button", { type: "button", onclick: swap }, make("i", { style: `background: var(--c${n % 6})` }), band.name);
    get("bands").append(button);
  }
  get("in").onclick = () => f.zoom(0.5);
  get("out").onclick = () => f.zoom(2);
  get("all").onclick = f.whole;
  get("log").checked = f.log = f.shown.every(b => {
    const scale = Array.from(b.rate).filter(r => r > 0).sort((p, q) => p - q);
    return scale.length === b.rate.length && scale.at(-1) > 20 * scale[scale.length >> 1];
  });
  get("log").onchange = event => { f.log = event.target.checked; f.redraw(); };
  get("gaps").checked = f.line.closed;
  get("gaps").onchange = event => {
    const end = f.view.map(f.line.inverse);
    f.line.closed = event.target.checked;
    f.view = end.map(f.line.u);
    f.redraw();
  };
  new ResizeObserver(f.redraw).observe(f.canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", f.redraw);
}
