// Painting the sky: grid, points, the names there is room for.

const FONT = "12px system-ui, 'Liberation Sans', sans-serif", STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

function drawSky(s) {
  const ratio = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement), pen = s.pen;
  s.width = s.canvas.clientWidth; s.height = s.canvas.clientHeight;
  s.canvas.width = s.width * ratio; s.canvas.height = s.height * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const colour = name => style.getPropertyValue(name).trim();
  const edge = new Path2D();
  edge.ellipse(s.px(0), s.py(0), WIDE * s.scale(), WIDE / 2 * s.scale(), 0, 0, 2 * Math.PI);
  pen.fillStyle = colour("--paper"); pen.fill(edge);
  pen.save(); pen.clip(edge);
  const labels = grid(s, colour);
  points(s, colour);
  pen.restore();
  pen.strokeStyle = colour("--faint"); pen.lineWidth = 1; pen.stroke(edge);
  pen.font = FONT; pen.lineJoin = "round";
  for (const [text, x, y, align] of labels) written(pen, text, x, y, align, colour("--faint"), colour("--paper"));
  names(s, colour, labels.map(([text, x, y, align]) => {
    const wide = pen.measureText(text).width, left = x - wide * { left: 0, center: 0.5, right: 1 }[align];
    return [left, left + wide, y];
  }));
  marks(s);
}

function written(pen, text, x, y, align, ink, paper) {
  pen.textAlign = align; pen.textBaseline = "middle";
  pen.strokeStyle = paper; pen.lineWidth = 3.5; pen.strokeText(text, x, y);
  pen.fillStyle = ink; pen.fillText(text, x, y);
}

// Longitudes and latitudes in view: [lowest, highest] of each.
function seen(s) {
  const found = [];
  for (let n = 0; n <= 8; n++) for (let m = 0; m <= 8; m++) {
    const place = unproject(...s.place(n / 8 * s.width, m / 8 * s.height));
    if (place) found.push(place);
  }
  const ends = [0, 1].map(axis => found.map(place => place[axis]));
  return s.zoom < 1.2 || !found.length ? [[-180, 180], [-90, 90]] : ends.map(v => [Math.min(...v), Math.max(...v)]);
}

// Draw meridians and parallels, and return their labels: along the equator and the edge, or along the frame in a close view.
function grid(s, colour) {
  const [[l0, l1], [b0, b1]] = seen(s), labels = [], pen = s.pen, whole = s.zoom < 1.2;
  const step = (low, high, least) => STEPS.find(one => one >= (high - low) / 12 && one >= least) ?? 30;
  const stepB = whole ? 30 : step(b0, b1, 0), stepL = step(l0, l1, stepB), number = v => String(+v.toFixed(2)).replace("-", "−");
  const line = (from, to, at, heavy, crossing) => {
    let before = null;
    pen.beginPath();
    for (let n = 0; n <= 60; n++) {
      const [x, y] = at(from + n / 60 * (to - from)), p = [s.px(x), s.py(y)];
      if (before) { pen.lineTo(...p); crossing(before, p); } else pen.moveTo(...p);
      before = p;
    }
    pen.strokeStyle = colour("--line"); pen.lineWidth = heavy ? 2 : 1; pen.stroke();
  };
  // Where a line crosses the frame: axis 1 is the lower edge, axis 0 the left one.
  const cross = (axis, level, text) => (p, q) => {
    if (whole || (p[axis] - level) * (q[axis] - level) > 0 || p[axis] === q[axis]) return;
    const part = (level - p[axis]) / (q[axis] - p[axis]), at = p[1 - axis] + part * (q[1 - axis] - p[1 - axis]);
    if (at > 24 && at < (axis ? s.width : s.height) - 24) labels.push(axis ? [text, at, level, "center"] : [text, level, at, "left"]);
  };
  const low = Math.max(b0 - stepB, -90), high = Math.min(b1 + stepB, 90), left = Math.max(l0 - stepL, -180), right = Math.min(l1 + stepL, 180);
  for (let k = Math.ceil(left / stepL); k * stepL <= right; k++) {
    const l = k * stepL, text = `${number((l + 360) % 360)}°`;
    line(low, high, b => project(l, b), l === 0, cross(1, s.height - 12, `l ${text}`));
    if (whole && Math.abs(l) < 180 && (s.width > 560 || k % 2 === 0)) labels.push([text, ...shifted(s, project(l, -30), 0, 9), "center"]);
  }
  for (let k = Math.ceil(low / stepB); k * stepB <= high; k++) {
    const b = k * stepB, text = `${number(b)}°`;
    line(left, right, l => project(l, b), b === 0, cross(0, 6, `b ${text}`));
    if (whole && b && Math.abs(b) < 90) labels.push([text, ...shifted(s, project(180, b), -5, 0), "right"]);
  }
  return labels;
}

// One point, painted once for each radius: copies are much quicker than circles.
function stamps(s, fill, alpha, rim) {
  const ratio = window.devicePixelRatio || 1, known = new Map();
  return (x, y, r) => {
    const size = Math.ceil(2 * r) + 4, key = Math.round(r * 4);
    if (!known.has(key)) {
      const stamp = document.createElement("canvas"), pen = stamp.getContext("2d");
      stamp.width = stamp.height = size * ratio;
      pen.scale(ratio, ratio); pen.beginPath(); pen.arc(size / 2, size / 2, key / 4, 0, 7);
      pen.globalAlpha = alpha; pen.fillStyle = fill; pen.fill();
      if (rim) { pen.globalAlpha = 1; pen.strokeStyle = rim; pen.lineWidth = 0.8; pen.stroke(); }
      known.set(key, stamp);
    }
    const stamp = known.get(key), wide = stamp.width / ratio;
    s.pen.drawImage(stamp, x - wide / 2, y - wide / 2, wide, wide);
  };
}

const shifted = (s, [x, y], dx, dy) => [s.px(x) + dx, s.py(y) + dy];

function points(s, colour) {
  const rows = [], faint = stamps(s, colour("--faint"), 0.35), full = stamps(s, colour("--c0"), 0.7, colour("--paper"));
  for (const row of s.placed) {
    const x = s.px(s.x[row]), y = s.py(s.y[row]);
    if (x > -20 && x < s.width + 20 && y > -20 && y < s.height + 20) rows.push([row, x, y, s.radius(row)]);
  }
  for (const [row, ...at] of rows) if (!s.chosen.has(row)) faint(...at);
  // Large points below small ones.
  s.near = rows.filter(([row]) => s.chosen.has(row)).sort((p, q) => q[3] - p[3]);
  for (const [, ...at] of s.near) full(...at);
}

// Names of the largest points, as many as there is room for beside the labels that are there.
function names(s, colour, taken) {
  const pen = s.pen, most = taken.length + Math.min((s.width < 560 ? 6 : 14) * Math.max(1, Math.sqrt(s.zoom)), 60);
  for (const [row, x, y, r] of s.near) {
    if (taken.length >= most) break;
    const name = short(s.data.name[row]), wide = pen.measureText(name).width;
    const sides = [[x + r + 4, "left", x + r + 4], [x - r - 4, "right", x - r - 4 - wide]];
    const free = sides.find(([, , left]) => left > 2 && left + wide < s.width - 2 && y > 9 && y < s.height - 9
      && !taken.some(([a, b, c]) => left < b + 4 && left + wide > a - 4 && Math.abs(y - c) < 15));
    if (!free) continue;
    taken.push([free[2], free[2] + wide, y]);
    written(pen, name, free[0], y, free[1], colour("--ink"), colour("--paper"));
  }
}

const short = name => name.length > 24 ? `${name.slice(0, 23)}…` : name;

// Rings around the source of a key and that of the pointer, which may be in the table: nothing is painted anew for them.
function marks(s) {
  for (const [id, row] of [["at", s.at], ["under", s.under >= 0 ? s.under : s.lit]]) {
    const box = document.getElementById(id), x = s.px(s.x[row]), y = s.py(s.y[row]);
    box.hidden = !(row >= 0 && Number.isFinite(s.data.l[row]) && x > 0 && x < s.width && y > 0 && y < s.height);
    if (box.hidden) continue;
    const size = 2 * s.radius(row) + 9;
    Object.assign(box.style, { left: `${x - size / 2}px`, top: `${y - size / 2}px`, width: `${size}px`, height: `${size}px` });
  }
}
