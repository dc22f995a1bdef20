"""The fast files of an observation."""

from __future__ import annotations

from itertools import pairwise

from rossi.simulate.fast.binned import Bands, binned_file, single_bit_file
from rossi.simulate.fast.events import event_file
from rossi.simulate.fast.photons import Photons
from rossi.simulate.fast.writing import File
from rossi.simulate.fast.xenon import xenon_files
from rossi.simulate.signals import Configurations
from rossi.simulate.spec import ObservationSpec


def _bands(*edges: int) -> Bands:
    return tuple((low, high - 1) for low, high in pairwise(edges))


#: Bands of real configurations, from their headers and from programs that use them.
FOUR = _bands(0, 14, 19, 26, 36)
SIXTEEN = _bands(36, 38, 40, 43, 46, 50, 55, 60, 66, 73, 81, 90, 102, 118, 140, 175, 250)
SIXTY_FOUR = _bands(
    *(0, 5, *range(7, 16), *range(16, 44, 2), *range(44, 68, 3), *range(68, 92, 4), *range(92, 132, 5)),
    *(*range(132, 168, 6), *range(168, 210, 7), *range(210, 234, 8), 234, 244, 250),
)


def fast_files(spec: ObservationSpec, which: Configurations, photons: Photons, span: tuple[int, int]) -> list[File]:
    """Return path and content of the fast files of a run of contiguous rows.

    Parameters
    ----------
    spec : ObservationSpec
    which : Configurations
    photons : Photons
    span : (int, int) [s]
        Start and stop of the run, spacecraft clock.

    Raises
    ------
    ConfigError
        If the source is too bright for the configuration.
    """
    run = photons.between(*span)
    match which:
        case Configurations.XENON:
            return xenon_files(spec, run, span)
        case Configurations.BINNED:
            return [
                binned_file(spec, run, span, 0x37, "B_2ms_4B_0_35_H", FOUR, 512),
                event_file(spec, run, span, 0x3B, "E_125us_16B_36_1s", SIXTEEN, 1 << 13),
            ]
        case Configurations.SINGLE_BIT:
            return [
                single_bit_file(spec, run, span, 0x3B, "SB_500us_0_13_1s", (0, 13)),
                single_bit_file(spec, run, span, 0x3F, "SB_500us_14_35_1s", (14, 35)),
                event_file(spec, run, span, 0x4F, "E_125us_16B_36_1s", SIXTEEN, 1 << 13),
            ]
        case Configurations.EVENTS:
            return [event_file(spec, run, span, 0x4F, "E_125us_64M_0_1s", SIXTY_FOUR, 1 << 13)]
        case Configurations.NONE:
            return []
