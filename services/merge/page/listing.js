// A long table: what is chosen of it, and in which order.
// Only the rows that were scrolled to are in the page: a browser is slow with tens of thousands of cells.

// `rows` are whatever stands for a row; element(row, place) is what the page shows of it, `part` of them at a time.
function newListing(rows, element, part = 100) {
  const body = document.querySelector("#rows tbody"), more = document.getElementById("more");
  const list = { body, rows, order: rows, chosen: rows, matches: () => true, renewed: () => {}, count: 0 };
  list.extend = () => {
    body.append(...list.chosen.slice(list.count, list.count + part).map((row, n) => element(row, list.count + n)));
    list.count = Math.min(list.count + part, list.chosen.length);
    more.hidden = list.count === list.chosen.length;
    more.textContent = `${list.chosen.length - list.count} more`;
  };
  list.renew = () => {
    list.chosen = list.order.filter(list.matches);
    list.count = 0;
    body.replaceChildren();
    list.extend();
    list.renewed();
  };
  more.onclick = list.extend;
  new IntersectionObserver(([entry]) => { if (entry.isIntersecting) list.extend(); }, { rootMargin: "600px" }).observe(more);
  return list;
}

// A click on a column's head sorts; value(row, column) is null where there is none. Some columns fall first.
function sorting(list, value, falling = () => false) {
  const heads = [...document.querySelectorAll("#rows thead th")];
  list.sort = (column, way) => {
    heads.forEach(other => other.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    const keyed = list.order.map(row => [value(row, column), row]);
    // What has no value comes last either way.
    keyed.sort(([p], [q]) => p === null || q === null ? (p === null) - (q === null) : p < q ? -way : p > q ? way : 0);
    list.order = keyed.map(([, row]) => row);
    list.renew();
  };
  heads.forEach((head, column) => {
    head.querySelector("button").onclick = () => {
      const before = head.getAttribute("aria-sort");
      list.sort(column, before ? (before === "ascending" ? -1 : 1) : falling(column) ? -1 : 1);
    };
  });
}
