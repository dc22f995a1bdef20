"""Science files of the event analyzers besides the two of the standard configurations."""

from __future__ import annotations

from rossi.fits.header import CardTuple
from rossi.simulate.keywords import Columns, class_cards, data_file, gti_table
from rossi.simulate.spec import ObservationSpec

File = tuple[str, bytes]


def science_file(
    spec: ObservationSpec,
    apid: int,
    mode: str,
    columns: Columns,
    span: tuple[int, int],
    times: tuple[float, float],
    *,
    events: bool,
    corrected: bool = True,
) -> File:
    """Return path and content of a science file.

    Parameters
    ----------
    spec : ObservationSpec
    apid : int
        Of the analyzer: it does not tell what is in the file.
    mode : str
        DATAMODE.
    columns : sequence of (Column, array_like (n_row, ...))
    span : (int, int) [s]
        Start and stop, spacecraft clock.
    times : (float, float) [s]
        Resolution (TIMEDEL) and interval of the telemetry (DELTAT).
    events : bool
        A table of events, or of arrays.
    corrected : bool
        Whether the gain is corrected on board (GAINAPP).
    """
    cards: list[CardTuple] = [
        *class_cards("EVENTS" if events else "ARRAY", "ALL" if events else "TOTAL"),
        ("INSTRUME", "PCA"),
        ("OBS_MODE", "POINTING"),
        ("APPID", apid, "application id"),
        ("DATAMODE", mode),
        ("TIMEDEL", times[0], "time resolution"),
        ("DELTAT", times[1], "telemetry interval"),
        ("GAINAPP", corrected, "on board"),
        ("TDDES", "O[XTE] & I[PCA]"),
    ]
    start, stop = span
    gti = gti_table(spec, [span])
    path = f"pca/FS{apid:02x}_{start:x}-{stop:x}"
    return path, data_file(spec, span, "XTE_SE" if events else "XTE_SA", columns, cards, (gti, gti), spec.compress)
