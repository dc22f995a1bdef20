// The small figures of an observation's panel, as SVG as wide as there is room.

const SMALL = { left: 52, right: 10, top: 10, foot: 36 };

const evenly = (low, high, count) => {
  const step = nice(high - low, count), list = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) list.push(+(k * step).toPrecision(10));
  return list;
};

// Frame, labels and grid of a figure; fx and axis tell where things are, `along` what is labelled below.
function smallFrame(width, height, fx, along, axis, titles) {
  const bottom = height - SMALL.foot, right = width - SMALL.right, parts = [];
  const text = (x, y, content, more = {}) => parts.push(make("svg:text", { x, y, ...more }, content));
  for (const rate of axis.ticks) {
    parts.push(make("svg:path", { class: "grid", d: `M${SMALL.left} ${axis.y(rate).toFixed(1)}H${right}` }));
    text(SMALL.left - 6, axis.y(rate) + 4, label(rate), { "text-anchor": "end" });
  }
  for (const value of along) {
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
  const mean = curve.mean ? `; mean ${measured(...curve.mean).join(" ± ")} ${band.unit}` : "";
  const words = rows.length
    ? `${curve.bins} bins of ${digits(curve.width)} s${joined}${mean}; from ${digits(low)} to ${digits(high)}.` : "No bin has a rate.";
  const titles = { x: "seconds since the start", alt: `Light curve of ${band.name}: ${words}` };
  const style = `color: var(--c${number % 6})`;
  return make("figure", { class: "small-figure" },
    make("h4", {}, band.name, make("small", {}, band.unit)),
    smallPlot(width, height, titles, [
      ...smallFrame(width, height, fx, evenly(0, last, width / 90), axis, titles),
      make("svg:path", { class: "good", d: time }), make("svg:path", { class: "bars", style, d: bars }), make("svg:path", { class: "dots", style, d: dots }),
    ]),
    make("figcaption", {}, words));
}

// Energies on a logarithmic axis: where labels go.
function energyTicks(low, high) {
  const list = [];
  for (let p = Math.floor(Math.log10(low)); 10 ** p <= high; p++) for (const m of [1, 2, 5]) list.push(+(m * 10 ** p).toPrecision(3));
  return list.filter(e => e >= low && e <= high);
}

// Source, background and the difference of one detector against energy, as steps on logarithmic axes.
function spectrumPlot(name, spectra, width) {
  const height = 230, bottom = height - SMALL.foot;
  const low = Math.max(1, Math.min(...spectra.map(s => s.edges.find(e => e > 0) ?? 1))), high = Math.max(...spectra.map(s => s.edges.at(-1)), 2 * low);
  const span = Math.log(high / low), fx = e => SMALL.left + Math.log(Math.max(e, low) / low) / span * (width - SMALL.left - SMALL.right);
  const rates = spectra.map(s => s.log_rate.map((v, n) => s.edges[n + 1] > low ? 10 ** v : NaN)), all = rates.flatMap(r => Array.from(r)).filter(Number.isFinite);
  const least = all.length ? Math.max(Math.min(...all), Math.max(...all) / 1e5) : 1;
  const axis = rateAxis(range(all, null, all.keys(), true).map(v => Math.max(v, least)), SMALL.top, bottom, true, 5);
  const steps = spectra.map((s, k) => {
    let d = "", pen = false;
    rates[k].forEach((r, n) => {
      if (!(r >= least)) { pen = false; return; }
      d += `${pen ? "V" : `M${fx(s.edges[n]).toFixed(1)} `}${axis.y(r).toFixed(1)}H${fx(s.edges[n + 1]).toFixed(1)}`;
      pen = true;
    });
    return make("svg:path", { class: `steps ${s.kind}`, d });
  });
  const unit = spectra[0].unit === "PCU s" ? "count/s/PCU" : "count/s";
  const words = spectra.map(s => `${s.kind} ${digits(s.total)} ${unit}${s.kind === "net" ? "" : ` in ${digits(s.exposure)} ${s.unit}`}`).join(", ");
  const titles = { x: "energy (keV)", alt: `Spectrum of ${name}: ${words}.` };
  const key = spectra.map(s => make("span", { class: `key ${s.kind}` }, s.kind));
  return make("figure", { class: "small-figure", style: `max-width: ${width}px` },
    make("h4", {}, name, make("small", {}, `${unit}/keV`), ...key),
    smallPlot(width, height, titles, [...smallFrame(width, height, fx, energyTicks(low, high), axis, titles), ...steps]),
    make("figcaption", {}, `${words[0].toUpperCase()}${words.slice(1)}.`));
}
