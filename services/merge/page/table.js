// The table of observations: filter, sort, small light curves for the rows in sight.
// Only the rows that were scrolled to are in the page: a browser is slow with tens of thousands of cells.

const PART = 100;

function filters(table) {
  const get = id => document.getElementById(id);
  let texts = null;
  const filter = () => {
    texts ??= new Map(table.rows.map(row => [row, row.textContent.toLowerCase()]));
    const words = get("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = get("outcome").value, instrument = get("instrument")?.value;
    table.matches = row => words.every(word => texts.get(row).includes(word))
      && (!outcome || row.dataset.outcome === outcome) && (!instrument || row.dataset.instruments.split(" ").includes(instrument));
    table.renew();
    get("found").textContent = table.chosen.length === table.rows.length ? "" : `${table.chosen.length} of ${table.rows.length}`;
  };
  for (const id of ["find", "outcome", "instrument"]) get(id)?.addEventListener("input", filter);
}

function sorting(table) {
  const heads = [...document.querySelectorAll("#rows thead th")];
  const value = cell => cell.dataset.value === undefined ? cell.textContent : cell.dataset.value === "" ? null : +cell.dataset.value;
  heads.forEach((head, column) => {
    head.querySelector("button").onclick = () => {
      const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      const keyed = table.order.map(row => [value(row.cells[column]), row]);
      // What has no value comes last either way.
      keyed.sort(([p], [q]) => p === null || q === null ? (p === null) - (q === null) : p < q ? -way : p > q ? way : 0);
      table.order = keyed.map(([, row]) => row);
      table.renew();
    };
  });
}

function sparks(rows) {
  const seen = new IntersectionObserver(entries => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      observation(+target.closest("tr").dataset.row).then(o => {
        const drawn = o.curves.length ? spark(o.curves[0], o.curves[0].band) : null;
        if (drawn) target.prepend(drawn);
      });
    }
  }, { rootMargin: "200px" });
  for (const row of rows) { const cell = row.querySelector("td.small"); if (cell) seen.observe(cell); }
}

function newTable(open) {
  const body = document.querySelector("#rows tbody"), more = document.getElementById("more"), rows = [...body.rows];
  const table = { rows, order: rows, chosen: rows, matches: () => true, count: 0 };
  table.extend = () => {
    body.append(...table.chosen.slice(table.count, table.count + PART));
    table.count = Math.min(table.count + PART, table.chosen.length);
    more.hidden = table.count === table.chosen.length;
    more.textContent = `${table.chosen.length - table.count} more`;
  };
  table.renew = () => {
    table.chosen = table.order.filter(table.matches);
    table.count = 0;
    body.replaceChildren();
    table.extend();
  };
  table.renew();
  document.documentElement.classList.remove("filling");
  more.onclick = table.extend;
  new IntersectionObserver(([entry]) => { if (entry.isIntersecting) table.extend(); }, { rootMargin: "600px" }).observe(more);
  filters(table);
  sorting(table);
  sparks(rows);
  body.onclick = event => {
    const row = event.target.closest("tr");
    if (row && !event.target.closest("a") && !String(getSelection())) open(+row.dataset.row);
  };
  return rows.map(row => row.querySelector("th button").textContent);
}
