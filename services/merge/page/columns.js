// The columns of the table of sources: what each shows, and what it is sorted, filtered and drawn by.

const known = value => Number.isFinite(value) ? value : null;
const fixed = (value, places) => Number.isFinite(value) ? value.toFixed(places).replace("-", "−") : "—";
// The data hold whole days of UTC as MJD.
const dayText = mjd => Number.isFinite(mjd) ? new Date((mjd - 40587) * 864e5).toISOString().slice(0, 10) : "—";
const dayOf = text => /^\d{4}(-\d\d(-\d\d)?)?$/.test(text) ? Date.parse(text) / 864e5 + 40587 : NaN;
const numeral = text => text.trim() ? +text.replace("−", "-") : NaN;

// Widths of columns [rem]: set ones do not jump while a search is typed, and are quicker to lay out.
const NARROW = 5.6, DATE = 6.6, WIDE_NAME = 10, CURVE = 8.8;

const cell = (...children) => make("td", { class: "number" }, ...children);
const below = text => make("small", {}, text);

function nameCell(data, row) {
  return make("th", { scope: "row" }, make("a", { href: data.link[row] }, data.name[row]),
    data.also[row].length ? below(data.also[row].join(", ")) : null);
}

function measuredCell({ value, error }, row) {
  if (!Number.isFinite(value[row])) return cell("—");
  const [shown, about] = measured(value[row], error[row]);
  return cell(shown, Number.isFinite(error[row]) ? below(`± ${about}`) : null);
}

function sparkOf({ spark: { begin, time, rate, low, high } }, row) {
  const part = [begin[row], begin[row + 1]];
  return { time: time.slice(...part), rate: rate.slice(...part).map(part => low[row] + part * (high[row] - low[row])) };
}

function sparkCell(data, row) {
  const high = data.spark.high[row];
  return make("td", { class: "curve" }, spark(sparkOf(data, row), 0), Number.isFinite(high) ? below(`up to ${digits(high, 3)}`) : "—");
}

// Names in the order of people, in which 4U 1608 comes before 4U 1636 and 2 before 10.
function ranks(names) {
  const { compare } = new Intl.Collator("en", { numeric: true, sensitivity: "base" }), found = new Float64Array(names.length);
  [...names.keys()].sort((p, q) => compare(names[p], names[q])).forEach((row, rank) => { found[row] = rank; });
  return found;
}

function columnsOf(data, hardness) {
  const rank = ranks(data.name), whole = name => row => data[name][row];
  const angle = (key, title, under) => ({
    key, title, unit: "deg", width: NARROW, value: row => known(data[key][row]),
    cell: row => cell(fixed(data[key][row], 3), Number.isFinite(data[under][row]) ? below(`${under} ${fixed(data[under][row], 2)}`) : ""),
  });
  const date = (key, title) => ({
    key, title, unit: "UTC", width: DATE, parse: dayOf, value: row => known(data[key][row]), cell: row => cell(dayText(data[key][row])),
  });
  const measured = (key, title, unit, told, sized) => Array.from(told.value).some(Number.isFinite) ? [{
    key, title, unit, sized, width: 7.6, falls: true, value: row => known(told.value[row]), cell: row => measuredCell(told, row),
  }] : [];
  return [
    { key: "name", title: "Source", words: true, width: WIDE_NAME, value: row => rank[row], cell: row => nameCell(data, row) },
    { key: "peak", title: "Light curve", unit: "peak", width: CURVE, falls: true, value: row => known(data.spark.high[row]), cell: row => sparkCell(data, row) },
    angle("ra", "RA", "l"), angle("dec", "Dec", "b"),
    { key: "observations", title: "Observations", width: 9.2, falls: true, sized: true, value: whole("observations"), cell: row => cell(String(data.observations[row])) },
    { key: "failures", title: "Failed", width: 5.2, falls: true, value: whole("failures"), cell: row => {
      const count = data.failures[row];
      return cell(count ? make("b", { class: "failed" }, String(count)) : "0");
    } },
    { key: "exposure", title: "Good time", unit: "ks", width: 7.6, falls: true, sized: true, value: row => known(data.exposure[row] / 1000),
      cell: row => cell(digits(data.exposure[row] / 1000)) },
    date("first", "First"), date("last", "Last"),
    ...data.rates.flatMap((band, n) => measured(`rate${n}`, band.name, band.unit, band, true)),
    ...measured("hardness", "Hardness", hardness, data.hardness, false),
    ...measured("variability", "Variability", "fractional rms", data.variability, true),
  ];
}

const titled = column => column.unit ? `${column.title} (${column.unit})` : column.title;
