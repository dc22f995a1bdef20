"""Whether a calibration file is of the kind that its role needs, told when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rossi.calibration_roles import Role
from rossi.energy.channel_table import read_channel_table
from rossi.energy.response_calibration import area_on_axis, collimator_table
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import gunzip, open_fits
from rossi.hexte.backest import read_correction
from rossi.hexte.coefficients import coefficients
from rossi.hexte.science import Cluster
from rossi.pca.background.model import read_model
from rossi.pca.background.saa import passages
from rossi.pca.breakdown import read_breakdowns
from rossi.spectra.response_file import read_response
from rossi.timing.clock import read_clock

_READERS: Mapping[Role, Callable[[bytes, str], object]] = {
    Role.MODEL: read_model,
    Role.SAA: lambda data, name: passages(open_fits(data, name).table(hdu=1)),
    Role.BREAKDOWN: lambda data, name: read_breakdowns(open_fits(data, name), 0.0),
    Role.BREAKDOWN_HISTORY: lambda data, name: open_fits(data, name).table(hdu=1),
    Role.DEAD_TIME_A: lambda data, name: coefficients(open_fits(data, name).table(), Cluster.A, (0.0, 0.0)),
    Role.DEAD_TIME_B: lambda data, name: coefficients(open_fits(data, name).table(), Cluster.B, (0.0, 0.0)),
    Role.ENERGY_TO_CHANNEL: lambda data, name: read_channel_table(open_fits(data, name)),
    Role.COLLIMATORS: lambda data, name: collimator_table(open_fits(data, name)),
    Role.HEXTE_MATRIX: read_response,
    Role.HEXTE_AREA: lambda data, name: area_on_axis(open_fits(data, name)),
    Role.HEXTE_COLLIMATORS: lambda data, name: collimator_table(open_fits(data, name)),
    Role.BACKGROUND_A: lambda data, name: read_correction(open_fits(data, name).table()),
    Role.CLOCK: lambda data, name: read_clock(gunzip(data, name).decode("ascii", "replace"), name),
}


def check_kind(role: Role, data: bytes, url: str) -> None:
    """Refuse a file that can't serve its role: no observation could be reduced with it.

    Parameters
    ----------
    role : Role
    data : bytes
        The file's content, plain or gzip-compressed.
    url : str
        Where it came from.

    Raises
    ------
    ConfigError
        Naming the setting, the file and what was expected of it.
    """
    try:
        _READERS[role](data, url)
    except DataError as error:
        raise ConfigError(f"[calibration] {role}: {error}") from None
