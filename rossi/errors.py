"""What can go wrong with an observation, one class per meaning.

The message of each is a sentence for the user: it names the file, the HDU and the column or keyword, says what
was found and what was expected, and what to do.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


def shortened(text: object, longest: int = 80) -> str:
    """Return a text in quotes for a message, only its beginning where it is long.

    Parameters
    ----------
    text : object
        Shown as ``str`` gives it.
    longest : int
        Characters.
    """
    whole = str(text)
    return repr(whole) if len(whole) <= longest else f"{whole[:longest]!r}..."


def shortened_name(path: object, longest: int = 200) -> str:
    """Return a file's name as the beginning of a message, without quotes; see `shortened`.

    Parameters
    ----------
    path : object
    longest : int
        Characters.
    """
    name = str(path)
    return repr(name[:longest])[1:-1] + "..." * (len(name) > longest)


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """Return a hint at the name that was meant, case aside; empty if none is near.

    Parameters
    ----------
    name : str
    known : iterable of str
    most : int
        How many names the hint may offer.
    """
    spelt = {one.upper(): one for one in known}
    near = get_close_matches(name.upper(), spelt, most)
    return f"did you mean {' or '.join(spelt[one] for one in near)}?" if near else ""


def is_full(error: BaseException) -> bool:
    """Return whether there was no room on a disk, or no more of a quota.

    Parameters
    ----------
    error : BaseException
    """
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


class RossiError(Exception):
    """Base of the errors whose message is meant for the user; trying again may help.

    Attributes
    ----------
    code : str
        What went wrong, for machines: short, and the same for ever. Messages are for people.
    exit_code : int
        With which a process ends because of it.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1


class DataError(RossiError):
    """This observation's data can't be processed; trying again gives the same."""

    code = "bad_data"
    exit_code = 20


class MissingInput(DataError):
    """Files are not there without which nothing can be made."""

    code = "missing_input"


class DamagedFile(DataError):
    """A file is cut, or its bytes are not those that were written."""

    code = "damaged_file"


class ConfigError(RossiError, ValueError):
    """What was asked for makes no sense for any observation; everything should stop.

    A ValueError, so that pydantic's validators report it together with the place in the configuration.
    """

    code = "bad_configuration"
    exit_code = 21


class NoGoodTime(RossiError):
    """Nothing is wrong, but no time is left to extract anything from."""

    code = "no_good_time"
    exit_code = 0


class FullDisk(RossiError):
    """There is no room on a disk of the machine that works."""

    code = "full_disk"
