// Reading the page's packed numbers; services/merge/packing.py writes them.

function typed(buffer, start, [kind, offset, count, low, step]) {
  if (kind === "f") return new Float32Array(buffer, start + offset, count);
  const values = new Float64Array(count);
  if (kind !== "d") {
    const steps = kind === "q" ? new Uint16Array(buffer, start + offset, count) : new Uint8Array(buffer, start + offset, count);
    const missing = kind === "q" ? 65535 : 255;
    steps.forEach((v, n) => { values[n] = v === missing ? NaN : low + step * v; });
    return values;
  }
  let sum = 0;
  new Int32Array(buffer, start + offset, count).forEach((v, n) => { sum += v; values[n] = sum * step; });
  return values;
}

async function unpack(text) {
  const raw = atob(text.trim()), bytes = new Uint8Array(raw.length);
  for (let n = 0; n < raw.length; n++) bytes[n] = raw.charCodeAt(n);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const json = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  return JSON.parse(json, (_, value) => value && value.$ ? typed(buffer, 4 + length, value.$) : value);
}

const blocks = new Map(), waiting = new Map(), KEPT_BLOCKS = 30;

// Files of panels are scripts that call this: a page in a folder may load scripts from there, but fetch nothing.
globalThis.rossiPart = (number, text) => waiting.get(number)?.(text);

function beside(number) {
  const pattern = document.getElementById("rows").dataset.parts, src = pattern.replace("{number}", number);
  return new Promise((done, failed) => {
    const missing = () => failed(new Error(`The file ${src} could not be loaded; it belongs beside this page.`));
    const script = make("script", { src, onload: missing, onerror: missing });
    waiting.set(number, done);
    document.head.append(script);
  }).finally(() => waiting.delete(number));
}

async function block(number) {
  const inside = document.querySelectorAll("script.block")[number];
  return (await unpack(inside ? inside.textContent : await beside(number))).observations;
}

// What is known of an observation, by its number in time order; the block that holds it is read once, and forgotten after many others.
async function observation(row) {
  await complete;
  const size = +document.getElementById("rows").dataset.block, number = Math.floor(row / size);
  const found = blocks.get(number) ?? block(number);
  blocks.delete(number);
  blocks.set(number, found);
  if (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value);
  return found.then(all => all[row % size], error => { blocks.delete(number); throw error; });
}

function make(tag, attributes = {}, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element[name] = value; else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null));
  return element;
}

// A value and its error as people write them: the error with two digits, the value with as many decimals.
function measured(value, error) {
  if (!(Number.isFinite(value) && error > 0 && Number.isFinite(error))) return [digits(value), digits(error, 2)];
  const decimals = 1 - +error.toExponential(1).split("e")[1], scale = 10 ** -decimals;
  return [value, error].map(v => decimals >= 0 ? v.toFixed(decimals) : String(Math.round(v / scale) * scale));
}
const digits = (value, count = 4) => Number.isFinite(value) ? String(+value.toPrecision(count)) : "—";
