// Diagrams of colours: a point an observation; the nearest one tells its name and date, and a click opens it.

function colourDiagram(diagram, data, number, open) {
  const width = 520, height = 380, bottom = height - SMALL.foot, { x, y } = diagram, rows = [...x.keys()];
  const [low, high] = range(x, diagram.x_error, rows, false), pad = (high - low || Math.abs(high) || 1) * 0.05;
  const fx = v => SMALL.left + (v - low + pad) / (high - low + 2 * pad) * (width - SMALL.left - SMALL.right);
  const positive = rows.every(n => y[n] > 0), log = positive && Math.max(...y) > 20 * Math.min(...y);
  const axis = rateAxis(range(y, diagram.y_error, rows, log), SMALL.top, bottom, log, 6), fy = v => axis.y(v);
  const at = n => `${fx(x[n]).toFixed(1)} ${fy(y[n]).toFixed(1)}`;
  const cross = n => `M${fx(x[n] - diagram.x_error[n]).toFixed(1)} ${fy(y[n]).toFixed(1)}H${fx(x[n] + diagram.x_error[n]).toFixed(1)}`
    + `M${fx(x[n]).toFixed(1)} ${fy(y[n] - diagram.y_error[n]).toFixed(1)}V${fy(y[n] + diagram.y_error[n]).toFixed(1)}`;
  const style = `color: var(--c${number % 6})`, ring = make("svg:circle", { class: "ring", r: 6, visibility: "hidden" });
  const words = `${rows.length} observations; ${diagram.x_label} against ${diagram.y_label}.`;
  const titles = { x: diagram.x_label, alt: `Diagram: ${words}` };
  const plot = smallPlot(width, height, titles, [
    ...smallFrame(width, height, fx, [low - pad, high + pad], axis, titles),
    make("svg:path", { class: "bars", style, d: rows.map(cross).join("") }),
    make("svg:path", { class: "dots", style, d: rows.map(n => `M${at(n)}h0`).join("") }), ring,
  ]);
  const idle = "Point at an observation for its date; a click opens it.", said = make("p", { class: "note", role: "status" }, idle);
  const nearest = event => {
    const box = plot.getBoundingClientRect(), scale = width / box.width;
    const [px, py] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let best = -1, least = 30 ** 2;
    for (const n of rows) {
      const far = (fx(x[n]) - px) ** 2 + (fy(y[n]) - py) ** 2;
      if (far < least) { least = far; best = n; }
    }
    return best;
  };
  const tell = n => {
    ring.setAttribute("visibility", n < 0 ? "hidden" : "visible");
    if (n < 0) { said.textContent = idle; return; }
    ring.setAttribute("cx", fx(x[n])); ring.setAttribute("cy", fy(y[n]));
    const row = diagram.owner[n];
    said.textContent = `${data.names[row]}, ${data.dates[row]}: ${measured(x[n], diagram.x_error[n]).join(" ± ")}, ${measured(y[n], diagram.y_error[n]).join(" ± ")}`;
  };
  plot.onpointermove = event => tell(nearest(event));
  plot.onpointerleave = () => tell(-1);
  plot.onclick = event => { const n = nearest(event); if (n >= 0) open(diagram.owner[n]); };
  return make("figure", { class: "small-figure diagram" }, make("h4", {}, diagram.y_label), plot, make("figcaption", {}, words), said);
}

async function showColours(open) {
  const place = document.getElementById("colours");
  if (!place) return;
  const data = await unpack(document.getElementById("colour-points").textContent);
  place.append(...data.diagrams.map((diagram, number) => colourDiagram(diagram, data, number, open)));
  performance.mark("colours");
}
