"""Layers of a PCU: the groups of anodes that a response is for, and their codes (lld_code of ``pcarmf``)."""

from __future__ import annotations

from rossi.errors import ConfigError

#: Codes of the groups of anodes: left, right and both halves of a layer; all xenon; propane.
CODES = {
    **{"L1": 1, "R1": 2, "LR1": 3, "L2": 4, "R2": 8, "LR2": 12, "L3": 16, "R3": 32, "LR3": 48},
    **{"XE": 63, "P": 64},
}
ALL_XENON, PROPANE = CODES["XE"], CODES["P"]
NAMES = {code: name for name, code in CODES.items()}
#: The layers of xenon, in the order in which ``pcarmf`` adds them up.
XENON = (48, 12, 3)
#: Which of the layers 1, 2 and 3 holds a group of anodes; propane has the numbers of layer 1.
NUMBER = {1: 1, 2: 1, 3: 1, 4: 2, 8: 2, 12: 2, 16: 3, 32: 3, 48: 3, ALL_XENON: 1, PROPANE: 1}
HALVES = frozenset((1, 2, 4, 8, 16, 32))


def layer_code(name: str | int) -> int:
    """Return the code of a group of anodes.

    Parameters
    ----------
    name : str or int
        Its name (LR1, R2, ALL, P ...), or its code.

    Raises
    ------
    ConfigError
        If there is none.
    """
    text = str(name).strip().upper()
    code = CODES.get({"ALL": "XE", "X1L": "L1", "X1R": "R1"}.get(text, text))
    if code is None and text.isdecimal() and int(text) in NAMES:
        code = int(text)
    if code is None:
        wanted = ", ".join(f"{known} ({number})" for known, number in CODES.items())
        raise ConfigError(f"{str(name)!r} is no group of anodes; one of {wanted} was expected.")
    return code


def pair_code(code: int) -> int:
    """Return the code of the layer that holds a group of anodes; of all xenon, that of layer 1.

    Parameters
    ----------
    code : int
        One of `CODES`.
    """
    return PROPANE if code == PROPANE else {1: 3, 2: 12, 3: 48}[NUMBER[code]]
