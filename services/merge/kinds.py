"""Keeping apart what can't be one light curve: units, bands, instruments, time systems, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rossi.facts import some_of
from rossi.names import plain_name
from rossi.timeseries.kind import TRAITS, Group, groups, traits
from rossi.timeseries.series import LightCurve
from rossi.timeseries.source import Source
from services.contract import Caveat
from services.merge.labels import UNNAMED
from services.merge.observations import Observation, bands

#: Curves, and kinds, that a caveat names; the rest are counted.
_NAMED = 3
_KINDS = 8


def kept_apart(
    observations: Sequence[Observation], *, any_source: bool = False, by_name: bool = True
) -> tuple[tuple[Observation, ...], tuple[Caveat, ...]]:
    """Split each band whose light curves are not of one kind, and tell how.

    Parameters
    ----------
    observations : sequence of Observation
    any_source, by_name : bool
        See `rossi.timeseries.kind.groups`.

    Returns
    -------
    tuple of Observation
        With bands such as ``rate_per-s`` and ``rate_per-pcu`` in place of ``rate``.
    tuple of Caveat
    """
    renamed: list[dict[str, str]] = [{} for _ in observations]
    caveats = []
    for band in bands(observations):
        numbers = [n for n, o in enumerate(observations) if band in o.curves]
        curves = [observations[n].curves[band] for n in numbers]
        names = [] if band == UNNAMED else [band] * len(curves)
        found = groups(curves, names=names, any_source=any_source, by_name=by_name)
        caveats += [*_other_names(band, curves, found), *_assumed(band, curves, found, bool(names))]
        if len(found) > 1:
            caveats.append(_apart(band, curves, found))
            for number, group in enumerate(found, 1):
                for member in group.members:
                    renamed[numbers[member]][band] = f"{band}_{group.label or number}"
    return tuple(map(_renamed, observations, renamed)), tuple(caveats)


def _renamed(observation: Observation, names: Mapping[str, str]) -> Observation:
    if not names:
        return observation
    curves = {names.get(band, band): curve for band, curve in observation.curves.items()}
    labels = {band: names.get(band, band) for band in observation.abouts}
    abouts = {labels[band]: replace(about, label=labels[band]) for band, about in observation.abouts.items()}
    return replace(observation, curves=curves, abouts=abouts)


def _apart(band: str, curves: Sequence[LightCurve], found: Sequence[Group]) -> Caveat:
    told = [traits(one) for one in curves]
    what = [text for trait, text in TRAITS.items() if len({mine[trait] for mine in told if mine[trait]}) > 1]
    if len({group.source for group in found}) > 1:
        what.append("source (OBJECT, RA, DEC)")
    each = [f"{band}_{group.label}: {some_of([curves[n].name for n in group.members], _NAMED)}" for group in found]
    more = f"; {len(each) - _KINDS} more kinds" if len(each) > _KINDS else ""
    text = (
        f"{band}: light curves of different {' and of different '.join(what)} are not one; each kind has a file of its "
        f"own: {'; '.join(each[:_KINDS])}{more}."
    )
    return Caveat(code="kinds_apart", message=text)


def _other_names(band: str, curves: Sequence[LightCurve], found: Sequence[Group]) -> list[Caveat]:
    """Tell which curves were joined although their OBJECT differs."""
    caveats = []
    for group in found:
        spelled: dict[str, str] = {}
        for n in group.members:
            if name := Source.of(curves[n]).name:
                spelled.setdefault(plain_name(name), name)
        if len(spelled) > 1:
            objects = some_of(sorted(spelled.values()), _NAMED)
            text = f"{band}: light curves of the objects {objects} are joined as one source."
            caveats.append(Caveat(code="objects_joined", message=text))
    return caveats


def _assumed(band: str, curves: Sequence[LightCurve], found: Sequence[Group], named: bool) -> list[Caveat]:
    """Tell which curves lack a keyword that those have with which they were joined."""
    kinds = [traits(one) for one in curves]
    sources = [Source.of(one) for one in curves]
    told = {
        what: [mine[trait] for mine in kinds]
        for trait, what in TRAITS.items()
        if trait != "product" and not (named and trait == "band")
    }
    told["source (OBJECT, RA, DEC)"] = [one.name or str(one.position or "") for one in sources]
    caveats = []
    for what, values in told.items():
        for group in found:
            silent = [curves[n].name for n in group.members if not values[n]]
            if silent and len(silent) < len(group.members):
                text = f"no keyword tells the {what}; it is taken to be that of the others."
                caveats.append(Caveat(code="kind_assumed", message=f"{band}: {some_of(silent, _NAMED)}: {text}"))
    return caveats
