// Painting the light curves of the large figure.

const FONT = "12px system-ui, 'Liberation Sans', sans-serif", FIRST = 30, BETWEEN = 34, FOOT = 40;

// Panels of the shown bands, from top to bottom: [band, upper edge, lower edge].
function layout(f) {
  const each = (f.height - FIRST - FOOT - (f.shown.length - 1) * BETWEEN) / f.shown.length;
  return f.shown.map((band, n) => [band, FIRST + n * (each + BETWEEN), FIRST + n * (each + BETWEEN) + each]);
}

function draw(f) {
  const ratio = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement), pen = f.pen;
  const each = window.innerWidth < 640 ? 170 : 210;
  f.canvas.style.height = `${f.shown.length > 1 ? FIRST + FOOT - BETWEEN + f.shown.length * (each + BETWEEN) : each * 2}px`;
  f.width = f.canvas.clientWidth; f.height = f.canvas.clientHeight;
  f.left = f.width < 560 ? 44 : 66;
  f.canvas.width = f.width * ratio; f.canvas.height = f.height * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const colour = name => style.getPropertyValue(name).trim();
  const ticks = timeTicks(f.line, f.view, f.width - f.left - f.right);
  f.panels = layout(f).map(([band, top, bottom]) => panelOf(f, band, top, bottom));
  for (const panel of f.panels) { frame(f, panel, ticks, colour); curve(f, panel, colour); }
  pen.font = FONT; pen.fillStyle = colour("--faint"); pen.textAlign = "center"; pen.textBaseline = "top";
  for (const [t, text] of ticks) { const x = f.x(t); if (x >= f.left && x <= f.width - 24) pen.fillText(text, x, f.height - FOOT + 8); }
  pen.fillText("MJD (TT)", (f.left + f.width - f.right) / 2, f.height - 14);
}

function panelOf(f, band, top, bottom) {
  const points = f.points(band), at = new Float64Array(points.time.length), visible = [];
  for (let n = 0; n < at.length; n++) {
    at[n] = f.x(points.time[n]);
    if (at[n] >= f.left && at[n] <= f.width - f.right) visible.push(n);
  }
  const axis = rateAxis(range(points.rate, points.error, visible, f.log), top, bottom, f.log);
  return { band, top, bottom, points, at, visible, ...axis };
}

function frame(f, { band, top, bottom, y, ticks: rates }, times, colour) {
  const pen = f.pen, right = f.width - f.right, clip = v => Math.min(Math.max(v, f.left), right);
  const line = (x0, y0, x1, y1) => { pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke(); };
  pen.font = FONT;
  pen.fillStyle = colour("--paper"); pen.fillRect(f.left, top, right - f.left, bottom - top);
  const epochs = (band.epochs ? f.data.epochs : []).map(([number, from, to]) => [number, clip(f.x(from)), clip(f.x(to))]);
  pen.fillStyle = colour("--shade");
  for (const [number, a, b] of epochs) if (number % 2 === 0) pen.fillRect(a, top, b - a, bottom - top);
  pen.strokeStyle = colour("--line"); pen.lineWidth = 1; pen.fillStyle = colour("--faint");
  pen.textAlign = "right"; pen.textBaseline = "middle";
  for (const rate of rates) { line(f.left, y(rate), right, y(rate)); pen.fillText(label(rate), f.left - 6, y(rate)); }
  pen.textAlign = "center"; pen.lineWidth = 5;
  for (const [number, a, b] of epochs) {
    if (b - a <= 56) continue;
    pen.strokeStyle = colour(number % 2 ? "--paper" : "--shade"); pen.strokeText(`epoch ${number}`, (a + b) / 2, top + 12);
    pen.fillText(`epoch ${number}`, (a + b) / 2, top + 12);
  }
  pen.lineWidth = 1; pen.strokeStyle = colour("--line");
  for (const [t] of times) { const x = f.x(t); if (x >= f.left && x <= right) line(x, bottom, x, bottom + 5); }
  if (f.line.closed && f.line.knots.length < 160) {
    pen.setLineDash([2, 4]);
    for (let n = 2; n + 1 < f.line.knots.length; n += 2) {
      const x = (f.x(f.line.knots[n][0]) + f.x(f.line.knots[n + 1][0])) / 2;
      if (x > f.left && x < right) line(x, top, x, bottom);
    }
    pen.setLineDash([]);
  }
  pen.textAlign = "left"; pen.textBaseline = "alphabetic"; pen.fillStyle = colour("--ink");
  pen.font = `600 13px ${FONT.slice(5)}`; pen.fillText(band.name, f.left, top - 8);
  const after = f.left + pen.measureText(band.name).width + 8;
  pen.font = FONT; pen.fillStyle = colour("--faint"); pen.fillText(band.unit, after, top - 8);
}

function curve(f, { band, top, bottom, points, at, visible, y }, colour) {
  const pen = f.pen, right = f.width - f.right;
  pen.save(); pen.beginPath(); pen.rect(f.left, top, right - f.left, bottom - top); pen.clip();
  pen.strokeStyle = pen.fillStyle = colour(`--c${f.data.bands.indexOf(band) % 6}`);
  const dense = visible.length > 3 * f.width, size = dense ? 1 : 1.8;
  pen.globalAlpha = dense ? 0.3 : 0.55; pen.beginPath();
  for (const n of visible) { pen.moveTo(at[n], y(points.rate[n] - points.error[n])); pen.lineTo(at[n], y(points.rate[n] + points.error[n])); }
  pen.stroke(); pen.globalAlpha = 1;
  for (const n of visible) pen.fillRect(at[n] - size, y(points.rate[n]) - size, 2 * size, 2 * size);
  pen.strokeStyle = colour("--ink"); pen.fillStyle = colour("--paper"); pen.lineWidth = 1.4;
  const { time, rate, error, owner } = band.mean, seen = [];
  for (let n = 0; n < time.length; n++) { const x = f.x(time[n]); if (x > f.left - 9 && x < right + 9) seen.push([n, x]); }
  const radius = seen.length > 600 ? 1.3 : seen.length > 200 ? 2.4 : 4;
  if (seen.length > 600) pen.lineWidth = 0.7;
  for (const [n, x] of seen) {
    pen.beginPath(); pen.moveTo(x, y(rate[n] - error[n])); pen.lineTo(x, y(rate[n] + error[n])); pen.stroke();
    pen.beginPath(); pen.arc(x, y(rate[n]), radius, 0, 7); pen.fill(); pen.stroke();
    if (owner[n] === f.chosen) { pen.beginPath(); pen.arc(x, y(rate[n]), radius + 4, 0, 7); pen.stroke(); }
  }
  if (f.under && f.under.band === band) {
    pen.lineWidth = 1.4; pen.beginPath(); pen.arc(f.under.x, f.under.y, 6, 0, 7); pen.stroke();
  }
  pen.restore();
  pen.lineWidth = 1; pen.strokeStyle = colour("--faint"); pen.strokeRect(f.left, top, right - f.left, bottom - top);
}
