// The sky in Galactic coordinates: its projection, the part of it in view, the sources in it.

const RAD = Math.PI / 180, WIDE = 2 * Math.SQRT2, CLOSEST = 500, FEW = 60;

// Hammer–Aitoff, of equal area (AIT in FITS; Calabretta & Greisen 2002, A&A 395, 1077), longitude growing to the left:
// x from -2√2 to 2√2, y from -√2 to √2.
function project(l, b) {
  const half = (l > 180 ? l - 360 : l) * RAD / 2, c = Math.cos(b * RAD), g = Math.sqrt(2 / (1 + c * Math.cos(half)));
  return [-2 * g * c * Math.sin(half), g * Math.sin(b * RAD)];
}

// Longitude (-180 to 180) and latitude of a place of the plane; null beside the sky.
function unproject(x, y) {
  const z2 = 1 - x * x / 16 - y * y / 4;
  if (z2 < 0.5) return null;
  const z = Math.sqrt(z2);
  return [-2 * Math.atan2(z * x / 2, 2 * z2 - 1) / RAD, Math.asin(y * z) / RAD];
}

function newSky(data, columns) {
  const canvas = document.getElementById("plot"), count = data.name.length;
  const s = {
    data, canvas, pen: canvas.getContext("2d"), x: new Float64Array(count), y: new Float64Array(count),
    placed: [...data.name.keys()].filter(row => Number.isFinite(data.l[row])), chosen: new Set(), order: [],
    at: -1, lit: -1, under: -1, zoom: 1, centre: [0, 0], size: null, width: 0, height: 0,
  };
  s.width = canvas.clientWidth; s.height = canvas.clientHeight;
  for (const row of s.placed) [s.x[row], s.y[row]] = project(data.l[row], data.b[row]);
  // Pixels of one unit of the plane.
  s.scale = () => s.zoom * Math.min((s.width - 24) / (2 * WIDE), (s.height - 16) / WIDE);
  s.px = x => s.width / 2 + (x - s.centre[0]) * s.scale();
  s.py = y => s.height / 2 - (y - s.centre[1]) * s.scale();
  s.place = (px, py) => [s.centre[0] + (px - s.width / 2) / s.scale(), s.centre[1] - (py - s.height / 2) / s.scale()];
  // Points are smaller on a small screen, and grow a little in a closer view.
  s.growth = () => Math.min(Math.max(s.width / 900, 0.55), 1) * Math.min(1 + 0.2 * Math.log2(s.zoom), 2);
  let waiting = false;
  s.redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawSky(s); });
  };
  s.look = (zoom, [x, y]) => {
    s.zoom = Math.min(Math.max(zoom, 1), CLOSEST);
    const free = 1 - 1 / s.zoom, within = (v, most) => Math.min(Math.max(v, -most), most);
    s.centre = [within(x, WIDE * free), within(y, WIDE / 2 * free)];
    canvas.style.touchAction = s.zoom > 1 ? "none" : "pan-y";
    s.redraw();
  };
  s.whole = () => s.look(1, [0, 0]);
  // Zoom about a place of the canvas, which stays where it is.
  s.closer = (factor, px = s.width / 2, py = s.height / 2) => {
    const [x, y] = s.place(px, py), zoom = Math.min(Math.max(s.zoom * factor, 1), CLOSEST), k = s.scale() * zoom / s.zoom;
    s.look(zoom, [x - (px - s.width / 2) / k, y + (py - s.height / 2) / k]);
  };
  s.move = (px, py) => s.look(s.zoom, s.place(s.width / 2 + px, s.height / 2 + py));
  // Few points are to be seen among the faint ones.
  s.radius = row => s.chosen.has(row) ? Math.max(s.growth() * s.size.radius(row), s.chosen.size < FEW ? 4 : 0) : 1.5;
  s.by = column => { s.size = sizes(s, column); legend(s); s.redraw(); };
  // What the table lists, in its order; the others stay as faint points.
  s.list = rows => { s.order = rows.filter(row => Number.isFinite(data.l[row])); s.chosen = new Set(s.order); s.redraw(); };
  sizeChoice(s, columns.filter(column => column.sized));
  return s;
}

// Radii of the points: the logarithm of the column's value between the lowest and the highest of them.
function sizes(s, column) {
  const values = s.placed.map(column.value).filter(value => value > 0).sort((p, q) => p - q);
  const [low, high] = values.length ? [values[Math.floor(0.05 * values.length)], values.at(-1)] : [1, 1];
  const part = value => high > low ? Math.max(0, Math.log(value / low) / Math.log(high / low)) : 0.5;
  const of = value => value > 0 ? 2 + 6.5 * part(value) ** 1.5 : 1.5;
  return { column, of, low, high, radius: row => of(column.value(row)) };
}

function legend(s) {
  const { column, of, low, high } = s.size;
  const round = value => +value.toPrecision(1), some = [...new Set([low, Math.sqrt(low * high), high].map(round))];
  const one = value => {
    const r = s.growth() * of(value), size = Math.ceil(2 * r) + 2, circle = make("svg:circle", { cx: size / 2, cy: size / 2, r });
    return make("span", {}, make("svg:svg", { width: size, height: size }, circle), label(value));
  };
  const unit = column.unit ? make("small", {}, column.unit) : null;
  document.getElementById("scale").replaceChildren(...some.map(one), ...(unit ? [unit] : []));
}

function sizeChoice(s, columns) {
  const select = document.getElementById("size");
  select.append(...columns.map(column => make("option", { value: column.key }, column.title)));
  select.value = "exposure";
  s.pick = () => s.by(columns.find(column => column.key === select.value) ?? columns[0]);
  select.onchange = s.pick;
}
