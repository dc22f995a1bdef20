"""What the stages share that compare with the archive's standard products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec

from rossi.errors import DataError, NoGoodTime
from rossi.product import About, Kind
from rossi.validate.reasons import with_reasons
from rossi.validate.standard import StandardProduct, read_standard_product
from rossi.validate.table import table_of, to_ecsv
from rossi.validate.verdict import Comparison, Verdict, not_compared
from services.contract import Caveat, File, Inputs, Outputs
from services.contract.validation import DIFFERS, VALIDATION

#: What a summary calls differences that are explained.
_CHOICE = "another filter"


def standard_products(inputs: Inputs) -> tuple[list[StandardProduct], list[Comparison]]:
    """Return the standard products, and what stands for those that can't be read."""
    products, problems = list[StandardProduct](), list[Comparison]()
    for item in inputs.get("standard_product", ()):
        try:
            products.append(read_standard_product(item.data, item.name))
        except DataError as error:
            problems.append(not_compared(item.name.rpartition("/")[2].removesuffix(".gz"), "product", str(error)))
    return products, problems


def validation_outputs(
    obsid: str, instrument: str, products: Sequence[StandardProduct], found: Sequence[Comparison]
) -> Outputs:
    """Return the outputs of such a stage.

    Raises
    ------
    NoGoodTime
        If there is nothing to compare with.
    """
    if not found:
        raise NoGoodTime("The archive has no standard products of it to compare with (stdprod/).")
    told = with_reasons(found, products[0].made if products else "")
    stem = f"{obsid}_{instrument}_validation"
    table = File(
        f"{stem}.ecsv", to_ecsv(table_of(obsid, told)), about=About(Kind.TABLE, VALIDATION, instrument.upper())
    )
    lines = [one for one in told if one.what != "column"]
    caveats = tuple(
        Caveat(code=DIFFERS, message=f"{one.product} differs from rossi's. {' '.join(one.reasons)}".strip())
        for one in lines
        if not one.is_fine
    )
    counts = Counter(
        str(one.verdict) if one.verdict is not Verdict.DIFFERS or not one.is_fine else _CHOICE for one in lines
    )
    return Outputs(
        {VALIDATION: (table,), "figure": _figure(obsid, instrument, stem, told)},
        caveats,
        {VALIDATION: {name: counts[name] for name in (*map(str, Verdict), _CHOICE) if counts[name]}},
    )


def _figure(obsid: str, instrument: str, stem: str, found: Sequence[Comparison]) -> tuple[File, ...]:
    if find_spec("matplotlib") is None:
        return ()
    from rossi.plot.longterm import png
    from rossi.plot.validation import validation_figure

    picture = png(validation_figure(found, f"{obsid} {instrument.upper()}: rossi and the standard products"))
    return (File(f"{stem}.png", picture, about=About(Kind.FIGURE, VALIDATION, instrument.upper())),)
