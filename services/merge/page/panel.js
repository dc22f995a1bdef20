// The panel of one observation: a dialog that Escape closes; the address names the observation.

function newPanel(names, bands, locate) {
  const get = id => document.getElementById(id), dialog = get("panel");
  const panel = { row: -1 };
  async function fill() {
    const row = panel.row, o = await observation(row).catch(error => ({ error }));
    if (row !== panel.row) return;
    if (o.error) { get("told").replaceChildren(told(o.error.message)); return; }
    const width = Math.max(260, Math.floor(get("told").clientWidth)), map = await ownFields(o, width);
    const parts = [facts(o), caveats(o), curves(o, bands, width), spectra(o, width), backgrounds(o), map, standardProducts(o), goodTime(o), downloads(o), provenance(o)];
    if (row === panel.row) get("told").replaceChildren(...parts.filter(part => part));
  }
  panel.open = row => {
    panel.row = row;
    get("who").textContent = names[row];
    get("told").replaceChildren(told("…"));
    get("before").disabled = row === 0;
    get("after").disabled = row === names.length - 1;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    get("who").focus();
    writeAddress(names[row]);
    return fill();
  };
  get("before").onclick = () => panel.open(panel.row - 1);
  get("after").onclick = () => panel.open(panel.row + 1);
  get("locate").hidden = !bands.length;
  get("locate").onclick = () => { dialog.close(); locate(panel.row); };
  get("close").onclick = () => dialog.close();
  dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
  dialog.onkeydown = event => {
    if (event.target.closest("[tabindex='0']") || event.altKey || event.ctrlKey) return;
    if (event.key === "ArrowLeft" && panel.row > 0) panel.open(panel.row - 1);
    if (event.key === "ArrowRight" && panel.row < names.length - 1) panel.open(panel.row + 1);
  };
  dialog.onclose = () => writeAddress("");
  let width = window.innerWidth;
  window.addEventListener("resize", () => { if (dialog.open && width !== window.innerWidth) fill(); width = window.innerWidth; });
  return panel;
}
