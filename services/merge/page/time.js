// Time as the figure shows it: as it is, or with the long gaps between observations closed.

const DAY = 86400;

function timeline(start, spans, usual) {
  // Closing gaps: time runs through knots (t, u) between which it is stretched evenly; a long gap gets a short u.
  const seen = spans.reduce((sum, [from, to]) => sum + to - from, usual), gap = Math.max(4 * usual, 0.4 * seen / spans.length);
  const first = spans[0][0], knots = [[first - 1e9, -1e9], [first, 0]];
  let end = spans[0][1];
  for (const [from, to] of spans.slice(1)) {
    if (from - end > gap) {
      const u = knots.at(-1)[1] + end - knots.at(-1)[0];
      knots.push([end, u], [from, u + gap]);
    }
    end = Math.max(end, to);
  }
  const through = (x, from, to) => {
    let low = 0, high = knots.length - 1;
    if (x >= knots[high][from]) return knots[high][to] + x - knots[high][from];
    while (high - low > 1) { const mid = (low + high) >> 1; if (knots[mid][from] <= x) low = mid; else high = mid; }
    const a = knots[low], b = knots[high];
    return a[to] + (x - a[from]) * (b[to] - a[to]) / (b[from] - a[from]);
  };
  const line = {
    closed: end - first > 20 * (seen + gap * knots.length / 2), first, end, usual, knots,
    u: t => line.closed ? through(t, 0, 1) : t,
    inverse: v => line.closed ? through(v, 1, 0) : v,
    mjd: t => start + t / DAY,
    // MJD is TT here, 62 to 66 s ahead of UTC: not seen in a date to the minute.
    utc: t => new Date((start + t / DAY - 40587) * DAY * 1000 - 64000).toISOString().slice(0, 16).replace("T", " "),
  };
  return line;
}

function evenTicks(line, from, to, count) {
  const [low, high] = [line.mjd(from), line.mjd(to)], step = nice(high - low, count), list = [];
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  for (let k = Math.ceil(low / step); k * step <= high; k++) list.push([(k * step - line.mjd(0)) * DAY, (k * step).toFixed(places)]);
  return list;
}

// Positions of labels on the axis: [t, text].
function timeTicks(line, view, width) {
  const end = view.map(line.inverse), per = (view[1] - view[0]) / width;
  const inner = line.closed ? line.knots.filter(([t], n) => n % 2 === 1 && t > end[0] && t < end[1]) : [];
  if (!inner.length) return evenTicks(line, ...end, width / 120);
  // One stretch of time that fills most of the view has labels of its own.
  for (let n = 1; n < line.knots.length; n += 2) {
    const from = Math.max(line.knots[n][0], end[0]), to = Math.min(line.knots[n + 1]?.[0] ?? line.end, end[1]);
    if (to - from > 0.4 * (view[1] - view[0])) return evenTicks(line, from, to, (to - from) / per / 120);
  }
  const list = [];
  let last = -Infinity;
  for (const [t, u] of inner) {
    if (u - last > 90 * per && u < view[1] - 40 * per) { list.push([t, line.mjd(t).toFixed(2)]); last = u; }
  }
  return list;
}
