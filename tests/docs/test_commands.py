"""Every command that README and the documentation print is one, with options that there are."""

import re
import shlex

import pytest
from typer.main import get_command

from flows.cli import app
from tests.docs.pages import DOCS, ROOT

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
ROSSI = get_command(app)
#: Lines of blocks of code, indented or fenced, and words of a sentence that are a command line.
FENCES = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES = re.compile(r"^    (rossi [a-z].*)$|`(rossi [a-z][^`]*)`", re.MULTILINE)
#: What only says that something stands there.
LEFT_OUT = re.compile(r"\.\.\.|…| COMMAND\b")


def commands(text):
    """Yield the command lines of a page, in words, without what only shows how one begins."""
    fenced = [line for block in FENCES.findall(text) for line in block.splitlines() if line.startswith("rossi ")]
    for line in [*fenced, *(first or second for first, second in LINES.findall(text))]:
        words = shlex.split(line, comments=True)
        if not LEFT_OUT.search(line) and words[1] != "ftool":
            yield [word for word in words[1:] if word not in {"|", "&&", "&"}]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_understood(page):
    for words in commands(page.read_text()):
        found = ROSSI
        while words and words[0] in getattr(found, "commands", {}):
            found = found.commands[words.pop(0)]
        known = {name for one in found.params for name in (*one.opts, *one.secondary_opts)} | {
            "--help",
            "--print-config",
        }
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert not hasattr(found, "commands") or not words, (page.name, words)
        assert used <= known, (page.name, found.name, used - known)
