"""The work list from the catalogue."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table, vstack
from astropy.time import Time

from rossi.archive import ObsID
from rossi.errors import ConfigError
from services.contract import Caveat
from services.contract.reasons import one_line
from services.query.adql import AS_CALLED, COLUMNS, Selection, selections
from services.query.config import QueryConfig
from services.query.paging import all_rows
from services.query.tap import HARD_LIMIT, Catalogue
from services.query.worklist import WorkList, WorkRow, blank, in_order
from services.storage import StoreError

_TEXTS = ("target_name", "obsid")


def look_up(config: QueryConfig) -> WorkList:
    """Return the observations that the catalogue has of what is asked for.

    Rows without an ObsID, of one that came before, and slews (unless they are asked for) are left out, and counted in
    a caveat each. ObsIDs that were asked for and are not in the catalogue stay in the list: they will fail by
    themselves and be reported.

    Raises
    ------
    ConfigError
        If the query makes no sense, or the table has not the columns of such a catalogue.
    StoreError
        If the service does not answer, or not with all rows.
    """
    with Catalogue(config.service, jobs=config.jobs) as catalogue:
        table, unobserved = _own_query(catalogue, config.adql) if config.adql else _criteria(catalogue, config)
    rows = _rows(table)
    counts = Counter({"unobserved": unobserved})
    kept: dict[str, WorkRow] = {}
    nameless = 0
    for row in rows:
        if not row.obsid:
            nameless += 1
        elif row.obsid in kept:
            counts["repeated"] += 1
        elif not config.slews and row.obsid not in config.obsids and not _points(row.obsid):
            counts["slews"] += 1
        else:
            kept[row.obsid] = row
    counts["unobserved"] = max(unobserved, nameless)
    absent = [obsid for obsid in dict.fromkeys(config.obsids) if obsid not in kept]
    caveats = _caveats(counts, list(kept.values()))
    caveats += [Caveat(code="not_in_catalogue", message=_absent(obsid)) for obsid in absent]
    return in_order([*kept.values(), *map(blank, absent)], caveats)


def _absent(obsid: str) -> str:
    try:
        return f"{ObsID(obsid)}: the catalogue has no such observation."
    except ConfigError as error:
        return str(error)


def _criteria(catalogue: Catalogue, config: QueryConfig) -> tuple[Table, int]:
    cone = config.cone
    try:
        return _answers(catalogue, selections(config, cone), config.page_rows)
    except ConfigError:
        spelled = _spelled(catalogue, config.table)
        if spelled == AS_CALLED:
            raise
    return _answers(catalogue, selections(config, cone, spelled), config.page_rows)


def _answers(catalogue: Catalogue, chosen: Sequence[Selection], page_rows: int) -> tuple[Table, int]:
    tables = [all_rows(catalogue, one.observed(), page_rows) for one in chosen]
    unobserved = sum(catalogue.count(one.nameless()) for one in chosen)
    tables = [table for table in tables if len(table)] or tables[:1]
    return vstack(tables, metadata_conflicts="silent") if len(tables) > 1 else tables[0], unobserved


def _spelled(catalogue: Catalogue, table: str) -> Mapping[str, str]:
    """Return how the service itself spells the columns, of which an unquoted one may be why a query failed.

    Raises
    ------
    ConfigError
        If the table lacks some.
    """
    there = {name.strip('"').lower(): name for name, _, _ in catalogue.columns(table)}
    if missing := [name for name in COLUMNS if name not in there]:
        raise ConfigError(
            f"{catalogue.url}: table {table} has no column {', '.join(missing)}, so it lists no observations; "
            f"it has {', '.join(list(there)[:20])}."
        ) from None
    return {name: there[name] if there[name].startswith('"') else name for name in COLUMNS}


def _own_query(catalogue: Catalogue, adql: str) -> tuple[Table, int]:
    answer = catalogue.ask(adql)
    if not answer.whole or len(answer.table) >= HARD_LIMIT:
        raise StoreError(
            f"{catalogue.url}: the answer is cut off after {len(answer.table)} rows, and which rows came is left to "
            "chance; ask for less, for instance one year at a time."
        )
    names = [name.lower() for name in answer.table.colnames]
    if "obsid" not in names:
        raise ConfigError(f"The query's answer has no column obsid, only {', '.join(names)}; select obsid too.")
    return answer.table, 0


def _rows(table: Table) -> list[WorkRow]:
    columns = {name.lower(): table[name] for name in table.colnames}
    values = [_values(name, columns.get(name), len(table)) for name in COLUMNS]
    return [WorkRow(*row) for row in zip(*values, strict=True)]


def _values(name: str, column: Any, length: int) -> list[Any]:
    if name in _TEXTS:
        if column is None:
            return [""] * length
        filled = column.filled("") if isinstance(column, MaskedColumn) else column
        return [one_line(str(value)) for value in filled.tolist()]
    if column is None:
        numbers = np.full(length, math.nan)
    else:
        try:
            plain = np.ma.MaskedArray(column)
            numbers = np.ma.filled(plain.astype(np.float64), math.nan)
        except (ValueError, TypeError):
            raise ConfigError(f"Column {name} of the answer holds {column[0]!r}; numbers were expected.") from None
    if name in ("cycle", "prnb"):
        return list(np.nan_to_num(numbers).astype(np.int64).tolist())
    return list((_terrestrial(numbers) if name == "time" else numbers).tolist())


def _terrestrial(mjd: Any) -> Any:
    """Turn the catalogue's MJD (UTC) into MJD (TT)."""
    known = np.isfinite(mjd)
    if known.any():
        mjd[known] = np.round(Time(mjd[known], format="mjd", scale="utc").tt.mjd, 8)
    return mjd


def _points(obsid: str) -> bool:
    try:
        return ObsID(obsid).is_pointing
    except ConfigError:
        return True  # for what it is, reduction will say


def _cycle(row: WorkRow) -> int:
    try:
        return ObsID(row.obsid).cycle
    except ConfigError:
        return row.cycle


def _caveats(counts: Counter[str], rows: list[WorkRow]) -> list[Caveat]:
    said = {
        "unobserved": "without an ObsID (accepted, never observed)",
        "repeated": "with the ObsID of a row before",
        "slews": "of slews, scans or rasters (slews = true keeps them)",
    }
    caveats = [
        Caveat(code=code, message=f"Left out of the catalogue's rows: {counts[code]} {text}.")
        for code, text in said.items()
        if counts[code]
    ]
    elsewhere = [row.obsid for row in rows if row.cycle and _cycle(row) != row.cycle]
    if elsewhere:
        message = f"{len(elsewhere)} rows have a cycle that does not follow from the ObsID, such as {elsewhere[0]}."
        caveats.append(Caveat(code="other_cycle", message=message))
    return caveats
