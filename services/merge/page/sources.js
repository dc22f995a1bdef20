// The table of sources: search, range of a column, order; the address keeps them.

// Names are found however they are spelled: without accents, blanks, underscores and hyphens.
const plain = text => text.normalize("NFKD").replace(/[\u0300-\u036f\s_-]/g, "").replace(/−/g, "").toLowerCase();
const RADIUS = 1, PART = 40;

function separation(ra1, dec1, ra2, dec2) {
  const rad = Math.PI / 180, across = Math.sin((ra2 - ra1) * rad / 2), along = Math.sin((dec2 - dec1) * rad / 2);
  return 2 * Math.asin(Math.min(1, Math.hypot(along, Math.sqrt(Math.cos(dec1 * rad) * Math.cos(dec2 * rad)) * across))) / rad;
}

// Degrees of "266.4" or, in units of `per` degrees, of "17:45:40".
function angleOf(text, per) {
  const [, minus, whole, minutes, seconds = 0] = /^([−-])?\+?(\d+):(\d+)(?::(\d+\.?\d*))?$/.exec(text) ?? [];
  if (whole) return (+whole + minutes / 60 + seconds / 3600) * per * (minus ? -1 : 1);
  return /^[+−-]?(\d+\.?\d*|\.\d+)$/.test(text) ? numeral(text) : NaN;
}

// "266.4 -29.0 2", "17:45:40 -29:00:28" or "17 45 40 -29 0 28": a position and, if there is a third number, a radius.
function placeIn(text) {
  const given = text.trim().split(/[\s,]+/), parts = given.length === 6 ? [given.slice(0, 3).join(":"), given.slice(3).join(":")] : given;
  const [ra, dec, radius] = [angleOf(parts[0], 15), angleOf(parts[1] ?? "", 1), parts.length > 2 ? angleOf(parts[2], 1) : RADIUS];
  // 0142 and 61 are of a name.
  const fits = parts.length <= 3 && !/^0\d{3}$/.test(parts[0]) && ra >= 0 && ra <= 360 && Math.abs(dec) <= 90 && radius > 0;
  return fits ? { ra, dec, radius } : null;
}

// Return what tells whether a row has every word, or is near the place.
function finder(data, texts, text) {
  const place = placeIn(text), words = text.split(/\s+/).map(plain).filter(Boolean);
  const named = row => words.every(word => texts[row].includes(word));
  if (!place) return { named, told: "" };
  const near = row => separation(place.ra, place.dec, data.ra[row], data.dec[row]) <= place.radius;
  return { named: near, told: ` within ${digits(place.radius)}° of RA ${digits(place.ra, 8)}, Dec ${digits(place.dec, 8)}` };
}

// Limits of the chosen column; what can't be read counts as none, and the field says so.
function limits(column, fields) {
  return fields.map((field, n) => {
    const value = (column.parse ?? numeral)(field.value.trim()), empty = !field.value.trim();
    field.setAttribute("aria-invalid", !empty && !Number.isFinite(value));
    return Number.isFinite(value) ? value : n ? Infinity : -Infinity;
  });
}

function filters(list, data, columns) {
  const get = id => document.getElementById(id), fields = [get("from"), get("to")], by = get("by");
  const texts = data.name.map((name, row) => [name, data.slug[row], ...data.also[row]].map(plain).join("\n"));
  by.append(...columns.filter(c => !c.words).map(c => make("option", { value: c.key }, titled(c))));
  by.value = "exposure";
  const filter = () => {
    const { named, told } = finder(data, texts, get("find").value), column = columns.find(c => c.key === by.value);
    for (const field of fields) field.placeholder = `${field.id}${column.parse ? " 2001-02-03" : ""}`;
    const [low, high] = limits(column, fields), open = low === -Infinity && high === Infinity, failed = get("failed")?.checked;
    const inside = row => { const value = column.value(row); return value !== null && value >= low && value <= high; };
    list.matches = row => named(row) && (open || inside(row)) && (!failed || data.failures[row] > 0);
    list.renew();
    document.getElementById("rows").setAttribute("aria-rowcount", list.chosen.length + 1);
    const all = list.chosen.length === list.rows.length;
    get("found").textContent = all ? "" : `${list.chosen.length} of ${list.rows.length}${told}`;
    get("clear").hidden = all && !get("find").value;
  };
  for (const id of ["find", "by", "from", "to", "failed"]) get(id)?.addEventListener("input", filter);
  get("clear").onclick = () => {
    for (const field of [get("find"), ...fields]) field.value = "";
    if (get("failed")) get("failed").checked = false;
    filter();
    get("find").focus();
  };
  return filter;
}

function heads(columns) {
  const table = document.getElementById("rows"), total = columns.reduce((sum, column) => sum + column.width, 0);
  table.style.minWidth = `${total}rem`;
  table.prepend(make("colgroup", {}, ...columns.map(({ width }) => make("col", { style: `width: ${100 * width / total}%` }))));
  table.tHead.rows[0].append(...columns.map(column => make("th", { scope: "col" },
    make("button", { type: "button" }, column.title.replaceAll("–", "\u2060–\u2060")), column.unit ? make("small", {}, column.unit) : null)));
}

function newSources(data, columns, { lit, open }) {
  // Not all rows are in the page: those that are tell which they are of all.
  const element = (row, place) => make("tr", { "data-row": row, "aria-rowindex": place + 2 }, ...columns.map(column => column.cell(row)));
  heads(columns);
  const list = newListing([...data.name.keys()], element, PART), rowOf = event => event.target.closest("tr")?.dataset.row;
  sorting(list, (row, column) => columns[column].value(row), column => columns[column].falls);
  list.body.onclick = event => {
    const row = rowOf(event);
    if (row && !event.target.closest("a") && !String(getSelection())) open(+row, event.ctrlKey || event.metaKey);
  };
  const light = event => lit(+(rowOf(event) ?? -1));
  list.body.addEventListener("pointerover", light);
  list.body.addEventListener("focusin", light);
  list.body.onpointerleave = () => lit(-1);
  list.body.addEventListener("focusout", () => lit(-1));
  // The heads stay in view where the table is no wider than the page.
  const region = list.body.closest(".scroll");
  new ResizeObserver(() => {
    region.classList.remove("fits");
    region.classList.toggle("fits", region.scrollWidth <= region.clientWidth);
  }).observe(region);
  return list;
}
