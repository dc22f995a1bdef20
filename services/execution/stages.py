"""The stages of an observation, and which of them run for which instrument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from rossi.errors import ConfigError
from services.contract import Stage
from services.hexte_back.stage import STAGE as HEXTE_BACK
from services.hexte_dead.stage import STAGE as HEXTE_DEAD
from services.hexte_validate.stage import STAGE as HEXTE_VALIDATE
from services.pca_extract.stage import STAGE as PCA_EXTRACT
from services.pca_fast.stage import STAGE as PCA_FAST
from services.pca_fast.stage import FastProduct
from services.pca_prep.stage import STAGE as PCA_PREP
from services.pca_validate.stage import STAGE as PCA_VALIDATE


class Instrument(StrEnum):
    """RXTE's pointed instruments."""

    PCA = "pca"
    HEXTE = "hexte"


#: Stages of one observation in their order, by instrument: each has a section in rossi.toml, and those of the
#: instruments in [campaign] run.
CHAINS: Mapping[Instrument, tuple[str, ...]] = {
    Instrument.PCA: (PCA_PREP.name, PCA_EXTRACT.name),
    Instrument.HEXTE: (HEXTE_BACK.name, HEXTE_DEAD.name),
}
#: Every stage of an observation by its name, in the order in which they run.
STAGES: Mapping[str, Stage[Any]] = {
    one.name: one for one in (PCA_PREP, PCA_EXTRACT, PCA_FAST, PCA_VALIDATE, HEXTE_BACK, HEXTE_DEAD, HEXTE_VALIDATE)
}


class Product(StrEnum):
    """What a campaign may make."""

    LIGHT_CURVES = "lightcurves"
    SPECTRA = "spectra"
    FAST = FastProduct.FAST.value
    EVENTS = FastProduct.EVENTS.value
    POWER = FastProduct.POWER.value
    BURSTS = FastProduct.BURSTS.value


#: What is made unless something else is asked for.
USUAL = (Product.LIGHT_CURVES, Product.SPECTRA)
#: The chain of the PCA's fast data; whatever it lacks does not concern the others.
FAST = "fast"
FAST_CHAIN = (PCA_PREP.name, PCA_FAST.name)
#: The chains that compare with the archive's standard products, by instrument; they are there to judge the others.
VALIDATION_CHAINS: Mapping[Instrument, tuple[str, ...]] = {
    Instrument.PCA: (PCA_PREP.name, PCA_VALIDATE.name),
    Instrument.HEXTE: (HEXTE_BACK.name, HEXTE_VALIDATE.name),
}
#: Stages that make no light curve or spectrum of the standard modes.
ASIDE = frozenset({PCA_FAST.name, PCA_VALIDATE.name, HEXTE_VALIDATE.name})


def chains_of(instruments: Iterable[str], products: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the chains of stages that make products, by the instrument's name; `FAST` for the PCA's fast data.

    Parameters
    ----------
    instruments : iterable of str
    products : iterable of str
    """
    chosen, wanted = list(instruments), set(products)
    found = {str(one): CHAINS[Instrument(one)] for one in chosen if wanted & set(USUAL)}
    if Instrument.PCA in chosen and wanted - set(USUAL):
        found[FAST] = FAST_CHAIN
    return found


def with_validation(chains: Mapping[str, tuple[str, ...]], instruments: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return chains with those that compare instruments with the archive's standard products.

    Parameters
    ----------
    chains : mapping of str to tuple of str
        See `chains_of`.
    instruments : iterable of str
    """
    return {**chains, **{f"{one}_validation": VALIDATION_CHAINS[Instrument(one)] for one in instruments}}


def stage_configs(
    chains: Mapping[str, Sequence[str]], products: Iterable[str], configs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the configurations of the stages of chains, in the order in which they run, for what is to be made.

    Parameters
    ----------
    chains : mapping of str to sequence of str
        See `chains_of`.
    products : iterable of str
    configs : mapping of str to model
        Of stages by name; what they say themselves not to make is not made.

    Raises
    ------
    ConfigError
        If a stage would have nothing to make.
    """
    wanted, needed = set(products), {name for chain in chains.values() for name in chain}
    return {name: _narrowed(name, configs[name], wanted) for name in STAGES if name in needed}


def _narrowed(name: str, config: Any, wanted: set[str]) -> Any:
    if name == PCA_FAST.name:
        left = tuple(one for one in config.products if one in wanted)
        if not left:
            raise ConfigError(
                f"[pca_fast] products is {', '.join(config.products)}, but [campaign] products asks for "
                f"{', '.join(sorted(wanted))}; one of them has to name what the other does."
            )
        return config.model_copy(update={"products": left})
    if Product.SPECTRA not in wanted and getattr(config, "spectra", False):
        return config.model_copy(update={"spectra": False})
    return config


def load_stage(name: str) -> Stage[Any]:
    """Return a stage of an observation.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if (stage := STAGES.get(name)) is None:
        raise ConfigError(f"There is no stage {name!r} of an observation; there are {', '.join(STAGES)}.")
    return stage


def instrument_of(stage: str) -> Instrument | None:
    """Return the instrument that a stage belongs to."""
    if stage in FAST_CHAIN:
        return Instrument.PCA
    every = (*CHAINS.items(), *VALIDATION_CHAINS.items())
    return next((instrument for instrument, chain in every if stage in chain), None)
