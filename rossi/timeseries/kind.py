"""What makes light curves of one kind, and what must never become one curve."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rossi.errors import DataError
from rossi.names import plain_name
from rossi.timeseries.series import LightCurve
from rossi.timeseries.source import Source, source_numbers

#: What curves that become one must have alike, by what it is called in sentences.
TRAITS = {
    "mission": "mission (TELESCOP)",
    "instrument": "instrument (INSTRUME)",
    "detector": "detector (DETNAM)",
    "clock": "time system (TIMESYS, TIMEREF)",
    "unit": "unit (TUNIT)",
    "product": "standard product",
    "band": "band (MINCHAN, MAXCHAN, E_MIN, E_MAX)",
    "content": "treatment of the background (BACKAPP, HDUCLAS2)",
    "dead": "treatment of dead time (DEADAPP)",
}
_PRODUCT = re.compile(r"_([snb][012][a-e]?)\.lc(?:\.\w+)?$", re.IGNORECASE)
#: Names of one place where times are taken; any other is a place of its own.
_PLACES = {
    **dict.fromkeys(("LOCAL", "SATELLITE", "SPACECRAFT", "TOPOCENTER", "TOPOCENTRIC"), "LOCAL"),
    **dict.fromkeys(("SOLARSYSTEM", "BARYCENTER", "BARYCENTRE", "BARYCENTRIC", "SSB"), "SOLARSYSTEM"),
    **{"HELIOCENTER": "HELIOCENTRIC", "GEOCENTER": "GEOCENTRIC"},
}


def traits(series: LightCurve) -> dict[str, str]:
    """Return what `TRAITS` names of a curve; empty where it does not tell.

    Parameters
    ----------
    series : LightCurve
    """
    return {
        **{trait: told(series) for trait, told in _ALWAYS.items()},
        "detector": _detector(series),
        "product": match[1].lower() if (match := _PRODUCT.search(series.name)) else "",
        "band": _band(series),
        "content": _content(series),
        "dead": {True: "corrected", False: "uncorrected"}.get(series.header.get("DEADAPP"), ""),
    }


def _detector(series: LightCurve) -> str:
    name = series.text("DETNAM").upper()
    return name[:3] if name.startswith("PW") else name  # HEXTE: which detectors of a cluster work changes with time


def clock(series: LightCurve) -> str:
    """Return time system and place of a curve's times, as TIMESYS and TIMEREF would say them: ``TT LOCAL``.

    Parameters
    ----------
    series : LightCurve
    """
    system = {"": "TT", "TDT": "TT", "ET": "TT"}.get(stated := series.text("TIMESYS").upper(), stated)
    place = series.text("TIMEREF").upper() or series.text("TREFPOS").upper()
    if not place:
        place = "SOLARSYSTEM" if system == "TDB" else "LOCAL"
    return f"{system} {_PLACES.get(place, place)}"


def _band(series: LightCurve) -> str:
    if (energies := series.energies) is not None:  # which channels those are changes from epoch to epoch
        return "{:.10g}-{:.10g}keV".format(*energies)
    header, parts = series.header, []
    for low, high in (("MINCHAN", "MAXCHAN"), ("CHANMIN", "CHANMAX")):
        ends = header.get(low), header.get(high)
        if all(isinstance(end, int | float) for end in ends):
            parts.append("ch" + "-".join(f"{end:g}" for end in ends))
    return " ".join(dict.fromkeys(parts))


def _content(series: LightCurve) -> str:
    kind, applied = str(series.header.get("HDUCLAS2", "")).strip().upper(), series.header.get("BACKAPP")
    if kind in {"BKG", "BACKGROUND"}:
        return "background"
    if applied is True or kind == "NET":  # pcaextlc2 says TOTAL of what it has subtracted the background from
        return "net"
    return "total" if applied is False or kind == "TOTAL" else ""


def _mission(series: LightCurve) -> str:
    return {"RXTE": "XTE"}.get(mission := series.text("TELESCOP").upper(), mission)


#: Of the traits, what makes even sums and differences of curves meaningless.
_ALWAYS: dict[str, Callable[[LightCurve], str]] = {
    "mission": _mission,
    "instrument": lambda series: series.text("INSTRUME").upper(),
    "clock": clock,
    "unit": lambda series: series.rate_unit,
}


def require_alike(series: Sequence[LightCurve]) -> None:
    """Require that curves are of one mission, instrument, unit and time system.

    Parameters
    ----------
    series : sequence of LightCurve

    Raises
    ------
    DataError
        If they are not.
    """
    for trait, told in _ALWAYS.items() if series[1:] else ():
        known = [(mine, one) for one in series if (mine := told(one))]
        for value, one in known:
            if value != known[0][0]:
                raise DataError(
                    f"{one.name}: its {TRAITS[trait]} is {value}, that of {known[0][1].name} is {known[0][0]}; these "
                    "can't become one light curve."
                )


@dataclass(frozen=True, slots=True)
class Group:
    """Light curves that can be one.

    Parameters
    ----------
    members : tuple of int
        Numbers of the curves.
    source : int
        The same in groups of one source.
    label : str
        In what it differs from the other groups, as part of a file name; empty where there is one group.
    """

    members: tuple[int, ...]
    source: int
    label: str = ""


def groups(
    series: Sequence[LightCurve], *, names: Sequence[str] = (), any_source: bool = False, by_name: bool = True
) -> list[Group]:
    """Sort curves into groups that can each become one curve.

    A curve that does not tell something (a keyword is missing) goes with the others where these all say the same, and
    is a group of its own where they don't.

    Parameters
    ----------
    series : sequence of LightCurve
    names : sequence of str, optional
        Band of each curve, as somebody named it who knows: where told, channels in headers don't matter.
    any_source : bool
        Join whatever the source.
    by_name : bool
        See `Source.is_same`.
    """
    found = [traits(one) for one in series]
    for mine, name in zip(found, names, strict=False):
        # HEXTE's data modes cut a band at different channels, and pcaextlc2 says 0 to 255 of every band.
        if name and (mine["instrument"] == "HEXTE" or mine["band"] == "ch0-255"):
            mine["band"] = ""
    for trait in TRAITS:
        known = {mine[trait] for mine in found if mine[trait]}
        only = known.pop() if len(known) == 1 else ""
        for mine in found:
            mine[trait] = mine[trait] or only
    sources = (
        source_numbers([Source.of(one) for one in series], by_name=by_name) if not any_source else [0] * len(series)
    )
    keys = [(*mine.values(), source) for mine, source in zip(found, sources, strict=True)]
    members: dict[tuple[object, ...], list[int]] = {}
    for number, key in enumerate(keys):
        members.setdefault(key, []).append(number)
    ordered = sorted(members.values(), key=lambda one: (min(series[n].time.min(initial=np.inf) for n in one), one))
    varied = [trait for trait in TRAITS if len({mine[trait] for mine in found}) > 1]
    labels = _distinct([_label(series, found, one, varied, sources) for one in ordered])
    return [Group(tuple(one), sources[one[0]], label) for one, label in zip(ordered, labels, strict=True)]


def _distinct(labels: Sequence[str]) -> list[str]:
    """Number labels that are spelled alike, though the groups are not."""
    again = {label for label, times in Counter(labels).items() if times > 1 and label}
    return [f"{label}-{number}" if label in again else label for number, label in enumerate(labels, 1)]


_SHORT = {
    **{"TT LOCAL": "local", "TDB SOLARSYSTEM": "barycentred", "corrected": "deadcorr", "uncorrected": "nodeadcorr"},
    **{"count/s": "per-s", "count/s/PCU": "per-pcu", "": "unknown"},
}


def _label(
    series: Sequence[LightCurve], found: list[dict[str, str]], members: list[int], varied: list[str], sources: list[int]
) -> str:
    """Return what tells a group from the others, as part of a file name."""
    words = [_SHORT.get(value := found[members[0]][trait], value) for trait in varied]
    if len(set(sources)) > 1:
        told = [Source.of(one) for one in series]
        source = min((told[n] for n in members), key=lambda s: (not s.name, plain_name(s.name), s.name))
        words.append(source.name or "no-name")
        namesakes = {sources[n] for n, one in enumerate(told) if plain_name(one.name) == plain_name(source.name)}
        if len(namesakes) > 1 and source.position:
            words.append("ra{:.3f}dec{:+.3f}".format(*source.position))
    return "_".join(re.sub(r"[^a-z0-9.+]+", "-", word.lower()).strip("-") for word in words)
