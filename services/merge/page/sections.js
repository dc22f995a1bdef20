// The parts of an observation's panel.

const section = (title, ...children) => make("section", {}, make("h3", {}, title), ...children);
const told = text => make("p", { class: "note" }, text);
const spaced = text => text.replaceAll("_", " ");

function table(caption, heads, rows) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {}, make("caption", { class: "unseen" }, caption),
      make("thead", {}, make("tr", {}, ...heads.map(head => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map(row => make("tr", {}, ...row.map(cell => make("td", {}, cell ?? "—")))))));
}

function utcOf(o, seconds) {
  return new Date(Date.parse(`${o.begin}Z`) + Math.round(seconds) * 1000).toISOString().slice(0, 19).replace("T", " ");
}

function facts(o) {
  const list = [["outcome", make("b", { class: o.outcome }, spaced(o.outcome))], ["target", o.target || "—"]];
  if (o.begin) list.push(["start (UTC)", o.begin.replace("T", " ")], ["stop (UTC)", utcOf(o, o.length)], ["MJD (TT)", o.mjd.toFixed(5)]);
  if (o.ontime) list.push(["good time", `${digits(o.ontime, 6)} s`]);
  if (o.pcus) list.push(["PCUs on", o.pcus.toFixed(2)]);
  if (o.modes.length) list.push(["data modes", o.modes.join(", ")]);
  if (o.standard) list.push(["rossi and the archive's standard products", o.standard]);
  return make("dl", { class: "facts" }, ...list.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function caveats(o) {
  const items = o.caveats.map(([code, message]) => make("li", {}, make("code", {}, code), ` ${message}`));
  if (o.message) items.unshift(make("li", {}, o.message));
  items.push(...o.problems.map(problem => make("li", {}, problem)));
  return section("Caveats", items.length ? make("ul", {}, ...items) : told("None."));
}

function curves(o, bands, width) {
  if (!o.curves.length) return section("Light curves", told("This observation left no light curve."));
  const good = band => o.good_time.filter(g => !g.label || band.name.startsWith(g.label));
  return section("Light curves",
    ...o.curves.map(c => curvePlot(c, bands[c.band], c.band, o.length, good(bands[c.band]), width)),
    told("The line at the foot of each figure is good time."));
}

function spectra(o, width) {
  const names = [...new Set(o.spectra.map(s => s.label))];
  if (!names.length) return section("Spectra", told("There are none."));
  const each = width > 700 && names.length > 1 ? (width - 24) / 2 : width;
  return section("Spectra", make("div", { class: "beside" },
    ...names.map(name => spectrumPlot(name, o.spectra.filter(s => s.label === name), each))),
  told("Energies are nominal: of PCU 2 on that day for the PCA, 1 keV a channel for HEXTE. Net is source less background."));
}

function goodTime(o) {
  const parts = o.good_time.map(g => {
    const name = g.label || "all instruments", rows = g.rows.map(([a, b]) => [utcOf(o, a), utcOf(o, b), (b - a).toFixed(1)]);
    const words = `${name}: ${g.count} interval${g.count === 1 ? "" : "s"}, ${digits(g.total, 6)} s in all`;
    const list = table(`Good time of ${name}`, ["start (UTC)", "stop (UTC)", "seconds"], rows);
    const rest = g.count > g.rows.length ? told(`${g.count - g.rows.length} more are in the file.`) : null;
    return make("details", g.rows.length <= 12 ? { open: "" } : {}, make("summary", {}, words), list, rest);
  });
  return section("Good time", ...(parts.length ? parts : [told("There is none.")]));
}

function link(o, stage, file, sha256) {
  const patterns = document.getElementById("product")?.dataset;
  const pattern = sha256 ? patterns?.sharedHref : patterns?.href;
  const parts = { obsid: o.obsid, stage: stage.stage, fingerprint: stage.fingerprint, content: stage.content, file, sha256 };
  return pattern ? pattern.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parts[name])) : null;
}

const size = bytes => bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${digits(bytes / 1e3, 3)} kB` : `${digits(bytes / 1e6, 3)} MB`;
const offered = o => o.stages.filter(stage => stage.last && stage.files?.length);

function backgrounds(o) {
  const words = file => `Cluster ${file[3]}: spectra on source and on both sides, and the difference of the sides in standard deviations.`;
  return pictures(o, "Backgrounds of HEXTE", (stage, file) => file[3], words);
}

function standardProducts(o) {
  const words = file => `${file[0]}: by how much each product that rossi makes differs from the archive's own, and the curves of those that differ.`;
  return pictures(o, "The archive's standard products", stage => stage.stage.endsWith("_validate"), words);
}

function pictures(o, title, chosen, words) {
  const found = offered(o).flatMap(stage => stage.files.filter(file => file[2] === "figure" && chosen(stage, file)).map(file => [stage, file]));
  const figures = found.flatMap(([stage, file]) => {
    const address = link(o, stage, file[0]);
    if (!address) return [];
    const picture = make("img", { src: address, alt: words(file), onerror: () => picture.replaceWith(told(`${file[0]} is not where the report expects it.`)) });
    return [make("figure", { class: "small-figure" }, picture, make("figcaption", {}, words(file)))];
  });
  return figures.length ? section(title, make("div", { class: "beside" }, ...figures)) : null;
}

function downloads(o) {
  const lists = offered(o).filter(stage => link(o, stage, "x")).map(stage => make("div", {}, make("h4", {}, stage.stage),
    make("ul", { class: "files" }, ...stage.files.map(([name, bytes, , , sha256, within]) =>
      make("li", {}, make("a", { href: link(o, stage, within || name, sha256), download: within || name }, name),
        make("small", {}, within ? `${size(bytes)}, in ${within}` : size(bytes)))))));
  return section("Downloads", ...(lists.length ? lists : [told("No products are kept beside this report.")]));
}

function provenance(o) {
  const made = o.stages.filter(stage => stage.fingerprint);
  const rows = o.stages.map(stage => [
    stage.stage, make("b", { class: stage.outcome }, spaced(stage.outcome)),
    stage.fingerprint ? make("code", { title: stage.fingerprint }, stage.fingerprint.slice(0, 12)) : null,
    stage.created?.slice(0, 19).replace("T", " "), stage.seconds?.toFixed(2),
    stage.inputs === undefined ? null : `${stage.inputs} files, ${size(stage.bytes)}`,
    stage.files ? String(stage.files.length) : null,
    stage.versions ? Object.entries(stage.versions).map(([name, version]) => `${name} ${version}`).join(", ") : null,
  ]);
  const used = made.flatMap(stage => stage.calibration.map(([role, name, sha]) => [stage.stage, role, name, make("code", {}, sha)]));
  return section("Provenance",
    rows.length ? table("Stages", ["stage", "outcome", "fingerprint", "made (UTC)", "seconds", "inputs", "outputs", "versions"], rows)
      : told("No stage's result came with this observation."),
    ...(used.length ? [make("h4", {}, "Calibration files"), table("Calibration files", ["stage", "as", "file", "sha256"], used)] : []),
    ...made.map(stage => make("details", {}, make("summary", {}, `Configuration of ${stage.stage}`),
      make("pre", { tabindex: "0" }, JSON.stringify(stage.config, null, 1)))));
}
