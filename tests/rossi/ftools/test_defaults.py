"""What a script gets that does not name a parameter."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from rossi.ftools.catalogue import GROUPS, TASKS
from rossi.ftools.lookup import find
from rossi.ftools.parameters import REQUIRED, Parameters
from rossi.ftools.prompt import shown_default

_TABLE = Path(__file__).with_name("defaults.txt").read_text().partition("\n\n")[2]
DEFAULTS = {
    name: dict(word.partition("=")[::2] for word in shlex.split(words))
    for name, _, words in (line.partition(": ") for line in re.sub(r"\n +", " ", _TABLE).splitlines())
}


@pytest.mark.parametrize("group", GROUPS)
def test_defaults(group):
    """Of the tasks of a group, and of those whose modules they have brought along."""
    for name in GROUPS[group]:
        find(name)
    for name in [name for name, entry in TASKS.items() if f"rossi.ftools.{entry.module}" in sys.modules]:
        task = find(name)
        told = {key: task.parameters.declared()[key].default for key in task.names if key not in ("chatter", "mode")}
        shown = {key: "" if default is REQUIRED else shown_default(default) for key, default in told.items()}
        assert (name, list(shown.items())) == (name, list(DEFAULTS[name].items()))
        assert set(task.parameters.required()) == {key for key, default in told.items() if default is REQUIRED}


def test_what_all_tasks_have():
    assert set(DEFAULTS) == {name for group in GROUPS.values() for name in group}
    told = {key: declared.default for key, declared in Parameters.declared().items()}
    assert told == {"clobber": False, "chatter": 2, "mode": "ql"}
