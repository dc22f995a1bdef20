"""Which columns a filter file has, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from rossi.fits.writer import Column

#: Pseudo application id of the breakdown history, a calibration file.
BREAKDOWN = 295
#: TNULL of integer columns, by type letter.
NULLS = {"B": 255, "J": 2147483647}
#: Counters of which ELECTRON0 to ELECTRON4 are made: (first + second) / third.
ELECTRON_COUNTERS = ("VpX1L", "VpX1R", "Q6VxVpXe")
#: Counters of PCU 0 that L6CNTPCU0 adds up, in this order.
LAYER_COUNTERS = ("X2LX2R", "X3LX3R", "X1LX2L", "X1RX2R", "X2LX3L", "X2RX3R")
#: Housekeeping that says whether a PCU is on: all of it must be non-zero.
ON_FLAGS = ("cmdhvXE", "hvXEon", "hvXErly")


@dataclass(frozen=True, slots=True, eq=False)  # a hundred of them are looked up, each time the same ones
class Source:
    """A column that is collected from the observation's files.

    Parameters
    ----------
    apid : int
        Application id of the files.
    name : str
        TTYPE there.
    column : str
        TTYPE in the filter file.
    """

    apid: int
    name: str
    column: str


def _of(apid: int, names: str) -> list[Source]:
    return [Source(apid, name, name) for name in names.split()]


def _pcu(name: str) -> list[Source]:
    return [Source(90 + pcu, name, f"{name}_PCU{pcu}") for pcu in range(5)]


#: The collected columns, in the order of the filter file.
COLLECTED: tuple[Source, ...] = (
    *_of(14, "ACSESTQ1 ACSESTQ2 ACSESTQ3 ACSESTQ4"),
    *_of(15, "ACSMODESTAT"),
    *_of(16, "ACSSCPOSX ACSSCPOSY ACSSCPOSZ ACSSCVELX ACSSCVELY ACSSCVELZ"),
    *_of(17, "ACSEARTHLAT ACSEARTHLON"),
    *_of(20, "ACSLUNARX ACSLUNARY ACSLUNARZ"),
    *_of(21, "ACSALTITUDE"),
    *_of(24, "ACSEARTHX ACSSUNX ACSSUNY ACSSUNZ"),
    *(s for pcu in range(5) for name in ELECTRON_COUNTERS for s in _of(74, f"{name}CntPcu{pcu}")),
    *(s for name in LAYER_COUNTERS for s in _of(74, f"{name}CntPcu0")),
    Source(83, "ctLldPm", "pm_0"),
    Source(89, "ctLldPm", "pm_1"),
    *(s for name in (*ON_FLAGS, "evXEgood") for s in _pcu(name)),
    *(Source(251 + cluster, f"hvD{n}", f"hvD{n}_{cluster}") for cluster in range(2) for n in range(4)),
    *_of(BREAKDOWN, "TIME_SINCE_BRK0 TIME_SINCE_BRK1 TIME_SINCE_BRK2 TIME_SINCE_BRK3 TIME_SINCE_BRK4 TIME_SINCE_BRK"),
)

TIME = Column("Time", "D", "s", "spacecraft clock", keywords=(("TDDES", "TIME"),))


def _angles(meanings: dict[str, str]) -> list[Column]:
    return [Column(name, "E", "deg", meaning) for name, meaning in meanings.items()]


#: The derived columns, in order.
DERIVED: tuple[Column, ...] = (
    *_angles(
        {
            "X_RA": "spacecraft X axis, J2000",
            "X_DEC": "spacecraft X axis, J2000",
            "Y_RA": "spacecraft Y axis, J2000",
            "Y_DEC": "spacecraft Y axis, J2000",
            "Z_RA": "spacecraft Z axis, J2000",
            "Z_DEC": "spacecraft Z axis, J2000",
            "POINT_RA": "boresight, J2000",
            "POINT_DEC": "boresight, J2000",
            "POINT_L": "boresight, galactic longitude",
            "POINT_B": "boresight, galactic latitude",
            "ROLLBIAS": "angle of the Sun around the boresight",
            "VEL_RA": "direction of flight",
            "VEL_DEC": "direction of flight",
            "SUN_RA": "direction of the Sun, J2000",
            "SUN_DEC": "direction of the Sun, J2000",
            "MOON_RA": "direction of the Moon, J2000",
            "MOON_DEC": "direction of the Moon, J2000",
            "SUN_ANGLE": "between boresight and Sun",
            "MOON_ANGLE": "between boresight and Moon",
            "RAM_ANGLE": "between boresight and direction of flight",
            "ELV": "boresight above the limb of the Earth",
        }
    ),
    Column("MCILWAIN_L", "E", "Re", "McIlwain L parameter"),
    *_angles(
        {
            "OFFSET": "between boresight and target",
            "BKGD_THETA": "longitude of the orbit's ascending node",
            "BKGD_PHI": "phase in the orbit",
        }
    ),
    *(Column(f"PCU{pcu}_ON", "B", meaning=f"PCU {pcu} is on", null=NULLS["B"]) for pcu in range(5)),
    Column("NUM_PCU_ON", "B", meaning="number of PCUs on", null=NULLS["B"]),
    Column("TIME_SINCE_SAA", "E", "min", "approximate time since the peak of the SAA"),
    *(Column(f"ELECTRON{pcu}", "E", meaning=f"electron ratio of PCU {pcu}") for pcu in range(5)),
    Column("L6CNTPCU0", "E", "count", "layer coincidences of PCU 0"),
)

#: All columns of a filter file that is made with a history of breakdowns.
NAMES: frozenset[str] = frozenset({TIME.name, *(s.column for s in COLLECTED), *(c.name for c in DERIVED)})
