"""Stage ``pca_validate``, whoever prepared the data."""

from __future__ import annotations

from collections.abc import Sequence

from rossi import gti as intervals
from rossi.errors import DataError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.goodtime import read_good_time
from rossi.gti import Gti
from rossi.maketime import find_good_time
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.timing.standard1 import read_standard1
from rossi.validate.filter_file import compare_filter_files, compare_good_time
from rossi.validate.pca import PcaData, compare_pca
from rossi.validate.standard import StandardProduct
from rossi.validate.verdict import Comparison, not_compared
from services.contract import Inputs, Outputs
from services.contract.extraction import PCA_RECIPE
from services.engines.native.validation import standard_products, validation_outputs
from services.pca_validate.stage import PcaValidateConfig

#: Part of the step beside a good row of the filter file that is good, as extraction has it by default.
_HALF = 0.5


def pca_validate(_config: PcaValidateConfig, inputs: Inputs) -> Outputs:
    """Compare filter file, good time, light curves and spectra of the PCA with those of the mission's pipeline.

    Raises
    ------
    NoGoodTime
        If the archive has no standard products of the observation.
    """
    products, problems = standard_products(inputs)
    found = [*_filter_file(inputs), *_good_time(inputs, products)]
    data, background = (
        [ScienceArray.from_file(item.opened()) for item in inputs.get(name, ())] for name in ("std2_dt", "std2_dtbkg")
    )
    own = PcaData(data, background, _prepared_standard1(inputs))
    found += [compare_pca(one, own) for one in products]
    header = inputs["std2_dt"][0].opened().table(hdu=1).header
    return validation_outputs(str(header.get("OBS_ID", "observation")).strip(), "pca", products, [*found, *problems])


def _filter_file(inputs: Inputs) -> Sequence[Comparison]:
    for item in inputs.get("standard_filter_file", ()):
        name = item.name.rpartition("/")[2].removesuffix(".gz")
        try:
            tables = [_rows(one.opened()) for one in (item, inputs["filter_file"][0])]
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
            ("STDGTI", of_products) if found is None else (found[0], read_good_time(found[1].opened()).intervals)
        )
        if archive is None:
            return []
        rossi = find_good_time(inputs["filter_file"][0].opened(), PCA_RECIPE, _HALF, _HALF).gti
    except (DataError, NoGoodTime) as error:
        return [not_compared("STDGTI" if found is None else found[0], "good time", str(error))]
    return [compare_good_time(name, archive, rossi, PCA_RECIPE)]


def _prepared_standard1(inputs: Inputs) -> Sequence[ScienceArray]:
    if not inputs.get("std1"):
        return ()
    housekeeping = [Housekeeping.from_file(item.opened()) for item in inputs.get("housekeeping", ())]
    return read_standard1((item.opened() for item in inputs["std1"]), housekeeping, BadRowRules()).arrays
