"""The mean response of spectra that are added up: matrices times effective areas, weighted by exposure (``addrmf``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.edit import without_columns
from rossi.fits.reader import open_fits
from rossi.spectra.area import EffectiveArea, read_area, remap
from rossi.spectra.response import Response, stored_groups
from rossi.spectra.response_file import matrix_table, read_response, response_bytes

#: Sums that are not above this part of the largest element are not stored.
_KEPT = 1e-9


@dataclass(slots=True)
class _Share:
    """What spectra of one matrix have added: the matrix' file, exposure [s], and exposure times area [cm**2 s]."""

    data: bytes
    e_min: Floats
    e_max: Floats
    exposure: float
    area: Floats


class MeanResponse:
    """The mean response of spectra that come one after the other.

    A matrix is read when it first comes and at the end, so that few of them are in memory at a time.

    Attributes
    ----------
    exposure : float [s]
        Of all that was added.
    """

    def __init__(self) -> None:
        self.exposure = 0.0
        self._shares: dict[str, _Share] = {}
        self._grid: tuple[Floats, Floats] | None = None

    def edges(self, name: str, data: bytes) -> tuple[Floats, Floats]:
        """Return the nominal energies of a matrix' channels, E_MIN and E_MAX, ndarray (n_channel,) [keV].

        Parameters
        ----------
        name : str
            Of its file; equal names are equal files.
        data : bytes

        Raises
        ------
        DataError
            If it can't be read, or its photon energies or channels are not those of the others.
        """
        share = self._share(name, data)
        return share.e_min, share.e_max

    def add(self, name: str, data: bytes, area: EffectiveArea, exposure: float) -> None:
        """Add the response of a spectrum.

        Parameters
        ----------
        name : str
            Of the matrix' file; see `edges`.
        data : bytes
        area : EffectiveArea
        exposure : float [s]
            Of the spectrum.

        Raises
        ------
        DataError
            As `edges` does.
        """
        share = self._share(name, data)
        assert self._grid is not None
        values = remap(area.area, area.energ_lo, area.energ_hi, *(edge.astype(np.float32) for edge in self._grid))
        share.area += values * np.float64(exposure)
        share.exposure += exposure
        self.exposure += exposure

    def _share(self, name: str, data: bytes) -> _Share:
        if (known := self._shares.get(name)) is not None:
            return known
        response, _ = read_response(data, name)
        grid = (response.energ_lo.astype(np.float64), response.energ_hi.astype(np.float64))
        if self._grid is not None:
            first, of_first = next(iter(self._shares.items()))
            n_channel = len(of_first.e_min)
            if not all(np.array_equal(*pair) for pair in zip(grid, self._grid, strict=True)) or n_channel != len(
                response.e_min
            ):
                raise DataError(
                    f"{name}: other photon energies or channels than {first}; responses alike were expected."
                )
        self._grid = grid
        e_min, e_max = (edge.astype(np.float64) for edge in (response.e_min, response.e_max))
        share = _Share(data, e_min, e_max, 0.0, np.zeros(len(response.energ_lo)))
        self._shares[name] = share
        return share

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the matrices."""
        return tuple(name for name, share in self._shares.items() if share.exposure > 0)

    def told(self, keyword: str) -> str:
        """Return what the matrices say under a keyword: each text once, empty where none says it.

        Parameters
        ----------
        keyword : str
        """
        headers = (matrix_table(open_fits(self._shares[name].data, name)).header for name in self.names)
        texts = (str(header.get(keyword, "")).strip() for header in headers)
        return ", ".join(filter(None, dict.fromkeys(texts)))

    def mean_edges(self) -> tuple[Floats, Floats]:
        """Return the mean nominal energies of channels, ndarray (n_channel,) [keV]."""
        shares = [self._shares[name] for name in self.names]
        weights = [share.exposure / self.exposure for share in shares]
        lower, upper = (
            np.sum([w * getattr(share, edge) for w, share in zip(weights, shares, strict=True)], axis=0)
            for edge in ("e_min", "e_max")
        )
        return lower, upper

    def moved(self, emax: float) -> float:
        """Return by how much the edges of channels below an energy differ among the spectra [keV].

        Parameters
        ----------
        emax : float [keV]
        """
        upper = np.array([self._shares[name].e_max for name in self.names])
        below = self.mean_edges()[1] <= emax
        return float(np.ptp(upper[:, below], axis=0).max(initial=0.0))

    def response(self) -> Response:
        """Return the mean: its matrix contains the effective area [cm**2]."""
        total: Floats | None = None
        for name in self.names:
            share = self._shares[name]
            first, _ = read_response(share.data, name)
            part = first.matrix * (share.area / self.exposure)[:, None]
            total = part if total is None else total + part
        if total is None:
            raise DataError("no response was added, so there is no mean.")
        stored = total > _KEPT * total.max()
        e_min, e_max = (edge.astype(np.float32) for edge in self.mean_edges())
        matrix = np.where(stored, total, 0.0).astype(np.float32)
        kept = stored_groups(stored)
        return Response("mean", first.energ_lo, first.energ_hi, matrix, *kept, e_min, e_max, first.first_channel)

    def file(self, told: str) -> bytes:
        """Return the mean as a file, with the keywords of the first matrix.

        Parameters
        ----------
        told : str
            A sentence about it, as HISTORY.
        """
        name = self.names[0]
        source = open_fits(self._shares[name].data, name)
        matrix = without_columns(matrix_table(source).header).without(("HISTORY",))
        nominal = next(table for table in source.tables if table.name == "EBOUNDS")
        matrix.set("HDUCLAS3", "FULL")
        if table := self.told("E2CFILE"):
            matrix.set("E2CFILE", table, "energy-to-channel table")
        for text in (told, f"mean of {len(self.names)} matrices, with areas, weighted by exposure", *self.names):
            matrix.append("HISTORY", text)
        ebounds = without_columns(nominal.header).without(("HISTORY",))
        ebounds.append("HISTORY", "energies are means, weighted by exposure")
        return response_bytes(self.response(), matrix, ebounds)


def area_in(data: bytes, name: str) -> EffectiveArea:
    """Read an effective area (ARF).

    Parameters
    ----------
    data : bytes
    name : str
        Of its file.

    Raises
    ------
    DataError
        If it holds none.
    """
    return read_area(open_fits(data, name).table("SPECRESP"))
