// Copying the paragraph for a paper. Some browsers have no clipboard for pages in folders: then it is what is selected.

async function copied(box) {
  const text = [...box.querySelectorAll("p")].map(p => p.textContent.trim()).join("\n\n");
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(box);
    return document.execCommand("copy");
  }
}

complete.then(() => {
  const get = id => document.getElementById(id);
  if (!get("copy")) return;
  get("copy").onclick = async () => {
    get("copied").textContent = await copied(get("methods")) ? "copied" : "It is selected; copy it with the keys of your system.";
  };
});
