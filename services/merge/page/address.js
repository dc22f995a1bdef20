// The address names the open observation, and, where one came from a front page, the way back: #<ObsID>&from=<path>.

const complete = new Promise(done => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", done, { once: true });
  else done();
});

const PATH = /^(\.\.\/)+([\w-]+\/)*index\.html$/;
const addressed = location.hash.slice(1).split("&").filter(Boolean), whence = addressed.find(part => part.startsWith("from="));
const nameIn = parts => decodeURIComponent(parts.find(part => part && !part.startsWith("from=")) ?? ""), wanted = nameIn(addressed);

function writeAddress(name) {
  const hash = [encodeURIComponent(name), whence].filter(Boolean).join("&");
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

// A copy in a folder has its link; in a store the front page tells where it is, as its place follows from what it shows.
complete.then(() => {
  const up = document.getElementById("up"), path = decodeURIComponent(whence?.slice(5) ?? "");
  if (!up?.hidden || !PATH.test(path)) return;
  up.href = `${path}#at=${encodeURIComponent(up.dataset.slug)}`;
  up.hidden = false;
});
