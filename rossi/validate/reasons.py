"""What is known of why products differ, from which of them do, and from what their headers say."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.archive import parse_standard_product
from rossi.validate.verdict import Comparison, Verdict


def with_reasons(comparisons: Sequence[Comparison], made: str) -> tuple[Comparison, ...]:
    """Return comparisons with what those of one instrument say together.

    Parameters
    ----------
    comparisons : sequence of Comparison
    made : str
        Who made the archive's products, and when.
    """
    differing: dict[str, set[bool]] = {"s": set(), "b": set(), "n": set()}
    for one in comparisons:
        kind = parse_standard_product(one.product)
        if kind is not None and one.verdict is not Verdict.NOT_COMPARED:
            differing[kind.content].add(one.verdict is Verdict.DIFFERS)
    background_alone = True in differing["b"] and differing["s"] == {False}
    return tuple(_reasoned(one, made, background_alone) for one in comparisons)


def _reasoned(one: Comparison, made: str, background_alone: bool) -> Comparison:
    kind = parse_standard_product(one.product)
    if kind is None or one.verdict is not Verdict.DIFFERS:
        return one
    if background_alone and kind.content in "bn":
        model = "another version of the background model" if kind.instrument == "PCA" else "another background"
        return one.because(f"Source and background agree where they are together, so it is {model} ({made}).")
    return one.because(f"Made by {made}.") if made else one
