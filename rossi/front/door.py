"""The one door from the science to the stages that carry it out, and to what knows archives behind URLs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from rossi.archive import ObsID
from rossi.errors import DataError
from rossi.front.made import Made
from rossi.remarks import Remark


class Services(Protocol):
    """What is behind the door: the module `services.execution.front_door`."""

    def list_remote(
        self, obsid: ObsID, archive: str
    ) -> tuple[dict[str, int], Callable[[str], bytes], Callable[[Sequence[str], int], Sequence[bytes]]]:
        """Return the sizes of files by path, what fetches one, and what their beginnings, of an archive at a URL.

        Parameters
        ----------
        obsid : ObsID
        archive : str
            Its URL.

        Returns
        -------
        dict of str to int [byte], callable, callable
        """
        ...

    def absent(self, obsid: ObsID, archive: str) -> DataError:
        """Return the error of an observation that an archive does not have, which names those that are near.

        Parameters
        ----------
        obsid : ObsID
        archive : str
        """
        ...

    def reduce(
        self,
        obsid: ObsID,
        archive: str,
        instruments: Sequence[str],
        products: Sequence[str],
        settings: Mapping[str, Any],
        calibration: Mapping[str, Any],
        on_stage: Callable[[str, int, int], None],
    ) -> tuple[dict[str, Made], tuple[Remark, ...]]:
        """Run the stages in memory; return what each instrument gave, and what there is to know of it.

        Parameters
        ----------
        obsid : ObsID
        archive : str
            Folder or URL.
        instruments : sequence of str
        products : sequence of str
            What is made of them.
        settings : mapping of str to Any
            Keywords of `rossi.reduce`.
        calibration : mapping of str to Any
            As section [calibration] of ``rossi.toml`` has it.
        on_stage : callable
            Told the stage that begins, its number from 1, and how many there are.

        Raises
        ------
        ConfigError, DataError, NoGoodTime
            If nothing could be reduced.
        """
        ...


def services() -> Services:
    """Return what is behind the door; imported only now: the only place where the science knows of it."""
    from services.execution import front_door

    return front_door
