"""The configuration file ``rossi.toml``: every stage's own model under one roof.

What is given on the command line wins over the file, the file over the defaults; the defaults are the recipe of the
HEASARC for PCA light curves.
"""

from __future__ import annotations

import os
import textwrap
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, create_model, field_validator, model_validator

from flows.core.cluster import HEASOFT, KubernetesConfig
from rossi.errors import ConfigError
from rossi.sky import SOURCE_RADIUS
from rossi.sources.rule import By
from services.calibration.config import CalibrationConfig
from services.contract import EngineName, Frozen
from services.contract.barycentre import BarycentreConfig, Times
from services.contract.configuration import validate
from services.execution.stages import (
    CHAINS,
    STAGES,
    USUAL,
    Instrument,
    Product,
    chains_of,
    stage_configs,
    with_validation,
)
from services.merge.config import MergeConfig
from services.query.config import QueryConfig
from services.storage import CacheConfig
from services.storage.prune import PruneConfig

#: Looked for in the current folder when no file is named.
DEFAULT_FILE = "rossi.toml"


class Executor(StrEnum):
    """Where shards are worked off."""

    INLINE = "inline"
    LOCAL = "local"
    KUBERNETES = "kubernetes"


class SourcesConfig(Frozen):
    """Which observations are merged together: those of one source; the rule is on the documentation's page Sources."""

    by: By = Field(
        By.AUTO,
        description="auto: where they pointed, but what [query] asks for by one name or position is one source; "
        "position; target: the target's name; table: sources that a table lists.",
    )
    radius: float = Field(
        SOURCE_RADIUS, gt=0, lt=90, description="Largest angle between a pointing and its source [deg]."
    )
    table: str = Field(
        "", description="The table for by = 'table': an ECSV file with name, ra, dec and, if some differ, radius."
    )
    neighbours: str = Field(
        "",
        description="An ECSV file with name, ra, dec: more sources, beyond those of the archive, that HEXTE's "
        "background fields may hold.",
    )
    names: tuple[str, ...] = Field((), description="Only these sources, as anybody spells them; none means all.")

    @model_validator(mode="after")
    def _has_table(self) -> Self:
        if (self.by is By.TABLE) != bool(self.table):
            missing = "names no table" if self.by is By.TABLE else f"is {self.by!s}, which reads no table"
            raise ValueError(f"by {missing}; by = 'table' and table = 'sources.ecsv' belong together")
        return self


class CampaignConfig(Frozen):
    """What a campaign reduces, and how it is spread over processes."""

    # a field can't be called `validate`, which pydantic's models have as a method
    model_config = ConfigDict(serialize_by_alias=True)

    name: str = Field("", description="Name of the flow run; empty makes one of source, channels and date.")
    instruments: tuple[Instrument, ...] = Field(
        tuple(CHAINS), min_length=1, description="What is reduced; hexte needs coefficients in [calibration]."
    )
    products: tuple[Product, ...] = Field(
        USUAL,
        min_length=1,
        description="What is made: lightcurves, spectra; of the PCA's fast data: fast (light curves), events (lists), "
        "power (spectra), bursts; see [pca_fast].",
    )
    validation: bool = Field(
        False,
        alias="validate",
        description="Compare each observation with the archive's own standard products (stdprod/); the report tells "
        "what differs.",
    )
    engine: EngineName = Field(
        EngineName.NATIVE, description="Who computes: native (rossi itself) or heasoft (NASA's tasks, where installed)."
    )
    executor: Executor = Field(
        Executor.LOCAL,
        description="local: processes of this machine; kubernetes: pods of a cluster, see [kubernetes]; inline: the "
        "process itself, for looking closely.",
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="Processes that work at the same time; the number of processors when absent.",
    )
    vanished: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Part of the observations that may be missing from the archive though they were there before; more "
        "stop the run before anything is published.",
    )
    wait: bool = Field(
        True,
        description="While another run, of whatever machine, works on the same prefix of the store: wait, or end.",
    )
    shard_size: int = Field(50, ge=1, le=200, description="Observations that one process works off, at most.")

    @field_validator("instruments")
    @classmethod
    def _have_stages(cls, value: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
        if unknown := [instrument for instrument in value if instrument not in CHAINS]:
            raise ValueError(f"{unknown[0]} can't be reduced yet, only {', '.join(CHAINS)}")
        return tuple(instrument for instrument in CHAINS if instrument in value)

    @field_validator("products")
    @classmethod
    def _in_order(cls, value: tuple[Product, ...]) -> tuple[Product, ...]:
        if Product.SPECTRA in value and Product.LIGHT_CURVES not in value:
            raise ValueError("spectra are made together with light curves; name lightcurves, too")
        return tuple(product for product in Product if product in value)

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        fast = [product for product in self.products if product not in USUAL]
        if fast and Instrument.PCA not in self.instruments:
            raise ValueError(f"products names {fast[0]}, which is made of the PCA alone; name pca in instruments")
        if fast and self.engine is EngineName.HEASOFT:
            raise ValueError(
                f"products names {fast[0]}, which engine = 'heasoft' does not make; leave it out, or set engine = "
                "'native'"
            )
        return self


class TimingConfig(Frozen):
    """Times at the barycentre of the solar system, of all products that have times."""

    barycentre: Times = Field(
        Times.OFF, description="column (BARYTIME beside TIME), replace (all times of a file), or off."
    )
    ra: float | None = Field(
        None, ge=0, le=360, description="Of the source, J2000, ICRS [deg]; that of the target in the data when none."
    )
    dec: float | None = Field(None, ge=-90, le=90, description="Of the source, J2000, ICRS [deg].")

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.ra is None) != (self.dec is None):
            raise ValueError("one of ra and dec is given; give both, or none to take those of the data")
        return self

    def told(self, config: Frozen) -> Frozen:
        """Return the configuration of a stage with what it is told of times; one that makes none stays as it is."""
        if self.barycentre is Times.OFF or "barycentre" not in type(config).model_fields:
            return config
        wanted = BarycentreConfig(times=self.barycentre, ra=self.ra, dec=self.dec)
        return config.model_copy(update={"barycentre": wanted})


class _Places(Frozen):
    archive: str = Field(
        "", description="Where the archive lies: a folder, s3:// or https:// URL that holds AO1, AO2 ..."
    )
    cache: CacheConfig = Field(default_factory=CacheConfig)
    store: str = Field(
        "", description="Where products are kept: a folder, file:// or s3:// URL, never with a password."
    )
    prefix: str = Field("", description="Folder of this run within the store.")
    query: QueryConfig = QueryConfig()
    calibration: CalibrationConfig = Field(default_factory=CalibrationConfig)


if TYPE_CHECKING:
    _Sections = _Places
else:
    _CONFIGS = {name: stage.config for name, stage in STAGES.items() if stage.config.model_fields}
    _Sections = create_model(
        "_Sections", __base__=_Places, **{name: (config, config()) for name, config in _CONFIGS.items()}
    )


class Settings(_Sections):
    """Everything that decides what a campaign does; between places and merge, a section for each stage."""

    timing: TimingConfig = TimingConfig()
    merge: MergeConfig = MergeConfig()
    sources: SourcesConfig = SourcesConfig()
    campaign: CampaignConfig = Field(default_factory=CampaignConfig)
    kubernetes: KubernetesConfig = KubernetesConfig()
    prune: PruneConfig = PruneConfig()

    @property
    def stages(self) -> dict[str, Frozen]:
        """The stages of one observation that products of the instruments need, in their order, with configurations."""
        chains = chains_of(self.campaign.instruments, self.campaign.products)
        if self.campaign.validation:
            chains = with_validation(chains, self.campaign.instruments)
        configs = {name: self.timing.told(self.of_stage(name)) for chain in chains.values() for name in chain}
        return stage_configs(chains, self.campaign.products, configs)

    def of_stage(self, name: str) -> Frozen:
        """Return the configuration of a stage; one that has nothing to choose has no section."""
        config: Frozen = getattr(self, name) if name in type(self).model_fields else STAGES[name].config()
        return config


def require(settings: Settings, *names: str) -> None:
    """Refuse settings in which one of the named parameters is empty.

    Raises
    ------
    ConfigError
    """
    for name in names:
        if not getattr(settings, name):
            beside = "; with --out, one is kept beside that folder" if name == "store" else ""
            raise ConfigError(
                f"No {name} was given: use --{name} URL, or write {name} = ... into {DEFAULT_FILE}{beside}."
            )


def load_settings(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read a configuration.

    Parameters
    ----------
    path : Path or None
        None stands for `rossi.toml` in the current folder if there is one, else for the defaults alone.
    overrides : mapping
        What the command line says, nested as the file is; values that are None are left out.

    Raises
    ------
    ConfigError
        Names the file, the parameter, what was found and what was expected.
    """
    if path is None and Path(DEFAULT_FILE).is_file():
        path = Path(DEFAULT_FILE)
    values, where = _read_toml(path) if path else {}, str(path or "configuration")
    both = _overlay(values, overrides or {})
    try:
        return make_settings(both, where)
    except ConfigError:
        make_settings(values, where)  # if the file is right, it is the command line that is not
        return make_settings(both, "command line")


def make_settings(values: Mapping[str, Any], where: str) -> Settings:
    """Return the settings that values mean, nested as the file is.

    Parameters
    ----------
    values : mapping
    where : str
        Where they come from, for messages.

    Raises
    ------
    ConfigError
        Names the parameter, what was found and what was expected.
    """
    values = dict(values)
    for name, section in [("", values), *((name, values.get(name)) for name in STAGES)]:
        if isinstance(section, Mapping) and "engine" in section:
            place = f"{where}, [{name}]" if name else where
            raise ConfigError(
                f"{place}: one engine computes all stages of a campaign; write engine = {section['engine']!r} into "
                "[campaign]."
            )
    campaign = values.get("campaign")
    if isinstance(campaign, Mapping) and campaign.get("engine") == EngineName.HEASOFT:
        values = _overlay({"kubernetes": HEASOFT}, values)
    return validate(Settings, values, where, sections=True)


def to_toml(settings: Settings) -> str:
    """Write settings as a file that `load_settings` reads back, with the meaning of each parameter beside it."""
    document = tomlkit.document()
    _add_fields(document, settings)
    return tomlkit.dumps(document)


def _add_fields(table: Any, model: BaseModel) -> None:
    values = model.model_dump(mode="json", exclude_none=True)
    sections = {name: value for name, value in model if isinstance(value, BaseModel)}
    for field_name, field in type(model).model_fields.items():
        name = field.alias or field_name
        if name in sections:
            continue
        for line in textwrap.wrap(field.description or "", 110):
            table.add(tomlkit.comment(line))
        if name in values:
            table.add(name, _inline(values[name]))
        else:
            table.add(tomlkit.comment(f"{name} = (not set)"))
    for name, value in sections.items():
        section = tomlkit.table()
        section.add(tomlkit.comment((type(value).__doc__ or name).strip().splitlines()[0]))
        section.add(tomlkit.nl())
        _add_fields(section, value)
        table.add(tomlkit.nl())
        table.add(name, section)


def _inline(value: Any) -> Any:
    """Tables within a list on one line: as sections of their own they would tear the list from its comment."""
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(map(_inline, value))
        return array
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({name: _inline(one) for name, one in value.items()})
        return table
    return value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such configuration file; `rossi config --write {path}` makes one."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: the configuration file can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the configuration file is no text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path}: this is no valid TOML: {error}; texts stand in quotes, dates are 1999-12-31."
        ) from None


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = below.get(key, {})
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            merged[key] = _overlay(old, value)
        elif not isinstance(value, Mapping) and value is not None:
            merged[key] = value
    return merged
