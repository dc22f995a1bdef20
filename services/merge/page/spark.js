// A light curve small enough for a cell of a table; one without errors is drawn from zero.
function spark(curve, number) {
  const width = 120, height = 36, rows = [...curve.rate.keys()].filter(n => Number.isFinite(curve.rate[n]));
  if (!rows.length) return null;
  const every = Math.ceil(rows.length / 60), some = rows.filter((_, n) => n % every === 0), last = curve.time.at(-1) || 1;
  const [low, high] = range(curve.rate, curve.error, some, false);
  const axis = rateAxis(curve.error ? [low, high] : [Math.min(low, 0), high], 1, height - 1, false);
  const x = n => (3 + curve.time[n] / last * (width - 6)).toFixed(0), y = v => axis.y(v).toFixed(0), style = `color: var(--c${number % 6})`;
  const bars = curve.error ? some.map(n => `M${x(n)} ${y(curve.rate[n] + curve.error[n])}V${y(curve.rate[n] - curve.error[n])}`).join("") : "";
  const dots = some.map(n => `M${x(n)} ${y(curve.rate[n])}h0`).join("");
  return make("svg:svg", { class: "plot spark", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", style },
    make("svg:path", { class: "bars", d: bars }), make("svg:path", { class: "dots", d: dots }));
}
