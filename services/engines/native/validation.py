"""Stages ``pca_validate`` and ``hexte_validate`` on either engine: rossi compares what the engine prepared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec

from rossi import gti as intervals
from rossi.calibration_roles import Role
from rossi.errors import DataError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.goodtime import read_good_time
from rossi.gti import Gti
from rossi.hexte.parts import Part
from rossi.hexte.science import Cluster
from rossi.maketime import find_good_time
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.product import About, Kind
from rossi.timing.standard1 import read_standard1
from rossi.validate.filter_file import compare_filter_files, compare_good_time
from rossi.validate.hexte import HexteData, compare_hexte
from rossi.validate.pca import PcaData, compare_pca
from rossi.validate.reasons import with_reasons
from rossi.validate.standard import StandardProduct, read_standard_product
from rossi.validate.table import table_of, to_ecsv
from rossi.validate.verdict import Comparison, Verdict, not_compared
from services.contract import Caveat, File, Inputs, Outputs
from services.contract.extraction import PCA_RECIPE
from services.contract.validation import DIFFERS, VALIDATION
from services.engines.hexte import contents
from services.engines.native.files import opened
from services.hexte_validate.stage import HexteValidateConfig
from services.pca_validate.stage import PcaValidateConfig

#: What a summary calls differences that are explained.
_CHOICE = "another filter"
#: Part of the step beside a good row of the filter file that is good, as extraction has it by default.
_HALF = 0.5


def pca_validate(_config: PcaValidateConfig, inputs: Inputs) -> Outputs:
    """Compare filter file, good time, light curves and spectra of the PCA with those of the mission's pipeline.

    Raises
    ------
    NoGoodTime
        If the archive has no standard products of the observation.
    """
    products, problems = _read(inputs)
    found = [*_filter_file(inputs), *_good_time(inputs, products)]
    data, background = (
        [ScienceArray.from_file(opened(item)) for item in inputs.get(name, ())] for name in ("std2_dt", "std2_dtbkg")
    )
    own = PcaData(data, background, _prepared_standard1(inputs))
    found += [compare_pca(one, own) for one in products]
    header = opened(inputs["std2_dt"][0]).table(hdu=1).header
    return _outputs(str(header.get("OBS_ID", "observation")).strip(), "pca", products, [*found, *problems])


def hexte_validate(_config: HexteValidateConfig, inputs: Inputs) -> Outputs:
    """Compare light curves and spectra of HEXTE with those of the mission's pipeline.

    Raises
    ------
    NoGoodTime
        If the archive has no standard products of the observation.
    """
    products, problems = _read(inputs)
    parts = [Part.of(item) for item in inputs["science"]]
    roles = {Cluster.A: Role.DEAD_TIME_A, Cluster.B: Role.DEAD_TIME_B}
    coefficients = {cluster: opened(inputs[role][0]).table() for cluster, role in roles.items()}
    found = compare_hexte(products, HexteData(parts, contents(inputs, "rocking"), coefficients))
    obsid = str(parts[0].table.header.get("OBS_ID", "observation")).strip()
    return _outputs(obsid, "hexte", products, [*found, *problems])


def _read(inputs: Inputs) -> tuple[list[StandardProduct], list[Comparison]]:
    """Return the standard products, and what stands for those that can't be read."""
    products, problems = [], []
    for item in inputs.get("standard_product", ()):
        try:
            products.append(read_standard_product(item.data, item.name))
        except DataError as error:
            problems.append(not_compared(item.name.rpartition("/")[2].removesuffix(".gz"), "product", str(error)))
    return products, problems


def _filter_file(inputs: Inputs) -> Sequence[Comparison]:
    for item in inputs.get("standard_filter_file", ()):
        name = item.name.rpartition("/")[2].removesuffix(".gz")
        try:
            tables = [_rows(opened(one)) for one in (item, inputs["filter_file"][0])]
            return compare_filter_files(name, tables[0], tables[1])
        except DataError as error:
            return (not_compared(name, "filter file", str(error)),)
    return ()


def _rows(file: FitsFile) -> Table:
    return file.table("XTE_MKF") if len(file.tables) > 1 else file.table(hdu=1)


def _good_time(inputs: Inputs, products: Sequence[StandardProduct]) -> list[Comparison]:
    found = next(
        ((item.name.rpartition("/")[2].removesuffix(".gz"), item) for item in inputs.get("standard_gti", ())), None
    )
    of_products: Gti | None = intervals.union(*(one.gti for one in products)) if products else None
    try:
        name, archive = (
            ("STDGTI", of_products) if found is None else (found[0], read_good_time(opened(found[1])).intervals)
        )
        if archive is None:
            return []
        rossi = find_good_time(opened(inputs["filter_file"][0]), PCA_RECIPE, _HALF, _HALF).gti
    except (DataError, NoGoodTime) as error:
        return [not_compared("STDGTI" if found is None else found[0], "good time", str(error))]
    return [compare_good_time(name, archive, rossi, PCA_RECIPE)]


def _prepared_standard1(inputs: Inputs) -> Sequence[ScienceArray]:
    if not inputs.get("std1"):
        return ()
    housekeeping = [Housekeeping.from_file(opened(item)) for item in inputs.get("housekeeping", ())]
    return read_standard1((opened(item) for item in inputs["std1"]), housekeeping, BadRowRules()).arrays


def _outputs(obsid: str, instrument: str, products: Sequence[StandardProduct], found: Sequence[Comparison]) -> Outputs:
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
