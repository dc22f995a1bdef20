"""Chromium, driven by tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Where screenshots are kept, if somebody wants to look at them.
SCREENSHOTS = os.environ.get("ROSSI_SCREENSHOTS")

#: Returns what is hard to read: text with less contrast than 4.5 to what is behind it, colours of figures below 3.
CONTRAST = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => {
    const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = channels(text).map(v => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    const svg = element.namespaceURI.endsWith("svg"), style = getComputedStyle(element);
    const [a, b] = [light(svg ? style.fill : style.color), light(ground(element))].sort((p, q) => q - p);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${element.outerHTML.slice(0, 90)}`);
  }
  const probe = document.createElement("i");
  document.body.append(probe);
  const colour = name => { probe.style.color = `var(${name})`; return light(getComputedStyle(probe).color); };
  for (const name of ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5", "--link", "--faint"]) {
    for (const under of ["--paper", "--panel", "--shade"]) {
      const [a, b] = [colour(name), colour(under)].sort((p, q) => q - p);
      if ((a + 0.05) / (b + 0.05) < (name.startsWith("--c") ? 3 : 4.5)) poor.push(`${name} on ${under}`);
    }
  }
  probe.remove();
  return poor;
}"""
#: Returns what has no name for somebody who doesn't see it.
NAMELESS = """() => [...document.querySelectorAll("button, input, select, a, canvas, img, dialog, svg[role=img]")]
  .filter(e => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.alt || e.textContent.trim()
    || e.labels?.length)).map(e => e.outerHTML)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium: the one that ROSSI_CHROMIUM names, the system's, or Playwright's own."""
    named = os.environ.get("ROSSI_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with sync_playwright() as playwright:
        path = named or playwright.chromium.executable_path
        assert Path(path).exists(), (
            "Chromium is not installed: run make browser, or apt-get install chromium, or name one in ROSSI_CHROMIUM."
        )
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def screenshot(page: Page, name: str) -> None:
    """Keep what a page looks like now."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")
