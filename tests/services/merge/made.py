"""Files as the stages make them, of the names that they have."""

import re

from rossi.product import About, Content, File, Kind

_KINDS = {"lc": Kind.LIGHT_CURVE, "pha": Kind.SPECTRUM, "gti": Kind.GOOD_TIME, "png": Kind.FIGURE}
_LABEL = re.compile(r"(?:pw(?P<cluster>[ab])_?)?(?:ch(?P<chmin>\d+)-(?P<chmax>\d+))?_?(?P<part>src|bkg|p|m)?")


def product(name: str, data: bytes) -> File:
    """Return a file that says what a stage would say of it: ``20402-01-45-03_pwa_ch15-61.lc``."""
    stem, _, ending = name.rpartition(".")
    label = stem.partition("_")[2]
    match = _LABEL.match(label)
    assert match is not None
    cluster, part = (match["cluster"] or "").upper(), match["part"] or ""
    content = Content.BACKGROUND if part in ("bkg", "p", "m") else Content.TOTAL if part else Content.NET
    channels = (int(match["chmin"]), int(match["chmax"])) if match["chmin"] else None
    kind, instrument = _KINDS[ending], "HEXTE" if cluster or label == "hexte" else "PCA"
    position = part if kind is Kind.SPECTRUM and cluster else ""
    return File(name, data, about=About(kind, label, instrument, content, channels, None, cluster, position))


def named(files: list[tuple[str, bytes]]) -> list[File]:
    """Return files that somebody names: of stages, where their names are like that."""
    return [product(name, data) if "_ch" in name else File(name, data) for name, data in files]
