// Axes of rates, for the large figure and the small ones.

function nice(span, count) {
  const raw = span / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find(m => m * power >= raw * 0.999999);
}

function range(rate, error, chosen, log) {
  let low = Infinity, high = -Infinity;
  for (const n of chosen) {
    const r = rate[n], e = error ? error[n] : 0;
    if (!Number.isFinite(r) || (log && r <= 0)) continue;
    low = Math.min(low, log ? Math.max(r - e, r / 3) : r - e);
    high = Math.max(high, r + e);
  }
  return high > -Infinity ? [low, high] : [log ? 1 : 0, 10];
}

// An axis from bottom to top: y(rate) in pixels, and where labels go.
function rateAxis([low, high], top, bottom, log, count = 6) {
  const f = log ? Math.log10 : v => v, a = f(low), b = f(high), pad = (b - a || Math.abs(b) || 1) * 0.08;
  const scale = r => top + (b + pad - f(r)) / (b - a + 2 * pad) * (bottom - top), ticks = [];
  if (log && b - a > 0.8) {
    const marks = b - a > 2.5 ? [1] : b - a > 1.4 ? [1, 3] : [1, 2, 5], every = Math.ceil((b - a) / count);
    for (let p = Math.floor(a - pad); p <= b + pad; p++) if (p % every === 0) for (const m of marks) ticks.push(m * 10 ** p);
  } else {
    const [l, h] = log ? [10 ** (a - pad), 10 ** (b + pad)] : [a - pad, b + pad], step = nice(h - l, count);
    for (let k = Math.ceil(l / step); k * step <= h; k++) ticks.push(+(k * step).toPrecision(12));
  }
  return {
    y: r => log && r <= 0 ? bottom : scale(r),
    ticks: ticks.map(t => +t.toPrecision(12)).filter(t => scale(t) >= top && scale(t) <= bottom),
  };
}

const label = value => value && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6) ? value.toExponential(0).replace("e+", "e") : String(value);
