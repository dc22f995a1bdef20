"""Stage ``hexte_dead`` on the native engine."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.errors import DataError
from rossi.extract.events import ScienceEvents
from rossi.fits.reader import FitsFile, open_fits
from rossi.gti import Gti
from rossi.hexte.cluster import curves_of, estimated_background, spectra_of
from rossi.hexte.contamination import background_remarks
from rossi.hexte.correction import parse_detectors
from rossi.hexte.dwell import overlapping
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.reduction import Band, Correction, Reduced, Request, reduce_archive, reduce_events, whole_frames
from rossi.hexte.rocking import Position
from rossi.hexte.science import FRAME, Cluster
from rossi.maketime import find_good_time
from rossi.met import timezero
from rossi.remarks import Remark
from services.calibration.config import Role
from services.contract import File, Inputs, Outputs
from services.engines.hexte_products import (
    ClusterProducts,
    Part,
    dwell_of,
    estimate_missing,
    good_of_parts,
    outputs_of,
    reduce_clusters,
    spectrum_detectors,
)
from services.engines.hexte_science import LONG, cluster_tables
from services.hexte_dead.stage import Background, HexteDeadConfig

_COEFFICIENTS = {Cluster.A: Role.DEAD_TIME_A, Cluster.B: Role.DEAD_TIME_B}


def hexte_dead(config: HexteDeadConfig, inputs: Inputs) -> Outputs:
    """Extract, correct for dead time, and subtract the background; see `reduce_clusters` for what is raised."""
    good_time = find_good_time(_opened(inputs["filter_file"][0]), config.expression, config.prefr, config.postfr)
    parts = [Part.of(item) for item in inputs["science"]]
    found, remarks = reduce_clusters(parts, lambda cluster, own: _reduced(config, cluster, own, good_time.gti, inputs))
    remarks += estimate_missing(found, inputs, _estimated)
    remarks += good_time.remarks
    return outputs_of(config, parts, found, remarks, good_time.file)


def _opened(item: File) -> FitsFile:
    return open_fits(item.data, item.name)


def _reduced(
    config: HexteDeadConfig, cluster: Cluster, parts: Sequence[Part], good: Gti, inputs: Inputs
) -> ClusterProducts | None:
    """Reduce one cluster; None where nothing lies in good time."""
    tables = cluster_tables(inputs.get("rocking", ()), cluster)
    coefficients = _opened(inputs[_COEFFICIENTS[cluster]][0]).table()
    dwell, remarks = dwell_of(config, parts, tables)
    bands = {b.name: Band(b.chmin, b.chmax, parse_detectors(config.detectors)) for b in config.bands}
    reduced: list[Reduced] = []
    goods, repeats = good_of_parts(parts, good)
    remarks += repeats
    for part, own in zip(parts, goods, strict=True):
        if not len(own):  # all of it is in other files
            continue
        usable = whole_frames(own, timezero(part.table.header, part.table.where)) if part.is_events else own
        request = Request(bands, _binsz(config, part, dwell), spectrum_detectors(config, cluster, part), usable)
        covering = overlapping(tables, *part.span)
        housekeeping = None if covering is None else Housekeeping.from_table(covering, cluster)
        if housekeeping is None:
            if tables:
                raise DataError(
                    f"{part.table.where}: no housekeeping covers {part.span[0]:.0f} to {part.span[1]:.0f} s, the time "
                    "of the science data; fetch the observation's FH53 and FH59 again."
                )
            remarks.append(_realtime(cluster, dwell))
        reduced += _one(part, request, Correction(housekeeping, coefficients, dwell))
    if not reduced:
        return None
    for one in reduced:
        remarks += one.remarks
    interpolated = config.background is Background.INTERPOLATED
    curves = {name: curves_of(reduced, name, dwell, config.cycles, interpolated=interpolated) for name in bands}
    spectra = spectra_of(reduced)
    remarks += background_remarks(spectra, cluster)
    return ClusterProducts(curves, spectra, dwell, tuple(dict.fromkeys(remarks)))


def _one(part: Part, request: Request, correction: Correction) -> list[Reduced]:
    if not part.is_events:
        made = reduce_archive(_opened(part.item), part.position, request, correction)
        return [] if made is None else [made]
    events = ScienceEvents.from_bytes(part.item.data, part.item.name, whole=LONG)
    return reduce_events(events, request, correction, part.position)


def _binsz(config: HexteDeadConfig, part: Part, dwell: float) -> float:
    if config.background is Background.INTERPOLATED:
        return config.binsz if part.position is Position.SOURCE else FRAME
    return dwell or FRAME


def _realtime(cluster: Cluster, dwell: float) -> Remark:
    return Remark(
        "no_housekeeping",
        f"Cluster {cluster.name} has no housekeeping (realtime data): exposures beside the source are shortened for "
        f"the slews of a dwell of {dwell:g} s, dead time is not corrected.",
    )


def _estimated(background: FitsFile, correction: File, like: FitsFile) -> FitsFile:
    return estimated_background(background, _opened(correction).table(), like)
