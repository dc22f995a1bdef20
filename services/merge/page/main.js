// Putting it together: the figure as soon as its numbers are there, the table and the panel when the page is complete.

const packed = document.getElementById("overview");
const drawn = packed ? unpack(packed.textContent).then(data => {
  const f = newFigure(data);
  controls(f);
  f.whole();
  f.use(f.shown);
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("figure")));
  return f;
}) : Promise.resolve(null);

complete.then(async () => {
  const opener = {}, names = newTable(row => opener.open?.(row)), f = await drawn;
  const panel = newPanel(names, f ? f.data.bands : [], row => show(f, row));
  opener.open = row => { if (f) { f.chosen = row; f.redraw(); } return panel.open(row); };
  if (f) { pointers(f, opener.open); keys(f, opener.open); }
  await showColours(opener.open);
  drawFields(opener.open);
  const goTo = name => { const row = names.indexOf(name); if (row >= 0) opener.open(row); };
  goTo(wanted);
  addEventListener("hashchange", () => goTo(nameIn(location.hash.slice(1).split("&"))));
  performance.mark("ready");
});
