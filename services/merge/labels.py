"""What light curves are called: as their stages say, or as their keywords tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from rossi.hexte.science import Cluster
from rossi.pca.lightcurve import ROW
from rossi.product import About, BandEnergies, Content, Kind
from rossi.timeseries.series import LightCurve

#: Band of files that do not tell any.
UNNAMED = "rate"
_PARTS = {Content.TOTAL.value: "_src", Content.BACKGROUND.value: "_bkg"}


def about_curve(series: LightCurve) -> About:
    """Return what a light curve of somebody's own is, as far as its keywords tell."""
    told = {name: series.header.get(name) for name in ("HDUCLAS2", "INSTRUME", "DETNAM")}
    energies = BandEnergies(*series.energies, series.text("E2CFILE")) if series.energies else None
    channels = series.channels if energies is None else None
    if not obsid_of(series) or (energies is None and channels is None):
        return About(Kind.LIGHT_CURVE, UNNAMED)
    detectors = str(told["DETNAM"] or "").strip()
    cluster = next((one for one in Cluster if detectors.startswith(one.value)), None)
    about = About(Kind.LIGHT_CURVE, "", str(told["INSTRUME"] or "").strip(), None, channels, series.timedel)
    about = replace(about, energies=energies)
    if cluster is None:
        return replace(about, label=plain_label(about) + (f"_{series.timedel:g}s" if series.timedel != ROW else ""))
    about = replace(about, cluster=cluster.name)
    return replace(about, label=plain_label(about) + _PARTS.get(str(told["HDUCLAS2"] or "").strip(), ""))


def stem_of(name: str) -> str:
    """Return what a file of somebody's own is called, without folders and endings."""
    name = PurePosixPath(name).name
    for packed in (".gz", ".Z", ".bz2", ".xz"):
        name = name.removesuffix(packed)
    return name.removesuffix(".lc")


def obsid_of(series: LightCurve) -> str:
    """Return OBS_ID of a light curve, empty where it has none."""
    return next((t for h in (series.header, series.primary) if (t := str(h.get("OBS_ID", "")).strip())), "")


def plain_label(about: About) -> str:
    """Return what a light curve of a band is called that nothing else tells apart: ``pwa_ch15-61``, ``2-9keV``."""
    cluster = f"{Cluster[about.cluster].label}_" if about.cluster else ""
    if about.energies is not None:
        return cluster + "{:.10g}-{:.10g}keV".format(*_ends(about.energies))
    if about.channels is None:
        return about.label
    return cluster + "ch{}-{}".format(*about.channels)


def band_text(about: About) -> str:
    """Return a band as people read it: ``channels 5–10``, ``2–9 keV``; empty where it is not told."""
    if about.energies is not None:
        return "{:.10g}–{:.10g} keV".format(*_ends(about.energies))
    return "" if about.channels is None else "channels {}–{}".format(*about.channels)


def _ends(energies: BandEnergies) -> tuple[float, float]:
    return energies.emin, energies.emax
