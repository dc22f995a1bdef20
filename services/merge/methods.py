"""What was really done to make a report, as facts for its head and as a paragraph for a paper.

It is told by the manifests of the observations' stages: where they differ, that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord

from rossi.calibration_roles import DATA_SETS, Role
from rossi.citation import REFERENCES
from rossi.energy.built_in import NAME
from rossi.facts import some_of
from rossi.product import BandEdges
from rossi.sky import mean_direction
from rossi.timeseries.source import Source
from rossi.version import __version__
from services.contract import Outcome
from services.merge.config import SourceName
from services.merge.details import Provenance
from services.merge.energies_shown import PCU, band_in_kev
from services.merge.observations import Observation, utc_date
from services.merge.products import MergedBand
from services.merge.shown import Shown

#: Names and versions that are given; the others are counted.
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Stages:
    """What the stages of all observations say of themselves, each different saying once, the most frequent first."""

    made: Mapping[str, tuple[Provenance, ...]]

    @classmethod
    def of(cls, observations: Iterable[Observation]) -> Stages:
        """Collect what observations' products tell."""
        made: dict[str, list[Provenance]] = {}
        for observation in observations:
            for stage, products in observation.products.items():
                made.setdefault(stage, []).append(products.provenance)
        return cls({stage: tuple(found) for stage, found in made.items()})

    def setting(self, stage: str, name: str) -> list[Any]:
        """Return the different values of a setting."""
        return _different(one.config.get(name) for one in self.made.get(stage, ()))

    def calibration(self) -> dict[str, list[str]]:
        """Return the names of the calibration files by what they are."""
        found: dict[str, list[str]] = {}
        for one in (p for made in self.made.values() for p in made):
            for role, name, _ in one.calibration:
                names = found.setdefault(DATA_SETS[Role(role)].meaning, [])
                if (short := name.rpartition("/")[2]) not in names:
                    names.append(short)
        return found

    def engines(self) -> list[str]:
        """Return who computed, with versions."""
        return _different(
            f"{one.engine or 'native'} ({', '.join(f'{n} {v}' for n, v in one.versions.items() if n != 'python')})"
            for made in self.made.values()
            for one in made
        )


def _different(values: Iterable[Any]) -> list[Any]:
    """Return different values, the most frequent first."""
    count: dict[str, list[Any]] = {}
    for value in values:
        if value is not None:
            count.setdefault(repr(value), []).append(value)
    return [same[0] for same in sorted(count.values(), key=lambda same: -len(same))]


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the report's head: what it is, and what it says, as code or in words."""

    name: str
    values: tuple[str, ...]
    is_code: bool = False


def facts(shown: Shown, source: SourceName | None) -> tuple[Fact, ...]:
    """Return target, position, filters, energies and calibration files, as far as they are known.

    Parameters
    ----------
    shown : Shown
    source : SourceName or None
    """
    stages = Stages.of(shown.observations)
    names = _names(shown, source)
    found = [Fact("Target", (some_of(names, _NAMED),))] if names else []
    if (place := _place(shown, source)) is not None:
        found.append(Fact("Position (J2000)", (_position(*place),)))
    for stage, instrument in (("pca_extract", "PCA"), ("hexte_dead", "HEXTE")):
        if filters := [" ".join(str(one).split()) for one in stages.setting(stage, "expression")]:
            found.append(Fact(f"Good time of {instrument}", tuple(filters[:_NAMED]), is_code=True))
    energies = [text for band in shown.bands if (text := energies_of(band, shown.observations))]
    if energies:
        found.append(Fact("Energies", tuple(energies)))
    files = [f"{what}: {some_of(names, _NAMED)}" for what, names in stages.calibration().items()]
    return (*found, *([Fact("Calibration", tuple(files))] if files else []))


def energies_of(band: MergedBand, observations: Sequence[Observation]) -> str:
    """Return the energies that a band really has, by gain epoch; empty where neither channels nor energies are told."""
    if band.about.energies is not None:
        return _true_edges(band, observations)
    if band.about.channels is None or band.instrument not in ("PCA", "HEXTE"):
        return ""
    moments = [observations[row].span[0] for row in band.rows.tolist()]
    counted = band.counted or band.about.channels
    found = band_in_kev(band.instrument, counted, moments)
    each = [
        f"{low:.1f}–{high:.1f} keV" + (f" in epoch {epoch}" if epoch else "") for epoch, (low, high) in found.items()
    ]
    rule = f" (PCU {PCU}, table {NAME})" if band.instrument == "PCA" else " (1 keV a channel)"
    apart = "" if counted == band.about.channels else f"; {counted[0]}–{counted[1]} count"
    return f"{band.label}{apart}: {', '.join(each)}{rule}" if each else ""


def _true_edges(band: MergedBand, observations: Sequence[Observation]) -> str:
    """Return the edges of a band in keV, as the products have them: of the PCU that is shown, if it is among theirs."""
    found: dict[int, BandEdges] = {}
    for row in band.rows.tolist():
        told = observations[row].abouts[band.name].energies
        for edge in told.edges if told is not None else ():
            if edge.epoch not in found or edge.detector == f"PCU{PCU}":
                found[edge.epoch] = edge
    each = [
        f"{one.emin:.2f}–{one.emax:.2f} keV" + (f" in epoch {epoch}" if epoch else "") + f" ({one.detector})"
        for epoch, one in sorted(found.items())
    ]
    return f"{band.label}: {', '.join(each)}" if each else ""


def _names(shown: Shown, source: SourceName | None) -> list[str]:
    if source is not None:
        return list(dict.fromkeys((source.name, *source.names)))
    return list(dict.fromkeys(name for o in shown.observations if (name := o.target)))


def _place(shown: Shown, source: SourceName | None) -> tuple[float, float] | None:
    if source is not None and source.ra is not None and source.dec is not None:
        return source.ra, source.dec
    curves = [curve for o in shown.observations for curve in o.curves.values()]
    places = [place for curve in curves if (place := Source.of(curve).position)]
    ra, dec = mean_direction(*np.array(places, np.float64).reshape(-1, 2).T)
    return (ra, dec) if np.isfinite(ra) else None


def _position(ra: float, dec: float) -> str:
    place = SkyCoord(ra, dec, unit="deg")
    text = place.to_string("hmsdms", sep=":", precision=0)
    return f"RA {ra:.4f}, Dec {dec:+.4f} deg ({text}); l {place.galactic.l.deg:.2f}, b {place.galactic.b.deg:+.2f}"


def methods(shown: Shown, source: SourceName | None) -> tuple[str, tuple[str, ...]]:
    """Return a paragraph for a paper and the references that it cites; empty where no stage tells what was done.

    Parameters
    ----------
    shown : Shown
    source : SourceName or None
    """
    stages = Stages.of(shown.observations)
    if not stages.made:
        return "", ()
    cited = ["rxte"]
    instruments = [name for name in ("PCA", "HEXTE") if any(band.instrument == name for band in shown.bands)]
    cited += [name.lower() for name in instruments]
    text = [_observed(shown, source, instruments), _reduced(stages), *_pca(stages, shown), *_hexte(stages, shown)]
    if stages.calibration():
        cited.append("caldb")
        files = "; ".join(f"{what}: {some_of(names, _NAMED)}" for what, names in stages.calibration().items())
        text.append(f"The calibration files (CALDB; George & Corcoran 2005) were: {files}.")
    text.append(_times(shown))
    cited += ["heasoft", "astropy", "numpy", "rossi"]
    return " ".join(text), tuple(REFERENCES[name] for name in cited)


_PAPERS = {"PCA": "Proportional Counter Array (PCA; Jahoda et al. 2006)"}
_PAPERS["HEXTE"] = "High Energy X-ray Timing Experiment (HEXTE; Rothschild et al. 1998)"


def _observed(shown: Shown, source: SourceName | None, instruments: Sequence[str]) -> str:
    done = [o for o in shown.observations if o.outcome is Outcome.SUCCEEDED]
    spans = np.array([o.span for o in done if np.isfinite(o.span).all()]).reshape(-1, 2)
    names = _names(shown, source)
    dates = ""
    if len(spans):
        first, last = (utc_date(moment, "%Y %B %-d") for moment in (spans[:, 0].min(), spans[:, 1].max()))
        dates = f" between {first} and {last}" if first != last else f" on {first}"
    good = sum(o.ontime for o in done) / 1000
    what = " and the ".join(_PAPERS[name] for name in instruments)
    with_what = f" with the {what}" if what else ""
    whole = len(shown.observations)
    some = f"{len(done):,} of {whole:,}" if len(done) < whole else f"{whole:,}"
    of = f" of {names[0]}" if names else ""
    return (
        f"We used {some} observations{of} by the Rossi X-ray Timing Explorer (RXTE; Bradt et al. 1993){with_what}"
        f"{dates}, with {good:.4g} ks of good time."
    )


def _reduced(stages: Stages) -> str:
    engines = stages.engines()
    if any(name.startswith("heasoft") for name in engines):
        how = "with NASA's HEASoft tasks (HEASARC 2014), driven by rossi"
    else:
        how = "with rossi, which follows the algorithms of HEASoft 6.20 (HEASARC 2014)"
    return f"They were reduced {how}; version {__version__}, engine {some_of(engines, _NAMED)}."


def _pca(stages: Stages, shown: Shown) -> list[str]:
    if "pca_extract" not in stages.made:
        return []
    background = stages.setting("pca_prep", "background")
    model = stages.calibration().get(DATA_SETS[Role.MODEL].meaning, [])
    text = [f"PCA: {_good('pca_extract', stages)}"]
    if "model" in background and model:
        text.append(f"The background was estimated with the model {some_of(model, _NAMED)} and subtracted.")
    elif background == ["none"]:
        text.append("No background was subtracted.")
    width = _words(stages.setting("pca_extract", "binsz"), "s")
    dead = [str(one).lower() for one in stages.setting("pca_extract", "dead_time")]
    corrected = ", corrected for dead time," if dead == ["live"] else ""
    pcus = _words([str(one).lower() for one in stages.setting("pca_extract", "pcus")])
    layers = _words([str(one).lower() for one in stages.setting("pca_extract", "layers")])
    text.append(
        f"Light curves of Standard2 data (PCUs: {pcus}; layers: {layers}){corrected} have bins of {width}; bands: "
        f"{_bands(shown, 'PCA')}."
    )
    return text


def _hexte(stages: Stages, shown: Shown) -> list[str]:
    if "hexte_dead" not in stages.made:
        return []
    how = {
        "cycle": f" in bins of {_cycles(stages.setting('hexte_dead', 'cycles'))}",
        "interpolated": " interpolated between its dwells",
    }
    chosen = stages.setting("hexte_dead", "background")
    subtracted = how.get(str(chosen[0]), "") if len(chosen) == 1 else ""
    return [
        f"HEXTE: {_good('hexte_dead', stages)} Source and background were separated by the clusters' rocking, "
        f"corrected for dead time and subtracted{subtracted}; bands: {_bands(shown, 'HEXTE')}."
    ]


def _good(stage: str, stages: Stages) -> str:
    filters = [" ".join(str(one).split()) for one in stages.setting(stage, "expression")]
    differ = " (and other conditions for some observations)" if len(filters) > 1 else ""
    return f"good time is where {filters[0]}{differ}." if filters else "good time is that of the files."


def _bands(shown: Shown, instrument: str) -> str:
    mine = [band for band in shown.bands if band.instrument == instrument]
    told = [energies_of(band, shown.observations) or band.label for band in mine]
    return "; ".join(told) or "none"


def _words(values: Sequence[Any], unit: str = "") -> str:
    texts = [f"{one:g}" if isinstance(one, int | float) else str(one) for one in values]
    return f"{' or '.join(texts) or 'unknown'} {unit}".strip()


def _cycles(values: Sequence[Any]) -> str:
    return _words(values, "rocking cycle" if list(values) == [1] else "rocking cycles")


def _times(shown: Shown) -> str:
    headers = [curve.header for o in shown.observations for curve in o.curves.values()]
    frames = {str(header.get("TIMEREF", "")).strip().upper() for header in headers}
    if frames == {"SOLARSYSTEM"}:
        told = {str(header.get("PLEPHEM", header.get("RADECSYS", ""))).strip() for header in headers}
        which = " ".join(sorted(re.sub(r"^JPL-?", "", one) for one in told if one))
        return f"Times are at the barycentre of the solar system (JPL {which})." if which else "Times are barycentric."
    return "Times are those of the spacecraft, in TT; they are not at the barycentre."
