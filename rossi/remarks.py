"""What a user should know of a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a user should know of a result.

    Parameters
    ----------
    code : str
        Short and stable.
    message : str
        One sentence.
    """

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


def undated(sentences: Iterable[str]) -> list[Remark]:
    """Return what is said of rows without a time (see `rossi.fits.edit.dated`), each sentence once.

    Parameters
    ----------
    sentences : iterable of str
    """
    return [Remark("undated_rows", sentence) for sentence in dict.fromkeys(sentences)]
