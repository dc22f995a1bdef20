"""Which stages run for which instrument."""

from __future__ import annotations

from enum import StrEnum


class Instrument(StrEnum):
    """RXTE's pointed instruments."""

    PCA = "pca"
    HEXTE = "hexte"


#: Stages of one observation in their order, by instrument: each has a section in rossi.toml, and those of the
#: instruments in [campaign] run.
CHAINS: dict[Instrument, tuple[str, ...]] = {
    Instrument.PCA: ("pca_prep", "pca_extract"),
    Instrument.HEXTE: ("hexte_back", "hexte_dead"),
}


def all_stages() -> tuple[str, ...]:
    """Return the stages of all instruments in their order."""
    return tuple(name for chain in CHAINS.values() for name in chain)


def instrument_of(stage: str) -> Instrument | None:
    """Return the instrument that a stage belongs to."""
    return next((instrument for instrument, chain in CHAINS.items() if stage in chain), None)
