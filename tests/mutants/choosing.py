"""Which tests are to notice a change: those that ran its statement, or, where that is run at import, what it names."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.mutants.covering import Covered

#: Tests that take longer are left out, and what runs longer altogether, in seconds under coverage.
LONGEST, ALTOGETHER = 2.0, 12.0


class Tests:
    """All tests, by the lines that they ran."""

    def __init__(self, tree: Path, covered: Iterable[Covered]) -> None:
        self.tree = tree
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one in covered:
            self.seconds |= one.seconds
            for module, lines in one.lines.items():
                for line, tests in lines.items():
                    self.lines[module][line].update(tests)
        self.sources = {module: (tree / module).read_text().splitlines() for module in self.lines}

    def of(self, module: str, line: int) -> list[list[str]]:
        """Return the tests of a line in lots: those of its room first, then the others, quick ones before slow ones."""
        tree = ast.parse((self.tree / module).read_text())
        inside = _around(tree, line)
        if any(isinstance(one, ast.FunctionDef) for one in inside[:-1]):
            lines = _lines(inside[-1])
            found = self._ran(module, lines)
            if any("" in self.lines[module].get(line, ()) for line in lines):  # called at import, too
                found |= self._ran(module, self.lines[module])
        else:  # run at import
            found = self._naming(_names(inside), module) or self._ran(module, self.lines.get(module, ()))
            if inside and isinstance(inside[-1], ast.FunctionDef):  # a default
                found |= self._ran(module, range(inside[-1].lineno, (inside[-1].end_lineno or line) + 1))
        found = found or self._own(module)
        return self._in_lots([t for t in found if self.seconds.get(t, LONGEST) < LONGEST], module)

    def _own(self, module: str) -> set[str]:
        """Return the tests of a module that is run in other processes only, or else of its room."""
        path = Path(module)
        room = {test for test in self.seconds if test.startswith(f"tests/{path.parent}/")}
        return {test for test in room if f"/test_{path.stem}.py::" in test} or room

    def _ran(self, module: str, lines: Iterable[int]) -> set[str]:
        by_line = self.lines.get(module, {})
        return {test for line in lines for test in by_line.get(line, ()) if test}

    def _naming(self, names: list[str], module: str) -> set[str]:
        """Return the tests that ran a line in which one of the names of a module stands: there, if all are private."""
        if not names:
            return set()
        word = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
        here = {module} if all(name.startswith("_") for name in names) else set(self.sources)
        sources = {name: lines for name, lines in self.sources.items() if name in here}
        places = {m: [n for n, text in enumerate(lines, 1) if word.search(text)] for m, lines in sources.items()}
        return {test for module, lines in places.items() for test in self._ran(module, lines)}

    def _in_lots(self, tests: list[str], module: str) -> list[list[str]]:
        files = defaultdict[str, list[str]](list)
        for test in sorted(tests):
            files[test.partition("::")[0]].append(test)
        room = f"tests/{Path(module).parent}/"
        cost = {file: sum(self.seconds[t] for t in own) for file, own in files.items()}
        ordered = sorted(files, key=lambda file: (not file.startswith(room), cost[file]))
        lots: list[list[str]] = [[]]
        taken, in_lot = 0.0, 0
        for file in ordered:
            if taken + cost[file] > ALTOGETHER and taken:
                continue
            if in_lot == 6 or (lots[0] and in_lot and not file.startswith(room) and lots[-1][0].startswith(room)):
                lots.append([])
                in_lot = 0
            lots[-1] += files[file]
            taken, in_lot = taken + cost[file], in_lot + 1
        return [lot for lot in lots if lot]


def _around(tree: ast.AST, line: int) -> list[ast.stmt]:
    """Return the statements around a line, the innermost last."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return sorted(found, key=lambda node: (node.lineno, -(node.end_lineno or 0)))


def _lines(statement: ast.stmt) -> range:
    """Return the lines of a statement without what is in its body."""
    body = getattr(statement, "body", None)
    end = body[0].lineno if body else (statement.end_lineno or statement.lineno) + 1
    return range(statement.lineno, max(end, statement.lineno + 1))


def _names(inside: list[ast.stmt]) -> list[str]:
    """Return what a statement that is run at import gives a name to, and the class that it is in."""
    names = [one.name for one in inside if isinstance(one, ast.FunctionDef | ast.ClassDef)]
    last = inside[-1] if inside else None
    targets = last.targets if isinstance(last, ast.Assign) else [last.target] if isinstance(last, ast.AnnAssign) else []
    names += [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return names
