"""The report: one self-contained page about a merged light curve."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from rossi.facts import measured
from rossi.fits.writer import now
from rossi.hexte.fields import EDGE
from rossi.met import met_to_mjd
from services.contract import Caveat, File, Outcome
from services.merge.config import SourceName
from services.merge.inputs import LIGHT_CURVE
from services.merge.methods import facts, methods
from services.merge.observations import NO_MEAN, Observation, utc_date
from services.merge.overview import first_bands, in_words, overview
from services.merge.page_parts import joined, template
from services.merge.panels import BLOCK, panels, part_name
from services.merge.shown import Shown
from services.storage.publication import SHARED

#: From ``<prefix>/merge/<fingerprint>/<content>/report.html`` up to ``<prefix>/``.
ROOT = "../../../"
#: What stands in the page where a link to the front page can be; `linked_back` makes it one.
_NO_WAY_BACK = re.compile(rb'<a id="up" hidden data-slug="([^"]*)"')
#: Ends of the names of spectra and what belongs to them.
_SPECTRAL = (".pha", ".rsp", ".rmf", ".arf")
#: The page's scripts, in the order in which they build on each other.
_SCRIPTS = (
    "address",
    "data",
    "time",
    "axes",
    "drawing",
    "figure",
    "gestures",
    "plots",
    "spark",
    "fields",
    "sections",
    "panel",
    "methods",
    "colours",
    "listing",
    "table",
    "main",
)


@dataclass(frozen=True, slots=True)
class Report:
    """A page, and what it loads when it is asked for.

    Parameters
    ----------
    page : bytes
    parts : tuple of File
        They belong beside the page.
    """

    page: bytes
    parts: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report lies.

    Parameters
    ----------
    store, prefix : str
        URL of the store as the user gave it, and the run's prefix; empty if the report is in no store.
    fingerprint : str
    """

    store: str = ""
    prefix: str = ""
    fingerprint: str = ""

    def link(self, key: str) -> str:
        """Return a key as a link relative to the report."""
        return ROOT + key.removeprefix(f"{self.prefix}/" if self.prefix else "")

    @property
    def pattern(self) -> str:
        """How the page makes a product's link of its parts; empty if there is no store to link to.

        It stands in an attribute that ends in ``href``, as links do, so that whoever moves the links moves it too.
        """
        return f"{ROOT}{{obsid}}/{{stage}}/{{fingerprint}}/{{content}}/{{file}}" if self.store else ""

    @property
    def shared_pattern(self) -> str:
        """The same of a file that observations share; by way of one of them, beside whose products a copy has it."""
        return f"{ROOT}{{obsid}}/../{SHARED}/{{sha256}}/{{file}}" if self.store else ""


def report(
    title: str,
    description: str,
    shown: Shown,
    downloads: Sequence[str],
    place: Place,
    points: int,
    caveats: Sequence[Caveat] = (),
    timing: str = "",
    colours: str = "",
    *,
    source: SourceName | None = None,
) -> Report:
    """Return the page, with the files of its observations' panels where these are many.

    Parameters
    ----------
    title, description : str
    shown : Shown
    downloads : sequence of str
        Names of the files that lie beside the page.
    place : Place
    points : int
        Bins in the interactive figure, of all bands together.
    caveats : sequence of Caveat
        What to know about the files.
    timing : str
        The section on fast data, as HTML.
    colours : str
        Block of the diagrams of colours; see `services.merge.colours`.
    source : SourceName, optional
        That all is of; where there are several, a front page has it.
    """
    observations, told = shown.observations, panels(shown)
    paragraph, references = methods(shown, source)
    counts = Counter(o.outcome for o in observations)
    spans = [o.span for o in observations if np.isfinite(o.span).all()]
    page = template("report.html").render(
        title=title,
        slug=source.slug if source is not None else "",
        facts=facts(shown, source),
        methods=paragraph,
        references=references,
        description=description,
        asked=len(observations),
        counts={outcome.value: counts[outcome] for outcome in Outcome},
        first=utc_date(min(s[0] for s in spans), "%Y-%m-%d") if spans else "",
        last=utc_date(max(s[1] for s in spans), "%Y-%m-%d") if spans else "",
        ontime=sum(o.ontime for o in observations),
        bands=shown.bands,
        words=in_words(shown),
        instruments=sorted({name for o in observations for name in o.instruments}),
        rows=_rows(shown, place),
        failures=[o for o in observations if o.outcome is Outcome.FAILED],
        downloads=[name for name in downloads if not name.endswith(_SPECTRAL)],
        spectra=[name for name in downloads if name.endswith(_SPECTRAL)],
        caveats=caveats,
        place=place,
        overview=Markup(overview(shown, points)) if shown.bands else "",
        colours=Markup(colours),
        fields=shown.fields,
        edge=EDGE,
        fields_block=Markup(shown.fields.block()) if shown.fields.beside else "",
        obsids=[o.obsid for o in observations],
        blocks=map(Markup, told.inside),
        parts=part_name("{number}") if told.beside else "",
        block=BLOCK,
        style=joined(["style.css"]),
        script=joined(f"{name}.js" for name in _SCRIPTS),
        created=now(),
        timing=Markup(timing),
    )
    return Report(page.encode(), told.beside)


def linked_back(page: bytes, index: str) -> bytes:
    """Return a page with the link to a front page, by its path from there; it is about a source of that."""
    return _NO_WAY_BACK.sub(rb'<a id="up" href="%s#at=\1"' % index.encode(), page, count=1)


def _rows(shown: Shown, place: Place) -> Iterable[dict[str, Any]]:
    linked = first_bands(shown.bands)
    return (_row(observation, shown, place, linked) for observation in shown.observations)


def _row(observation: Observation, shown: Shown, place: Place, linked: set[str]) -> dict[str, Any]:
    start, _ = observation.span
    links = {label: place.link(key) for label, key in _curves_of(observation)}
    return {
        "observation": observation,
        "date": utc_date(start),
        "mjd": float(met_to_mjd(start)) if np.isfinite(start) else None,
        "bins": sum(map(len, observation.curves.values())),
        "cells": [
            (mean, measured(*mean[:2]), links.get(b.name) if b.name in linked else None)
            for b in shown.bands
            for mean in (observation.means.get(b.name, NO_MEAN),)
        ],
    }


def _curves_of(observation: Observation) -> Iterable[tuple[str, str]]:
    """Return label and key of the light curves that are joined."""
    files = (item for products in observation.products.values() for item in products.files.items())
    return ((record.about.label, key) for key, record in files if record.output == LIGHT_CURVE)
