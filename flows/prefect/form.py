"""What a flow run is asked for: the form of Prefect's page, and how it becomes settings.

A form shows what changes from run to run, with a help text each; all the rest of ``rossi.toml`` is in `settings`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import Field, field_validator
from pydantic.fields import FieldInfo

from flows.core.retry import Retry
from flows.core.settings import Executor, Settings, make_settings
from rossi.errors import ConfigError
from services.contract import Frozen
from services.contract.configuration import validate
from services.execution.stages import CHAINS, USUAL, Instrument, Product
from services.hexte_dead.stage import HexteBand, HexteDeadConfig
from services.pca_extract.stage import Band, PcaExtractConfig
from services.query.config import moment
from services.storage.base import local_path, scheme_of

#: Where each field of the form stands in the settings.
_PLACES: dict[str, tuple[str, ...]] = {
    "name": ("campaign", "name"),
    "targets": ("query", "targets"),
    "obsids": ("query", "obsids"),
    "start": ("query", "start"),
    "stop": ("query", "stop"),
    "instruments": ("campaign", "instruments"),
    "products": ("campaign", "products"),
    "validation": ("campaign", "validate"),
    "bands": ("pca_extract", "bands"),
    "hexte_bands": ("hexte_dead", "bands"),
    "executor": ("campaign", "executor"),
    "workers": ("campaign", "workers"),
    "archive": ("archive",),
    "store": ("store",),
    "prefix": ("prefix",),
}


Asked = TypeVar("Asked", bound="Form")


class Form(Frozen):
    """What a person chooses for a campaign."""

    name: str = Field(
        "", description="Name of the run, whatever Run Name above says; empty makes one of source, channels and date."
    )
    targets: tuple[str, ...] = Field(
        (), description="Sources as the master index spells them, case and blanks aside; none means all."
    )
    obsids: tuple[str, ...] = Field((), description="Observations, such as 20402-01-45-03; none means all.")
    start: datetime.date | None = Field(None, description="Observations that begin on this day (UTC) or later.")
    stop: datetime.date | None = Field(None, description="Observations that begin before this day (UTC).")
    instruments: tuple[Instrument, ...] = Field(tuple(CHAINS), min_length=1, description="What is reduced.")
    products: tuple[Product, ...] = Field(
        USUAL,
        min_length=1,
        description="What is made: light curves and spectra; of the PCA's fast data light curves (fast), event lists, "
        "power spectra and bursts, see pca_fast in the settings.",
    )
    validation: bool = Field(
        False,
        description="Compare each observation with the archive's own standard products (validate in the settings' "
        "campaign); the report tells what differs.",
    )
    bands: tuple[Band, ...] = Field(
        PcaExtractConfig().bands,
        min_length=1,
        description="PCA light curves: ranges of absolute channels, 0 to 255 (chmin, chmax), or of energies in keV "
        "(emin, emax).",
    )
    hexte_bands: tuple[HexteBand, ...] = Field(
        HexteDeadConfig().bands,
        min_length=1,
        description="HEXTE light curves: ranges of channels, 0 to 255, or of energies in keV.",
    )
    executor: Executor = Field(
        Executor.LOCAL,
        description="Who works: local (processes of the machine that serves the flows), kubernetes (pods of the "
        "cluster that [kubernetes] in the settings describes) or inline (the run's own process).",
    )
    workers: int | None = Field(
        None, ge=1, description="Local processes that work at the same time; the number of processors when empty."
    )
    archive: str = Field("", description="Where the archive lies: a folder or URL that holds AO1, AO2 ...")
    store: str = Field("", description="Where products are kept: a folder or s3:// URL, never with a password.")
    prefix: str = Field("", description="Folder of this run within the store.")
    settings: dict[str, Any] = Field(
        {}, description="All the rest, as in rossi.toml: a section is an object, {'pca_extract': {'binsz': 128}}."
    )

    @field_validator("start", "stop", mode="before")
    @classmethod
    def _day(cls, value: object) -> datetime.date | None:
        day = moment(value)
        if isinstance(day, float):
            raise ConfigError("expected a date as year-month-day (1999-12-31)")
        return day

    @classmethod
    def of(cls, settings: Settings) -> Form:
        """Return the form that stands for settings."""
        rest = settings.model_dump(mode="json", exclude_unset=True)
        fields = {name: _take(rest, place) for name, place in _PLACES.items()}
        for name in ("start", "stop"):  # the form has days, the file seconds of mission time, too
            if isinstance(fields[name], (int, float)):
                rest.setdefault("query", {})[name] = fields.pop(name)
        given = {name: value for name, value in fields.items() if value is not None}
        return cls(**given, settings={name: value for name, value in rest.items() if value != {}})

    def to_settings(self) -> Settings:
        """Return the settings that the form stands for.

        Raises
        ------
        ConfigError
        """
        values: dict[str, Any] = {name: _copied(value) for name, value in self.settings.items()}
        for name, value in self.model_dump(mode="json", include=set(_PLACES)).items():
            if value is not None:
                _put(values, _PLACES[name], value)
        return make_settings(values, "The run's settings")


_DRY_RUN: Any = Field(False, description="Only say what would be done, and do nothing.")


class ReprocessForm(Form):
    """The same, for what is new or has changed."""

    dry_run: bool = _DRY_RUN
    failures: bool = Field(
        False,
        description="Try those again, too, that failed because of their data and where nothing has changed since.",
    )


class RetryForm(Form):
    """The same, for what failed."""

    which: Retry = Field(
        Retry.TRANSIENT,
        description="Which failures: transient (store, memory, a lost worker), data (files that have been mended), or "
        "all.",
    )
    dry_run: bool = _DRY_RUN


class ObservationForm(Form):
    """The same, for one observation."""

    obsid: str = Field(description="The observation, such as 20402-01-45-03.")


class PruneForm(Form):
    """What a pruning is asked for."""

    apply: bool = Field(False, description="Remove what can go; else it is only said.")
    gone: tuple[str, ...] = Field(
        (), description="Observations that will not come back to the archive: they are forgotten."
    )


def form_of(given: Mapping[str, Any], model: type[Asked]) -> Asked:
    """Return the form that a flow's arguments stand for; Prefect passes defaults it was not given as their fields.

    Raises
    ------
    ConfigError
    """
    known = model.model_fields
    values = {name: value for name, value in given.items() if not isinstance(value, FieldInfo) and name in known}
    return validate(model, values, "The run's parameters")


def run_name(form: Form, day: datetime.date, task: str = "") -> str:
    """Return a name that people can read: ``eta-car-ch5-10-2026-11-20``.

    Parameters
    ----------
    form : Form
    day : date
        When the run starts.
    task : str
        What is done, where it is no campaign: ``reprocess``.
    """
    if form.name:
        return form.name
    band = form.bands[0].name if Instrument.PCA in form.instruments else f"hexte-{form.hexte_bands[0].name}"
    return "-".join(filter(None, (task, _subject(form.targets, form.obsids), band, day.isoformat())))


def absolute(url: str) -> str:
    """Return a URL that means the same from any folder."""
    return str(local_path(url)) if url and scheme_of(url) == "file" else url


def _subject(targets: Sequence[str], obsids: Sequence[str]) -> str:
    chosen = targets or obsids
    if not chosen:
        return "all"
    slug = re.sub(r"[^a-z0-9]+", "-", chosen[0].lower()).strip("-")[:40] or "source"
    return f"{slug}-and-{len(chosen) - 1}-more" if len(chosen) > 1 else slug


def _take(values: dict[str, Any], place: Sequence[str]) -> Any:
    *sections, name = place
    for section in sections:
        values = values.get(section, {})
    return values.pop(name, None)


def _put(values: dict[str, Any], place: Sequence[str], value: Any) -> None:
    *sections, name = place
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise ConfigError(f"The run's settings: {section!r} is a section, so an object with names and values.")
    if value not in ("", []) or name not in values:
        values[name] = value


def _copied(value: Any) -> Any:
    return {name: _copied(one) for name, one in value.items()} if isinstance(value, Mapping) else value
