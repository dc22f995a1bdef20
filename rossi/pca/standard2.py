"""Names of the Proportional Counter Array's columns."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cache

from rossi.errors import ConfigError

PCUS = (0, 1, 2, 3, 4)
LAYERS = (1, 2, 3)
SIDES = ("L", "R")

#: The scalar counters of Standard2, besides VLECnt, that make up the remaining dead time of a PCU; each counts events
#: that keep the PCU's electronics busy. A counter left out makes live time too long.
REMAINING = (
    *("VpX1L", "VpX1R", "VxX1L", "VxX1R", "VxX2L", "VxX2R", "VxX3L", "VxX3R", "X1LX1R", "X2LX2R", "X3LX3R"),
    *("Q3VxVpXe", "Q4VxVpXe", "Q5VxVpXe", "Q6VxVpXe", "Q7VxVpXe", "Q8VxVpXe", "CAL", "VxL", "VxH", "VxLVxH", "VpXe23"),
    *("VxpXOR2Xe", "Zero", "X1LX2L", "X1RX2R", "X2LX3L", "X2RX3R"),
)


@cache
def propane_columns(pcu: int) -> tuple[str, ...]:
    """Return the propane spectrum of a PCU.

    Parameters
    ----------
    pcu : int
    """
    return (f"VpSpecPcu{pcu}",)


@cache
def remaining_columns(pcu: int) -> tuple[str, ...]:
    """Return the counters of a PCU that make up its remaining dead time.

    Parameters
    ----------
    pcu : int
    """
    return tuple(f"{name}CntPcu{pcu}" for name in REMAINING)


@cache
def spectrum_columns(pcu: int) -> tuple[str, ...]:
    """Return the six xenon spectra of a PCU, in column order.

    Parameters
    ----------
    pcu : int
    """
    return tuple(f"X{layer}{side}SpecPcu{pcu}" for layer in LAYERS for side in SIDES)


def spectra_in(table: Container[str], pcu: int) -> tuple[str, ...]:
    """Return the xenon spectra of a PCU that a table has: six, or the one of background made without layers.

    Parameters
    ----------
    table : container of str
        A table, or names of columns.
    pcu : int
    """
    six = spectrum_columns(pcu)
    return six if six[0] in table else (f"XeSpecPcu{pcu}",)


def pcu_of(column: str) -> int:
    """Return the PCU of a column such as X1LSpecPcu2.

    Parameters
    ----------
    column : str
    """
    return int(column[-1])


def parse_pcus(text: str) -> tuple[int, ...]:
    """Read a list of PCUs: ``ALL``, ``0,2,3`` or ``1-3``.

    Parameters
    ----------
    text : str

    Raises
    ------
    ConfigError
        For anything that is not 0 to 4.
    """
    pcus: list[int] = []
    for item in _items(text, "0-4"):
        if not (item.isdigit() and int(item) in PCUS):
            raise ConfigError(f"pculist is {text!r}; {item!r} is no PCU. PCUs are 0 to 4: give ALL, 0,2,3 or 1-3.")
        pcus.append(int(item))
    return tuple(sorted(set(pcus)))


def parse_layers(text: str) -> tuple[str, ...]:
    """Read a list of anode layers: ``ALL``, ``1``, ``1-2`` or ``X1L,X1R``; the result names anodes (X1L ... X3R).

    Parameters
    ----------
    text : str

    Raises
    ------
    ConfigError
        For anything else.
    """
    anodes = [f"X{layer}{side}" for layer in LAYERS for side in SIDES]
    chosen: list[str] = []
    for item in _items(text, "1-3"):
        found = [a for a in anodes if item.upper() in (a, a[1])]
        if not found:
            raise ConfigError(
                f"layerlist is {text!r}; {item!r} is no layer. Give ALL, 1, 1-2, or anodes such as X1L,X1R."
            )
        chosen += found
    return tuple(a for a in anodes if a in chosen)


def xenon_columns(pcus: Sequence[int], anodes: Sequence[str]) -> tuple[str, ...]:
    """Return the Standard2 spectra of these PCUs and anodes.

    Parameters
    ----------
    pcus : sequence of int
    anodes : sequence of str
        X1L to X3R.
    """
    return tuple(f"{anode}SpecPcu{pcu}" for pcu in pcus for anode in anodes)


def _items(text: str, everything: str) -> list[str]:
    items: list[str] = []
    for part in (everything if text.strip().upper() == "ALL" else text).split(","):
        first, dash, last = part.strip().partition("-")
        if dash and first.isdigit() and last.isdigit():
            items += [str(i) for i in range(int(first), int(last) + 1)]
        else:
            items.append(part.strip())
    return items
