"""Tables as files that other programs read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from rossi.errors import ConfigError
from rossi.optional import load

if TYPE_CHECKING:
    from astropy.table import Column, Table


def to_ecsv(table: Table) -> bytes:
    """Return a table as ECSV, with units and descriptions.

    Parameters
    ----------
    table : astropy.table.Table
    """
    stream = io.StringIO()
    table.write(stream, format="ascii.ecsv")
    return stream.getvalue().encode()


def to_parquet(table: Table) -> bytes:
    """Return a table as Parquet.

    Numbers that are not known (NaN) are NULL there, so that no comparison is true of them. Units and descriptions stand
    in the metadata of each field, and once more as astropy writes and reads them.

    Parameters
    ----------
    table : astropy.table.Table
        Columns (n_row,) of numbers, texts or truth values.

    Raises
    ------
    ConfigError
        If pyarrow is not installed.
    """
    from astropy.table import meta

    pyarrow, writer = (load(name, "parquet", "Parquet files") for name in ("pyarrow", "pyarrow.parquet"))
    columns = {name: _arrow(pyarrow, table[name]) for name in table.colnames}
    described = [pyarrow.field(name, column.type, metadata=_described(table[name])) for name, column in columns.items()]
    texts = {name: table[name] for name in table.colnames if table[name].dtype.kind == "U"}
    widths = {f"table::len::{name}": str(max(1, *map(len, text.tolist()))) for name, text in texts.items() if len(text)}
    widths |= {f"table::len::{name}": "1" for name, text in texts.items() if not len(text)}
    schema = pyarrow.schema(described, {"table_meta_yaml": "\n".join(meta.get_yaml_from_table(table))} | widths)
    stream = pyarrow.BufferOutputStream()
    writer.write_table(pyarrow.Table.from_arrays(list(columns.values()), schema=schema), stream, compression="zstd")
    return bytes(stream.getvalue().to_pybytes())


def _described(column: Column) -> dict[str, str]:
    return {"unit": str(column.unit or ""), "description": str(column.description or "")}


def _arrow(pyarrow: Any, column: Column) -> Any:
    if column.dtype.kind == "U":
        return pyarrow.array(column.tolist(), pyarrow.string())
    return pyarrow.array(np.asarray(column), from_pandas=True)


def from_parquet(data: bytes, name: str) -> Table:
    """Return a table that `to_parquet` wrote, with units and descriptions; numbers that are not known are NaN.

    astropy reads it too, where pandas is installed.

    Parameters
    ----------
    data : bytes
    name : str
        Of the file, for messages.

    Raises
    ------
    ConfigError
        If it is no Parquet file, or pyarrow is not installed.
    """
    from astropy.table import Table

    pyarrow, reader = (load(module, "parquet", "Parquet files") for module in ("pyarrow", "pyarrow.parquet"))
    try:
        read = reader.read_table(pyarrow.BufferReader(data))
    except (pyarrow.ArrowException, OSError) as error:
        raise ConfigError(f"{name}: this is no Parquet file ({str(error)[:200]}).") from None
    made = Table()
    for field, column in zip(read.schema, read.columns, strict=True):
        told = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
        values = np.array(column.to_pylist(), np.str_) if pyarrow.types.is_string(field.type) else column.to_numpy()
        made[field.name] = values
        made[field.name].unit, made[field.name].description = told.get("unit") or None, told.get("description")
    return made
