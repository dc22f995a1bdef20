// The sky around a source: where HEXTE took the background, and what else is there.

const FIELD = { edge: 1.1, half: 0.5 };

// `fields` are [label, east, north]; neighbours have names, east, north and the numbers of those inside.
function fieldsMap(fields, sky, width, words) {
  const out = Math.max(3, ...fields.map(([, x, y]) => Math.hypot(x, y) + FIELD.edge), ...sky.inside.map(n => Math.hypot(sky.east[n], sky.north[n])));
  const height = Math.round(Math.min(width, 460)), k = (Math.min(width, height) / 2 - 14) / out;
  const px = x => width / 2 - x * k, py = y => height / 2 - y * k, at = v => v.toFixed(1), parts = [], taken = [];
  const text = (x, y, content, more) => parts.push(make("svg:text", { x: at(x), y: at(y), ...more }, content));
  const circle = (x, y, r, more) => parts.push(make("svg:circle", { cx: at(px(x)), cy: at(py(y)), r: at(r * k), ...more }));
  for (const r of [1, 2, 3]) circle(0, 0, r, { class: "grid" });
  for (const r of [1, 2, 3]) text(px(0) + 3, py(r) + 13, `${r}°`);
  const few = fields.length <= 8;
  const thin = (most, all) => Math.max(0.012, Math.min(most, all / fields.length)).toFixed(3);
  const faint = `fill-opacity: ${thin(0.07, 1.4)}; stroke-opacity: ${thin(0.5, 12)}`;
  for (const [label, x, y] of fields) {
    const own = label[0] === "A" ? "a" : "b";
    circle(x, y, FIELD.edge, { class: `field ${own}`, style: few ? null : faint });
    if (few) circle(x, y, FIELD.half, { class: `half ${own}` });
  }
  parts.push(make("svg:path", { class: "here", d: `M${at(px(0) - 6)} ${at(py(0))}h12M${at(px(0))} ${at(py(0) - 6)}v12` }));
  const inside = new Set(sky.inside), order = [...sky.names.keys()].sort((p, q) => inside.has(q) - inside.has(p));
  for (const n of order) {
    const dot = make("svg:circle", { class: inside.has(n) ? "source inside" : "source", cx: at(px(sky.east[n])), cy: at(py(sky.north[n])), r: inside.has(n) ? 4 : 3 });
    dot.append(make("svg:title", {}, sky.names[n]));
    parts.push(dot);
  }
  if (few) for (const [label, x, y] of fields) taken.push(named(label.replace("-", "−"), px(x) - 8, py(y) + 4, 16, "label"));
  for (const n of order.slice(0, 40)) {
    const name = short(sky.names[n]), wide = 7.6 * name.length, x = px(sky.east[n]), y = py(sky.north[n]) + 4;
    const free = left => left > 2 && left + wide < width - 2 && !taken.some(([a, b, c]) => left < b + 3 && left + wide > a - 3 && Math.abs(y - c) < 14);
    const kind = inside.has(n) ? "inside" : "";
    if (free(x + 7)) taken.push(named(name, x + 7, y, wide, kind));
    else if (free(x - 7 - wide)) taken.push(named(name, x - 7, y, wide, kind, "end"));
  }
  function named(name, x, y, wide, kind, anchor = "start") {
    text(x, y, name, { class: `name ${kind}`, "text-anchor": anchor });
    return anchor === "end" ? [x - wide, x, y] : [x, x + wide, y];
  }
  text(px(0), 12, "N", { "text-anchor": "middle" });
  return make("svg:svg", { class: "plot map", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words }, ...parts);
}

const short = name => name.length > 24 ? `${name.slice(0, 23)}…` : name;
const packedSky = complete.then(() => {
  const packed = document.getElementById("beside");
  return packed ? unpack(packed.textContent) : null;
});

// The map of all observations, drawn anew when there is more or less room.
async function drawFields(open) {
  const sky = await packedSky, box = document.getElementById("map");
  if (!sky) return;
  const fields = sky.fields.flatMap(({ label, east, north }) => Array.from(east, (x, k) => [label, x, north[k]]));
  const names = sky.inside.map(n => sky.names[n]), others = sky.names.length;
  const words = `Map of the sky around the source: ${others} other source${others === 1 ? "" : "s"}, in background fields ${names.join(", ") || "none"}; the table has all numbers.`;
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - width) < 2) return;
    width = box.clientWidth;
    box.replaceChildren(fieldsMap(fields, sky, width, words));
  }).observe(box);
  for (const button of document.querySelectorAll("[data-open]")) button.onclick = () => open(+button.dataset.open);
}

// The same of one observation, for its panel.
async function ownFields(o, width) {
  if (!o.beside) return null;
  const sky = await packedSky, { fields, inside, measured } = o.beside;
  const held = label => inside.filter(([, where]) => where === label).map(([n, , angle]) => `${sky.names[n]} (${angle.toFixed(2)}°)`).join(", ") || "none";
  const rows = fields.map(([label, ra, dec]) => [label.replace("-", "−"), held(label), ra.toFixed(3), dec.toFixed(3).replace("-", "−")]);
  const own = { ...sky, inside: [...new Set(inside.map(([n]) => n))] };
  const words = `Map of the background fields of this observation; in them: ${own.inside.map(n => sky.names[n]).join(", ") || "no known source"}.`;
  return section("Background fields of HEXTE", make("div", { class: "fields" },
    fieldsMap(fields.map(([label, , , x, y]) => [label, x, y]), own, Math.min(width, 420), words),
    table("Background fields", ["field", "known sources in it", "RA", "Dec"], rows)),
  measured ? null : told("The attitude is not known; the Sun is taken to be in the spacecraft's XZ plane. The fields are up to 0.8° off."));
}
