"""What can't work is said before a campaign begins: before Prefect starts and an observation is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.core.export import check_folder
from flows.core.extras import EXTRAS, missing, need
from flows.core.settings import Executor, Settings
from rossi.errors import ConfigError, did_you_mean
from rossi.expression import compile_expression
from rossi.pca.filter.columns import NAMES
from services.calibration import Role, check_calibration
from services.contract import CALIBRATION
from services.contract.extraction import Extraction
from services.contract.filter_file import FilterSource
from services.execution.stages import Product, load_stage
from services.storage import open_archive, open_store
from services.storage.base import check_key
from services.storage.local import LocalStore


def check(settings: Settings) -> None:
    """Refuse settings with which no observation could be reduced.

    Calibration of a campaign on a cluster is looked for there: its paths are those of the pods.

    Raises
    ------
    ConfigError
        Naming the setting, what was found and what to do.
    StoreError
        If a server did not answer as it should.
    """
    on_cluster = settings.campaign.executor is Executor.KUBERNETES
    if Product.POWER in settings.campaign.products and not on_cluster:
        need("stingray")
    with _all_installed():
        check_places(settings)
        for name, config in settings.stages.items():
            if isinstance(config, Extraction):
                _check_columns(settings, name, config)
        if not on_cluster:
            check_calibration(settings.calibration, roles(settings))


def check_places(settings: Settings) -> None:
    """Refuse places, as far as they are given, that can't be those of an archive and a store; see `check`.

    Raises
    ------
    ConfigError
    """
    with _all_installed():
        if settings.archive:
            open_archive(settings.archive, settings.cache)
        store = open_store(settings.store) if settings.store else None
    if prefix := settings.prefix.strip("/"):
        check_key(prefix)
    if isinstance(store, LocalStore) and settings.campaign.executor is not Executor.KUBERNETES:
        check_folder(store.root, "--store")


@contextmanager
def _all_installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in EXTRAS:
            raise
        raise ConfigError(missing(error.name)) from None


def _check_columns(settings: Settings, name: str, config: Extraction) -> None:
    """Refuse an expression that uses what a rebuilt filter file does not have; the archive's may have other columns."""
    sources = [getattr(settings, source) for source in load_stage(name).reads(config)]
    if any(source.filter_file is not FilterSource.REBUILD for source in sources):
        return
    known = {column.upper() for column in NAMES}
    for column in sorted(compile_expression(config.expression).names):
        if column.upper() not in known:
            hint = did_you_mean(column, NAMES) or ("`rossi ftool ftlist FILE C` lists those of one.")
            raise ConfigError(f"[{name}] expression uses {column}, which is no column of the filter file; {hint}")


def roles(settings: Settings) -> list[Role]:
    """Return what calibration files the stages of a campaign need."""
    wanted = [one for name, config in settings.stages.items() for one in load_stage(name).inputs_for(config)]
    return [Role(one.name) for one in wanted if one.source == CALIBRATION]
