"""Stage ``hexte_dead`` by ``saextrct`` or ``seextrct``, ``hxtdead``, ``rebinlc``, ``lcmath`` and ``sumpha``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rossi import gti as intervals
from rossi.archive import stem_of
from rossi.calibration_roles import Role
from rossi.errors import ConfigError, DataError
from rossi.fits.edit import file_bytes
from rossi.fits.reader import FitsFile, gunzip, open_fits
from rossi.gti import Gti
from rossi.hexte.cluster import BESIDE, Curves
from rossi.hexte.contamination import background_remarks
from rossi.hexte.dwell import overlapping
from rossi.hexte.net import CYCLE
from rossi.hexte.observation import Wanted
from rossi.hexte.parts import Part, cluster_tables, dwell_of, good_of_parts
from rossi.hexte.products import ClusterProducts, reduce_clusters
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster
from rossi.met import timezero
from rossi.remarks import Remark
from rossi.spectra.pha import read_pha
from services.contract import File, Inputs, Outputs
from services.engines.heasoft.files import plain
from services.engines.heasoft.good_time import GOOD_TIME, find_good_time
from services.engines.heasoft.hexte_curves import joined_curve, net_curve, series_of, summed_spectrum
from services.engines.heasoft.hexte_extract import Extraction, corrected
from services.engines.heasoft.overlaps import refuse_repeats
from services.engines.heasoft.preflight import check_caldb, installed
from services.engines.heasoft.task import Call, Caller, Declared, Value
from services.engines.hexte import attitude_of, contents, outputs_of, wanted_of
from services.hexte_dead.stage import Background, HexteDeadConfig

_COEFFICIENTS = {Cluster.A: Role.DEAD_TIME_A, Cluster.B: Role.DEAD_TIME_B}


@dataclass(frozen=True, slots=True)
class _Made:
    """Corrected products of one science file at one position, not empty."""

    position: Position
    curves: Mapping[str, bytes]
    spectrum: bytes


def hexte_dead(config: HexteDeadConfig, inputs: Inputs) -> Outputs:
    """Extract, correct for dead time, and subtract the background; see `reduce_clusters` for what is raised."""
    call = installed("hexte_dead").call
    if config.background is not Background.CYCLE:
        raise ConfigError(
            f"[hexte_dead] background is {config.background.value!r}, but HEASoft interpolates it (hxtlcurv) only in "
            "data that are not split yet; set background = 'cycle', or engine = 'native'."
        )
    filter_file = inputs["filter_file"][0]
    gti, good = find_good_time(call, filter_file, config.expression, config.prefr, config.postfr)
    parts, wanted = [Part.of(item) for item in inputs["science"]], wanted_of(config)

    def reduction(cluster: Cluster, own: Sequence[Part]) -> ClusterProducts | None:
        return _reduced(call, wanted, cluster, own, (gti, good), inputs)

    given = inputs.get(Role.BACKGROUND_A, ())
    estimate = (lambda b, like: _estimated(call, b, given[0], like)) if given else None
    return outputs_of(
        config,
        reduce_clusters(parts, wanted.bands, reduction, estimate),
        gti,
        inputs,
        attitude_of(filter_file.opened(), good),
    )


def _reduced(
    call: Caller,
    wanted: Wanted,
    cluster: Cluster,
    own: Sequence[Part],
    good_time: tuple[bytes, Gti],
    inputs: Inputs,
) -> ClusterProducts | None:
    """Reduce one cluster; None where nothing lies in good time."""
    gti, good = good_time
    rocking = contents(inputs, "rocking")
    tables = cluster_tables([item.opened() for item in inputs.get("rocking", ())], cluster)
    dwell, remarks = dwell_of(own, tables, wanted.dwell)
    coefficients = _coefficients(cluster, inputs)
    made: list[_Made] = []
    refuse_repeats([repeat.message for repeat in good_of_parts(own, good)[1]])
    for part in own:
        if not _holds_data(part, good):
            continue
        covering = overlapping(tables, *part.span)
        if covering is None:
            raise DataError(
                f"{part.table.where}: no housekeeping (hexte/FH53_*, FH59_*) covers the science data, and hxtdead "
                "needs it; fetch it, or set engine = 'native', which corrects realtime data for slews alone."
            )
        name = stem_of(part.name)
        files = {name: gunzip(part.split.content, part.name), GOOD_TIME: gti} | coefficients
        files["rocking"] = gunzip(rocking[covering.source], covering.source)
        made.append(_one(wanted, cluster, part, Extraction(call, name, files, wanted.width(part, dwell))))
    return _products(call, wanted, cluster, made, dwell, remarks) if made else None


def _coefficients(cluster: Cluster, inputs: Inputs) -> dict[str, bytes]:
    given = inputs.get(_COEFFICIENTS[cluster], ())
    if not given:
        check_caldb((_COEFFICIENTS[cluster],))
        return {}
    return {"coefficients": plain(given[0])}


def _holds_data(part: Part, good: Gti) -> bool:
    """Return whether something is to be extracted: the extractors leave nothing, or nonsense, where there is not.

    Rows of the archive mode count if they begin in good time, of event lists every moment does.
    """
    within = intervals.intersection(part.gti, good)
    if part.is_events:
        return bool(len(within))
    zero = timezero(part.table.header, part.table.where)
    time = part.split.opened().table().numbers("Time") + zero
    return bool(intervals.contains(within, time).any())


def _one(wanted: Wanted, cluster: Cluster, part: Part, extraction: Extraction) -> _Made:
    """Extract and correct everything of one file at one position."""
    curves = {}
    for name, band in wanted.bands.items():
        channels = (band.first, band.last)
        curve = extraction.light_curve(part.table, band.detectors, channels, events=part.is_events)
        curves[name] = corrected(curve)
    detectors = wanted.spectrum_detectors(cluster, part)
    if not detectors:
        return _Made(part.position, curves, b"")
    return _Made(part.position, curves, corrected(extraction.spectrum(part.table, detectors, events=part.is_events)))


def _products(
    call: Caller, wanted: Wanted, cluster: Cluster, made: Sequence[_Made], dwell: float, remarks: list[Remark]
) -> ClusterProducts:
    """Put the products of all files together, and subtract the background."""
    curves: dict[str, Curves] = {}
    ready: dict[str, bytes] = {}
    for band in wanted.bands:
        source = joined_curve([m.curves[band] for m in made if m.position is Position.SOURCE], "source")
        background = joined_curve([m.curves[band] for m in made if m.position in BESIDE], "background")
        net = b""
        if source and background:
            net = net_curve(call, source, background, CYCLE * wanted.cycles)
        curves[band] = Curves(series_of(source), series_of(background), series_of(net))
        named = {f"{band}_src.lc": source, f"{band}_bkg.lc": background, f"{band}.lc": net}
        ready |= {name: data for name, data in named.items() if data}
    spectra = _spectra(call, made)
    remarks += background_remarks({position: read_pha(file) for position, file in spectra.items()}, cluster)
    return ClusterProducts(curves, spectra, dwell, tuple(dict.fromkeys(remarks)), ready)


def _spectra(call: Caller, made: Sequence[_Made]) -> dict[Position, FitsFile]:
    """Add up the spectra of each position, and of all beside the source."""
    found: dict[Position, bytes] = {}
    for position in (Position.SOURCE, Position.PLUS, Position.MINUS):
        spectra = [m.spectrum for m in made if m.position is position and m.spectrum]
        if spectra:
            found[position] = summed_spectrum(call, spectra)
    beside = [found[position] for position in (Position.PLUS, Position.MINUS) if position in found]
    if beside:
        found[Position.BACKGROUND] = summed_spectrum(call, beside)
    return {position: open_fits(data, f"{position.value}.pha") for position, data in found.items()}


def _estimated(call: Caller, background: FitsFile, correction: File, like: FitsFile) -> FitsFile:
    """Estimate cluster A's background from cluster B's, in as many channels as the spectrum of A has."""
    inputs = {"b.pha": file_bytes(background), "correction": plain(correction)}
    parameters: dict[str, Value] = {"infile": "b.pha", "outfile": "a.pha", "corrfile": "correction", "mkarcfil": True}
    declared = (Declared("a.pha"), Declared("arc_a.pha"))
    files = call(Call("hextebackest", declared, parameters, inputs=inputs)).files
    made = (open_fits(files[one.pattern], background.name) for one in declared)
    found = next((file for file in made if len(file.table()) == len(like.table())), None)
    if found is None:
        raise DataError(f"{like.name}: {len(like.table())} channels, which hextebackest makes no background for.")
    return FitsFile(found.name, found.primary, (*found.tables, *background.tables[1:]))
