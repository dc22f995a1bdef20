// The table of observations: filter, sort, small light curves for the rows in sight.

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

function sparks(rows) {
  const seen = new IntersectionObserver(entries => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      observation(+target.closest("tr").dataset.row).then(o => {
        const drawn = o.curves.length ? spark(o.curves[0], o.curves[0].band) : null;
        if (drawn) target.prepend(drawn);
      }, () => {});  // the panel says what is missing
    }
  }, { rootMargin: "200px" });
  for (const row of rows) { const cell = row.querySelector("td.small"); if (cell) seen.observe(cell); }
}

function newTable(open) {
  const rows = [...document.querySelector("#rows tbody").rows], table = newListing(rows, row => row);
  const value = cell => cell.dataset.value === undefined ? cell.textContent : cell.dataset.value === "" ? null : +cell.dataset.value;
  table.renew();
  document.documentElement.classList.remove("filling");
  filters(table);
  sorting(table, (row, column) => value(row.cells[column]));
  sparks(rows);
  table.body.onclick = event => {
    const row = event.target.closest("tr");
    if (row && !event.target.closest("a") && !String(getSelection())) open(+row.dataset.row);
  };
  return rows.map(row => row.querySelector("th button").textContent);
}
