"""A source's observations become one: light curves and spectra, with a report."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rossi.facts import counted, some_of
from rossi.product import About, Kind
from rossi.spectra.ready import FitSettings
from services.contract import (
    VANISHED,
    Caveat,
    File,
    InputRecord,
    ObservationResult,
    Outcome,
    Output,
    Outputs,
    Stage,
    StageResult,
)
from services.contract.seal import seal
from services.execution.making import Work, carry_out, result_of, stage_folder
from services.merge.colours import colour_columns, colour_files, colours_of, diagrams
from services.merge.colours import figures as colour_figures
from services.merge.config import NAME, MergeConfig, MergeRequest, Neighbour, Normalise, SourceName
from services.merge.details import Details, noted
from services.merge.fields import Fields, hexte_fields
from services.merge.front_entry import entry_of
from services.merge.inputs import Found, StageProducts, find_all, spectra
from services.merge.kinds import kept_apart
from services.merge.labels import obsid_of, stem_of
from services.merge.normalise import in_crabs
from services.merge.observations import Observation, bands, collect, ecsv, in_time_order, with_curves
from services.merge.places import require_one_place
from services.merge.products import caveats_of, figures, join_band, light_curve
from services.merge.report import Place, report
from services.merge.shown import Shown
from services.merge.spectra import SpectrumSet, Sums, sum_spectra
from services.merge.timing import Timing, gathered, timing_files, timing_sets, timing_summary
from services.merge.timing_section import timing_section
from services.storage import ObjectStore, open_store
from services.storage.base import key_of
from services.storage.held import HeldStore
from services.storage.publication import find_manifest, manifest_key
from services.storage.putting import put_exactly

#: Code of the caveat that a light curve was named but could not be read.
LEFT_OUT = "not_merged"
#: Name of the page.
REPORT = "report.html"
STAGE = Stage(
    name=NAME,
    version=8,
    config=MergeConfig,
    inputs=(),
    outputs=(
        Output("light_curve", "one light curve a band, of all observations", at_least=0),
        Output("figure", "the light curves against time", at_least=0),
        Output("spectrum", "spectra, summed by cluster of HEXTE, by gain epoch and PCUs of the PCA", at_least=0),
        Output("response", "mean responses of the summed spectra", at_least=0),
        Output("colours", "hardness ratios of single bins", at_least=0),
        Output("power_spectrum", "power spectra of the PCA, averaged, and how they change", at_least=0),
        Output("bursts", "the table of bursts", at_least=0),
        Output("observations", "the table of observations"),
        Output("report", "the page about all of this"),
        Output("part", "what the page loads when observations are opened", at_least=0),
        Output("entry", "what the front page of an archive tells of the source", at_least=0),
    ),
)


def merge(
    config: MergeConfig,
    asked: Sequence[str],
    results: Sequence[ObservationResult],
    curves: Mapping[str, Sequence[File]],
    *,
    products: Mapping[str, Mapping[str, StageProducts]] | None = None,
    place: Place | None = None,
    summed: Iterable[SpectrumSet] = (),
    source: SourceName | None = None,
    timing: Timing | None = None,
    neighbours: Sequence[Neighbour] = (),
) -> Outputs:
    """Join the observations' light curves, and add up their spectra.

    Parameters
    ----------
    config : MergeConfig
    asked : sequence of str
        ObsIDs; every one is in the report, whatever came of it.
    results : sequence of ObservationResult
    curves : mapping of ObsID to light-curve files
    products : mapping of ObsID and stage to StageProducts, optional
        What the store has, for the report.
    place : Place, optional
        Where the report lies, for links to these.
    summed : iterable of SpectrumSet
        Spectra, to be shown and added up, and good time; they need not all be in memory.
    source : SourceName, optional
        Of which all observations are; else positions in their light curves tell those of several apart.
    timing : Timing, optional
        Fast data of all observations.
    neighbours : sequence of Neighbour
        Other sources that HEXTE's background fields may hold.

    Raises
    ------
    ConfigError
        If there is a result for an ObsID that was not asked for.
    """
    observations = collect(asked, results, curves, products)
    details: dict[str, Details] = {}
    fit = FitSettings(config.systematic, config.group_min)
    sums = sum_spectra(noted(summed, details), config.slug, fit)
    # Proposals name a source differently; a campaign's observations were chosen, so positions tell.
    any_source = config.force or source is not None
    parted, apart = kept_apart(observations, any_source=any_source, by_name=False)
    fields = hexte_fields(parted, neighbours)
    told = [*apart, *fields.caveats()]
    return _merged(config, parted, place or Place(), sums, details, told, source=source, timing=timing, fields=fields)


def merge_files(
    config: MergeConfig,
    curves: Sequence[File],
    *,
    column: str | None = None,
    unread: Mapping[str, str] | None = None,
    one_place: bool = False,
) -> Outputs:
    """Join light-curve files as they are, each an observation (those of several bands of one OBS_ID are one).

    Parameters
    ----------
    config : MergeConfig
    curves : sequence of File
        Without OBS_ID, MINCHAN and MAXCHAN, a file is an observation of its own name, in the band ``rate``.
    column : str, optional
        See `read_light_curve`.
    unread : mapping of name to sentence, optional
        Files that could not be had.
    one_place : bool
        Refuse files whose positions are not those of one source, unless `config` forces it; else each place has light
        curves of its own.

    Notes
    -----
    A file that can't be read is a failure in the report, and a caveat ``not_merged``.

    Raises
    ------
    ConfigError
        With `one_place`, if there are several.
    """
    groups: dict[str, list[Observation]] = {}
    for file in curves:
        one = with_curves(Observation(stem_of(file.name), Outcome.SUCCEEDED), [file], column=column)
        obsid = next(filter(None, map(obsid_of, one.curves.values())), one.obsid)
        mine = groups.setdefault(obsid, [])
        at = next((n for n, other in enumerate(mine) if not other.curves.keys() & one.curves.keys()), len(mine))
        mine[at:] = [_together(f"{obsid} ({at + 1})" if at else obsid, *mine[at : at + 1], one), *mine[at + 1 :]]
    found = [observation for mine in groups.values() for observation in mine]
    found += [Observation(stem_of(name), Outcome.FAILED, text) for name, text in (unread or {}).items()]
    read = [caveat for one in found for caveat in one.caveats]
    left_out = [Caveat(code=LEFT_OUT, message=o.message) for o in found if o.outcome is Outcome.FAILED]
    if one_place and not config.force:
        require_one_place(found)
    parted, apart = kept_apart(in_time_order(found), any_source=config.force)
    told = [*left_out, *read, *apart]
    return _merged(config, parted, Place(), Sums(), {}, told, means="mean of a file")


def _together(obsid: str, *parts: Observation) -> Observation:
    """Return one observation of files of different bands."""
    failed = any(part.outcome is Outcome.FAILED for part in parts)
    return Observation(
        obsid,
        Outcome.FAILED if failed else Outcome.SUCCEEDED,
        "; ".join(part.message for part in parts if part.message),
        tuple(dict.fromkeys(caveat for part in parts for caveat in part.caveats)),
        curves={band: curve for part in parts for band, curve in part.curves.items()},
        abouts={band: about for part in parts for band, about in part.abouts.items()},
    )


def execute_merge(request: MergeRequest) -> StageResult:
    """Open the request's store and merge; see `run_merge`."""
    return run_merge(request, open_store(request.store))


def run_merge(request: MergeRequest, store: ObjectStore) -> StageResult:
    """Merge what a campaign left of a source in the store, unless that is done already.

    The products lie under ``<prefix>/merge/<fingerprint>/``; an index of all observations' products is
    ``<prefix>/products/<fingerprint>.json``.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    """
    work = work_of(request)

    def make() -> Outputs:
        held = HeldStore(store)
        found = find_all(held, request.results)
        prefix = request.prefix.strip("/")
        outputs = merge(
            request.settings,
            request.asked,
            [f.result for f in found.values()],
            {obsid: f.curves for obsid, f in found.items()},
            products={obsid: f.products for obsid, f in found.items()},
            place=Place(request.store, prefix, work.fingerprint),
            summed=spectra(held, found.values()),
            source=request.source,
            timing=gathered(timing_sets(held, found.values())),
            neighbours=request.neighbours,
        )
        index = key_of(prefix, "products", f"{work.fingerprint}.json")
        put_exactly(store, index, _index(work.key, found))
        return outputs

    return carry_out(work, store, make)


def find_merge(store: ObjectStore, prefix: str, fingerprint: str) -> StageResult | None:
    """Return how a merge ended that was done before; None if it was not."""
    key = manifest_key(f"{stage_folder(prefix, '', NAME)}/{fingerprint}")
    there = find_manifest(store, key)
    return None if there is None else result_of(there, key, reused=True)


def work_of(request: MergeRequest) -> Work:
    """Return what a merge would do, with the key of its result."""
    by_obsid = {result.obsid: result for result in request.results}
    records = [_record(obsid, by_obsid.get(obsid)) for obsid in dict.fromkeys(request.asked)]
    return Work(STAGE, request.settings, records, request.prefix, source=request.name)


def _merged(
    config: MergeConfig,
    observations: Sequence[Observation],
    place: Place,
    sums: Sums,
    details: Mapping[str, Details],
    told: Sequence[Caveat],
    *,
    means: str = "mean of an observation",
    source: SourceName | None = None,
    timing: Timing | None = None,
    fields: Fields | None = None,
) -> Outputs:
    if config.normalise is Normalise.CRAB:
        observations, left = in_crabs(observations, config.crab)
        told = [*told, *left]
    joined = [join_band(observations, band, keep_null=config.keep_null) for band in bands(observations)]
    joined = [band for band in joined if np.isfinite(band.joined.series.rate).any()]
    curves = tuple(
        File(f"{config.slug}_{b.name}.lc", light_curve(b, observations, config.title, source), about=b.about)
        for b in joined
    )
    colours, no_colours = colours_of(observations, config.colours, config.intensity)
    told = [*told, *no_colours]
    images = figures(joined, observations, config, means=means)
    ratios = tuple(colour_files(observations, colours, config.slug, config.title))
    table = File("observations.ecsv", ecsv(observations, colour_columns(colours)), about=About(Kind.TABLE))
    timing = timing or Timing()
    fast = timing_files(timing, config.slug, config.title)
    images += (*colour_figures(observations, colours, config.slug, config.title), *fast.pop("figure"))
    made = (*sums.files, *sums.responses, *ratios, *(file for some in fast.values() for file in some))
    downloads = [f.name for f in (*curves, *images, *made, table)]
    found = [caveat for band in joined for caveat in caveats_of(band)]
    caveats = [*told, *_vanished(observations), *found, *sums.caveats, *timing.caveats]
    if not joined and not timing:
        caveats.append(
            Caveat(code="no_light_curve", message="No observation left a light curve; the report tells why.")
        )
    shown = Shown(observations, joined, details, fields or Fields())
    sections = timing_section(timing, images), diagrams(observations, colours) if colours else ""
    page = report(
        config.title, config.description, shown, downloads, place, config.points, caveats, *sections, source=source
    )
    pages = {
        "observations": (table,),
        "report": (File(REPORT, page.page, about=About(Kind.PAGE)),),
        "part": page.parts,
        "entry": _entry(shown, source, config.pair),
    }
    sets = {"spectrum": sums.files, "response": sums.responses, "colours": ratios, **fast}
    files = {"light_curve": curves, "figure": images, **sets, **pages}
    return Outputs(files, tuple(caveats), _summary(observations, joined, sums) | timing_summary(timing))


def _entry(shown: Shown, source: SourceName | None, hardness: tuple[str, str] | None) -> tuple[File, ...]:
    """Return what the front page tells of a source; the link is that from beside its report."""
    if source is None:
        return ()
    nan = float("nan")
    ra, dec = (nan if angle is None else angle for angle in (source.ra, source.dec))
    entry = entry_of(
        shown,
        source.slug,
        source.name,
        REPORT,
        also=[name for name in source.names if name != source.name],
        ra=ra,
        dec=dec,
        hardness=hardness,
    )
    return (File("entry.json", entry.model_dump_json().encode()),)


def _vanished(observations: Sequence[Observation]) -> list[Caveat]:
    """Name the observations of which these are the last products."""
    gone = [o.obsid for o in observations if any(caveat.code == VANISHED for caveat in o.caveats)]
    if not gone:
        return []
    said = f"{counted(len(gone))} no longer in the archive; what is merged are the last products"
    return [Caveat(code=VANISHED, message=f"{said}: {some_of(gone)}.")]


def _summary(observations: Sequence[Observation], joined: Sequence[Any], sums: Sums) -> dict[str, Any]:
    counts = Counter(o.outcome for o in observations)
    return {
        "asked": len(observations),
        **{str(outcome): counts[outcome] for outcome in Outcome},
        "bands": {b.name: {"rows": len(b.joined.series), "unit": b.unit} for b in joined},
        "spectra": dict(sums.summary),
    }


def _record(obsid: str, result: ObservationResult | None) -> InputRecord:
    """Identify what came of an observation: its stages' fingerprints, or their failures' sentences."""
    stages = [] if result is None else [(s.stage, s.fingerprint, s.outcome, s.message) for s in result.stages]
    identity = hashlib.sha256(json.dumps(stages).encode()).hexdigest()
    return InputRecord(input="observation", path=obsid, size=len(stages), identity=identity)


def _index(key: str, found: Mapping[str, Found]) -> bytes:
    observations = {
        obsid: {
            "outcome": f.result.outcome,
            "message": f.result.message,
            "stages": {stage: {"manifest": p.manifest, "files": p.by_output()} for stage, p in f.products.items()},
        }
        for obsid, f in sorted(found.items())
    }
    content = {"version": 2, "merge": key, "observations": observations, "seal": ""}
    return seal(json.dumps(content, indent=1).encode())
