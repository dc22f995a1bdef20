// Putting it together: the sky and the table; the address keeps what was searched for, and which source was opened last.

const KEPT = ["find", "by", "from", "to", "size"];

function remembered(data, columns, list) {
  const get = id => document.getElementById(id), given = new URLSearchParams(location.hash.slice(1));
  for (const id of KEPT) {
    const field = get(id), text = given.get(id);
    if (field && text !== null && (!field.options || [...field.options].some(option => option.value === text))) field.value = text;
  }
  if (get("failed")) get("failed").checked = given.has("failed");
  const [, key, way] = /^(\w+?)(-?)$/.exec(given.get("sort") ?? "") ?? [], column = columns.findIndex(c => c.key === key);
  list.sort(...(column < 0 ? [columns.findIndex(c => c.key === "exposure"), -1] : [column, way ? -1 : 1]));
  return data.slug.indexOf(given.get("at"));
}

// Return what writes the state into the address, half a second after the last change: browsers count.
function rememberer(columns) {
  const get = id => document.getElementById(id);
  let timer = 0;
  const write = at => {
    clearTimeout(timer);  // what waits to be written does not know of a source that is opened
    const kept = new URLSearchParams(), head = document.querySelector("#rows thead [aria-sort]");
    for (const id of KEPT) {
      const field = get(id), usual = field?.options ? "exposure" : "";
      if (field && field.value !== usual) kept.set(id, field.value);
    }
    if (get("failed")?.checked) kept.set("failed", "");
    if (head) {
      const sort = columns[head.cellIndex].key + (head.getAttribute("aria-sort") === "ascending" ? "" : "-");
      if (sort !== "exposure-") kept.set("sort", sort);
    }
    if (at) kept.set("at", at);
    const hash = kept.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  };
  return { write, later: () => { clearTimeout(timer); timer = setTimeout(write, 500); } };
}

// The path that leads here from a source's page.
function wayBack(link) {
  const here = location.pathname.split("/"), there = new URL(link, location.href).pathname.split("/");
  let same = 0;
  if (!here.at(-1)) here[here.length - 1] = "index.html";
  while (same < here.length - 1 && here[same] === there[same]) same++;
  return "../".repeat(there.length - 1 - same) + here.slice(same).join("/");
}

unpack(document.getElementById("sources").textContent).then(data => {
  data.link = data.link.map(link => `${link}#from=${encodeURIComponent(wayBack(link))}`);
  const columns = columnsOf(data, document.getElementById("rows").dataset.hardness), address = rememberer(columns);
  const sky = document.getElementById("plot") ? newSky(data, columns) : null;
  const open = (row, apart) => {
    if (apart) { window.open(data.link[row], "_blank", "noopener"); return; }
    address.write(data.slug[row]);
    location.assign(data.link[row]);
  };
  const lit = row => { if (sky && row !== sky.lit) { sky.lit = row; marks(sky); } };
  const list = newSources(data, columns, { lit, open });
  const filter = filters(list, data, columns), at = remembered(data, columns, list);
  filter();
  list.renewed = () => { sky?.list(list.chosen); address.later(); };
  if (sky) startSky(sky, list, open, address, at);
  performance.mark("ready");
});

function startSky(sky, list, open, address, at) {
  const get = id => document.getElementById(id);
  sky.at = at;
  sky.list(list.chosen);
  sky.pick();
  sky.whole();
  drawSky(sky);
  get("size").addEventListener("change", address.later);
  get("in").onclick = () => sky.closer(1.6);
  get("out").onclick = () => sky.closer(1 / 1.6);
  get("all").onclick = sky.whole;
  skyPointers(sky, open);
  skyKeys(sky, open);
  new ResizeObserver(() => { drawSky(sky); legend(sky); }).observe(sky.canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", sky.redraw);
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("figure")));
}
