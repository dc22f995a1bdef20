"""Expressions that are kept for other processes."""

import json
import os
from pathlib import Path

import pytest

from rossi.expression import compile_expression, evaluate, tree


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of its own, and a process that has parsed nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compile_expression.cache_clear()
    yield tmp_path / "rossi" / "expressions"
    compile_expression.cache_clear()


def test_what_was_parsed_is_known_to_the_next_process(home, monkeypatch):
    texts = ["A > 1 && .NOT. ISNULL(B)", "A{-1} > B{2}", "A == 'x' ? C[1] : #ROW", "near(A, $B C$, 2)"]
    parsed = [compile_expression(text) for text in texts]
    compile_expression.cache_clear()
    monkeypatch.setattr(evaluate, "_parser", lambda: pytest.fail("it is parsed again"))
    assert [compile_expression(text) for text in texts] == parsed
    assert parsed[3].names == {"A", "B C"}


def test_what_is_kept_is_bounded(home, monkeypatch):
    monkeypatch.setattr(tree, "_KEPT", 3)
    for number in range(evaluate._FIRST + 2):
        compile_expression(f"A > {number}")
        for path in home.iterdir():
            moment = json.loads(path.read_bytes()[64:])[0].partition("> ")[2]
            os.utime(path, (int(moment), int(moment)))
    kept = sorted(json.loads(path.read_bytes()[64:])[0] for path in home.iterdir())
    assert kept == sorted(f"A > {n}" for n in range(evaluate._FIRST - 3, evaluate._FIRST))


def test_what_is_kept_is_not_believed_when_damaged(home, monkeypatch):
    text = "A > 1"
    compile_expression("A > 2")
    (other,) = home.iterdir()
    compile_expression(text)
    (place,) = set(home.iterdir()) - {other}
    for damage in (b"", b"nonsense", place.read_bytes().replace(b"integer", b"cast"), other.read_bytes()):
        place.write_bytes(damage)
        compile_expression.cache_clear()
        assert tree.recall(text) is None
        assert compile_expression(text).tree.children[2].data == "integer"
        assert tree.recall(text) is not None
    monkeypatch.setattr(tree, "__version__", "another")
    assert tree.recall(text) is None


def test_two_processes_that_keep_expressions_lose_none_of_the_other(home, monkeypatch):
    compile_expression("A > 1")
    replace = Path.replace

    def overtaken(part, place):
        monkeypatch.setattr(Path, "replace", replace)
        tree.keep("A > 3", tree.recall("A > 1"))
        return replace(part, place)

    monkeypatch.setattr(Path, "replace", overtaken)
    compile_expression("A > 2")
    assert all(tree.recall(f"A > {number}") is not None for number in (1, 2, 3))


def test_nothing_is_kept_where_nothing_can_be_written(home, monkeypatch):
    home.parent.write_text("no folder")
    assert compile_expression("A > 1").names == {"A"}
    assert tree.recall("A > 1") is None
