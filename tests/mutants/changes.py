"""Single changes of the source, as cosmic-ray makes them, and a random sample of them."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import parso
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators import operator as cosmic_ray
from cosmic_ray.operators.provider import OperatorProvider

_ARITHMETIC = "Add Sub Mul Div FloorDiv Mod Pow".split()
_BITS = "BitOr BitAnd BitXor RShift LShift".split()
_ORDER = "Eq NotEq Lt LtE Gt GtE".split()
_FAMILIES = {"Binary": (_ARITHMETIC, _BITS), "Comparison": (_ORDER, ["Is", "IsNot"])}
#: Every test fails without a decorator such as `dataclass`, none without `cache`; the others need to be told names.
_LEFT_OUT = {"RemoveDecorator", "VariableReplacer", "VariableInserter"}
#: Leaves and branches at which an operator of cosmic-ray changes something.
_LEAVES = set("+ - * / // % ** >> << | & ^ True False and or break continue".split())
_BRANCHES = set("comparison factor not_test if_stmt while_stmt assert_stmt test for_stmt except_clause".split())


@dataclass(frozen=True, order=True)
class Change:
    """One change: its place in a random order, where it is, and how cosmic-ray makes it."""

    rank: str
    module: str
    line: int
    before: str
    operator: str
    occurrence: int

    def made(self, source: str) -> str | None:
        """Return the source with this change, None if Python does not accept it or it is none."""
        try:
            changed = mutate_code(source, OperatorProvider()[self.operator](), self.occurrence)
            with warnings.catch_warnings(action="error"):
                same = changed is None or ast.dump(_tree(changed)) == ast.dump(_tree(source))
        except (SyntaxError, Warning, AttributeError):  # this of cosmic-ray, at `except (module.Error, ...)`
            return None
        return None if same else str(changed)


def _tree(source: str) -> ast.AST:
    """Return the tree of a source that Python accepts."""
    compile(source, "<changed>", "exec", dont_inherit=True)
    return ast.parse(source)


def _operators() -> dict[str, cosmic_ray.Operator]:
    return {name: OperatorProvider()[name]() for name in OperatorProvider() if _wanted(name)}


def _wanted(name: str) -> bool:
    for kind, families in _FAMILIES.items():
        if name.startswith(f"Replace{kind}Operator_"):
            return any(set(name.split("_")[1:]) <= set(family) for family in families)
    return name not in _LEFT_OUT


def _nodes(node: parso.tree.NodeOrLeaf) -> Iterator[parso.tree.NodeOrLeaf]:
    """Walk a tree in the order in which cosmic-ray counts occurrences."""
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


def _computes(node: parso.tree.NodeOrLeaf) -> bool:
    """Whether a node is no part of annotations, decorators, a signature's stars, or what only type checkers see."""
    child = node
    while (parent := child.parent) is not None:
        if parent.type in ("annassign", "tfpdef") and child is parent.children[1 if parent.type == "annassign" else 2]:
            return False
        if parent.type == "funcdef" and child is parent.annotation:
            return False
        if parent.type == "if_stmt" and parent.children[1].get_code().strip() == "TYPE_CHECKING":
            return False
        if child.type == "operator" and parent.type in ("parameters", "dictorsetmaker"):
            return False
        if parent.type == "decorator" or (
            parent.type == "argument" and parent.children[0].get_code().strip() in ("frozen", "strict")
        ):
            return False
        child = parent
    return not (node.type == "if_stmt" and node.children[1].get_code().strip() == "TYPE_CHECKING")


def changes(module: str, source: str, seed: int) -> list[Change]:
    """Return for each place of a module one change, of those that can be made there.

    Where a change stands in the random order follows from its line, not from the lines around it, so a sample stays
    nearly the same while the sources are worked on.
    """
    lines, ordinals = source.splitlines(), _ordinals(source)
    places: dict[str, list[Change]] = {}
    for name, occurrence, which, (row, column) in _possible(source):
        text = lines[row - 1]
        place = f"{seed} {module} {text.strip()} {ordinals[row - 1]} {column - len(text) + len(text.lstrip())}"
        place += f" {name.partition('_')[0]}"
        found = Change(_hash(f"{place} {name} {which}"), module, row, text.strip(), name, occurrence)
        places.setdefault(place, []).append(found)
    return [replace(min(found), rank=_hash(place)) for place, found in places.items()]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _ordinals(source: str) -> list[int]:
    """Return of each line how many lines like it there are up to it."""
    seen = Counter[str]()
    found = []
    for text in source.splitlines():
        seen[text.strip()] += 1
        found.append(seen[text.strip()])
    return found


def _possible(source: str) -> Iterator[tuple[str, int, int, tuple[int, int]]]:
    """Yield the operator of all changes of a source, its occurrence in the source and at its place, and the place."""
    operators, occurrences = _operators(), Counter[str]()
    for node in _nodes(parso.parse(source)):
        if node.type not in _BRANCHES and node.type != "number" and getattr(node, "value", None) not in _LEAVES:
            continue
        computes = _computes(node)
        for name, operator in operators.items():
            for which, (start, _) in enumerate(operator.mutation_positions(node)):
                if computes:
                    yield name, occurrences[name], which, start
                occurrences[name] += 1


def in_random_order(tree: Path, modules: list[str], seed: int) -> list[Change]:
    """Return one change for each place of these modules."""
    return sorted(change for module in modules for change in changes(module, (tree / module).read_text(), seed))
