// The small figures of an observation's panel, as SVG as wide as there is room.

const SMALL = { left: 52, right: 10, top: 10, foot: 36 };

// Frame, labels and grid of a figure; fx and axis tell where things are.
function smallFrame(width, height, fx, [low, high], axis, titles) {
  const bottom = height - SMALL.foot, right = width - SMALL.right, parts = [];
  const text = (x, y, content, more = {}) => parts.push(make("svg:text", { x, y, ...more }, content));
  for (const rate of axis.ticks) {
    parts.push(make("svg:path", { class: "grid", d: `M${SMALL.left} ${axis.y(rate).toFixed(1)}H${right}` }));
    text(SMALL.left - 6, axis.y(rate) + 4, label(rate), { "text-anchor": "end" });
  }
  const step = nice(high - low, width / 90);
  for (let k = Math.ceil(low / step); k * step <= high; k++) {
    const value = +(k * step).toPrecision(10);
    parts.push(make("svg:path", { class: "grid", d: `M${fx(value).toFixed(1)} ${bottom}v4` }));
    text(fx(value), bottom + 16, String(value), { "text-anchor": "middle" });
  }
  text((SMALL.left + right) / 2, height - 3, titles.x, { "text-anchor": "middle" });
  parts.push(make("svg:path", { class: "box", d: `M${SMALL.left} ${SMALL.top}H${right}V${bottom}H${SMALL.left}Z` }));
  return parts;
}

function smallPlot(width, height, titles, parts) {
  return make("svg:svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": titles.alt }, ...parts);
}

function curvePlot(curve, band, number, length, good, width) {
  const height = 170, bottom = height - SMALL.foot, last = Math.max(length, curve.width), pad = 0.01 * last;
  const fx = t => SMALL.left + (t + pad) / (last + 2 * pad) * (width - SMALL.left - SMALL.right);
  const axis = rateAxis(range(curve.rate, curve.error, curve.rate.keys(), false), SMALL.top, bottom, false, 4);
  const rows = [...curve.rate.keys()].filter(n => Number.isFinite(curve.rate[n])), at = n => fx(curve.time[n]).toFixed(1), y = v => axis.y(v).toFixed(1);
  const bars = rows.map(n => `M${at(n)} ${y(curve.rate[n] + curve.error[n])}V${y(curve.rate[n] - curve.error[n])}`).join("");
  const dots = rows.map(n => `M${at(n)} ${y(curve.rate[n])}h0`).join("");
  const time = good.flatMap(g => g.rows).map(([a, b]) => `M${fx(Math.max(a, -pad)).toFixed(1)} ${bottom - 2}H${Math.min(fx(b), width - SMALL.right).toFixed(1)}`).join("");
  let low = Infinity, high = -Infinity;
  for (const n of rows) { low = Math.min(low, curve.rate[n]); high = Math.max(high, curve.rate[n]); }
  const joined = curve.joined > 1 ? `, ${curve.joined} of them averaged to a point` : "";
  const mean = curve.mean ? `; mean ${digits(curve.mean[0])} ± ${digits(curve.mean[1], 2)} ${band.unit}` : "";
  const words = rows.length
    ? `${curve.bins} bins of ${digits(curve.width)} s${joined}${mean}; from ${digits(low)} to ${digits(high)}.` : "No bin has a rate.";
  const titles = { x: "seconds since the start", alt: `Light curve of ${band.name}: ${words}` };
  const style = `color: var(--c${number % 6})`;
  return make("figure", { class: "small-figure" },
    make("h4", {}, band.name, make("small", {}, band.unit)),
    smallPlot(width, height, titles, [
      ...smallFrame(width, height, fx, [0, last], axis, titles),
      make("svg:path", { class: "good", d: time }), make("svg:path", { class: "bars", style, d: bars }), make("svg:path", { class: "dots", style, d: dots }),
    ]),
    make("figcaption", {}, words));
}

// Source and background of one detector, as steps on a logarithmic axis.
function spectrumPlot(name, spectra, width) {
  const height = 210, bottom = height - SMALL.foot;
  const low = Math.min(...spectra.map(s => s.edges[0])), high = Math.max(...spectra.map(s => s.edges.at(-1)));
  const fx = c => SMALL.left + (c - low) / (high - low || 1) * (width - SMALL.left - SMALL.right);
  const rates = spectra.map(s => s.log_rate.map(v => 10 ** v)), all = rates.flatMap(r => Array.from(r)).filter(Number.isFinite);
  const least = all.length ? Math.max(Math.min(...all), Math.max(...all) / 1e6) : 1;
  const axis = rateAxis(range(all, null, all.keys(), true).map(v => Math.max(v, least)), SMALL.top, bottom, true, 5);
  const steps = spectra.map((s, k) => {
    let d = "", pen = false;
    rates[k].forEach((r, n) => {
      if (!(r >= least)) { pen = false; return; }
      d += `${pen ? "V" : `M${fx(s.edges[n]).toFixed(1)} `}${axis.y(r).toFixed(1)}H${fx(s.edges[n + 1]).toFixed(1)}`;
      pen = true;
    });
    return make("svg:path", { class: s.background ? "steps background" : "steps", d });
  });
  const words = spectra.map(s => `${s.background ? "background" : "source"} ${digits(s.total)} count/s in ${digits(s.exposure)} s`).join(", ");
  const titles = { x: "channel", alt: `Spectrum of ${name}: ${words}.` };
  const key = spectra.map(s => make("span", { class: s.background ? "key background" : "key" }, s.background ? "background" : "source"));
  return make("figure", { class: "small-figure" },
    make("h4", {}, name, make("small", {}, "count/s/channel"), ...key),
    smallPlot(width, height, titles, [...smallFrame(width, height, fx, [low, high], axis, titles), ...steps]),
    make("figcaption", {}, `${words[0].toUpperCase()}${words.slice(1)}.`));
}
