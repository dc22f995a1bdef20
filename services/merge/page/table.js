// The table of observations: filter, sort, small light curves for the rows in sight.

function filters(rows) {
  const get = id => document.getElementById(id), texts = rows.map(row => row.textContent.toLowerCase());
  function filter() {
    const words = get("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = get("outcome").value, instrument = get("instrument")?.value;
    let shown = 0;
    rows.forEach((row, n) => {
      row.hidden = !words.every(word => texts[n].includes(word)) || Boolean(outcome && row.dataset.outcome !== outcome)
        || Boolean(instrument && !row.dataset.instruments.split(" ").includes(instrument));
      shown += !row.hidden;
    });
    get("found").textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
  }
  for (const id of ["find", "outcome", "instrument"]) get(id)?.addEventListener("input", filter);
}

function sorting(body, rows) {
  const heads = [...document.querySelectorAll("#rows thead th")];
  const value = cell => cell.dataset.value === undefined ? cell.textContent : cell.dataset.value === "" ? null : +cell.dataset.value;
  heads.forEach((head, column) => {
    head.querySelector("button").onclick = () => {
      const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      const keyed = rows.map(row => [value(row.cells[column]), row]);
      // What has no value comes last either way.
      keyed.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : a < b ? -way : a > b ? way : 0);
      body.append(...keyed.map(([, row]) => row));
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
  const body = document.querySelector("#rows tbody"), rows = [...body.rows];
  filters(rows);
  sorting(body, rows);
  sparks(rows);
  body.onclick = event => {
    const row = event.target.closest("tr");
    if (row && !event.target.closest("a") && !String(getSelection())) open(+row.dataset.row);
  };
  return rows.map(row => row.querySelector("th button").textContent);
}
