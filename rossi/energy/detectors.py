"""What the PCUs are made of: numbers of the response.

They are those of pcarmf 11.7 and xpcaarf 3.9 (parameter files of HEASoft 6.20), which reproduce responses of 2020 made
for observations of 1996 and 1997 to 8e-6 of a row's peak. Layers are in g / cm**2; 1 % more xenon in layer 1 adds 0.5 %
to its area at 10 keV.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class XenonInPropane:
    """Xenon that leaks into the propane layer, linear in time.

    Parameters
    ----------
    amount : float [g / cm**2]
        On the day `since`.
    growth : float [g / cm**2 / d]
    since : float [MJD]
    """

    amount: float
    growth: float
    since: float

    def on(self, day: float) -> float:
        """Return the amount on a day.

        Parameters
        ----------
        day : float [MJD]

        Returns
        -------
        float [g / cm**2]
        """
        return self.amount + self.growth * (day - self.since)


@dataclass(frozen=True, slots=True)
class Pcu:
    """A proportional counter unit.

    Parameters
    ----------
    number : int
    xenon : tuple of float [g / cm**2]
        Layers 1, 2 and 3.
    dead_layer : float [g / cm**2]
        Of xenon, between the layers.
    in_propane : XenonInPropane
    propane_lost : float [MJD]
        When the propane was lost (UTC); infinite if never.
    after_loss : XenonInPropane
        Xenon in the empty propane volume since.
    mylar : float [g / cm**2]
        Both windows.
    fano : float [keV]
        Resolution: variance per keV of nominal energy, times 2.35**2.
    area : float [cm**2]
        Geometric area.
    thresholds : tuple of three tuples of float
        What the lower-level discriminator lets through in channels 4 to 7 of layers 1, 2, 3; nothing below channel 4.
        Absolute channels, whatever the gain.
    """

    number: int
    xenon: tuple[float, float, float]
    dead_layer: float
    in_propane: XenonInPropane
    propane_lost: float
    after_loss: XenonInPropane
    mylar: float
    fano: float
    area: float
    thresholds: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]


#: First and second reference day of xenon in propane, 1997-12-20; the loss of PCU 0 (2000-05-13, 00:00) and PCU 1
#: (2006-12-25, 12:56:08 UT), after which their windows are empty.
_DAY, _LOSS_0, _LOSS_1 = 50802.0, 51677.0, 54094.5390
_NEVER, _NOTHING = float("inf"), XenonInPropane(0.0, 0.0, 69807.0)

PCUS = (
    Pcu(
        number=0,
        xenon=(0.00710774, 0.00581857, 0.00575947),
        dead_layer=0.000232556,
        in_propane=XenonInPropane(0.00012194, 8.28557e-08, _DAY),
        propane_lost=_LOSS_0,
        after_loss=XenonInPropane(3.86517e-05, 1.03815e-10, _LOSS_0),
        mylar=0.00721853,
        fano=0.169282,
        area=1545.32,
        thresholds=((0, 0.2, 0.35, 1), (0, 0.25, 0.75, 1), (0.25, 0.5, 1, 1)),
    ),
    Pcu(
        number=1,
        xenon=(0.00714892, 0.00581066, 0.00565564),
        dead_layer=0.000193073,
        in_propane=XenonInPropane(8.88395e-05, 3.02757e-08, _DAY),
        propane_lost=_LOSS_1,
        after_loss=_NOTHING,
        mylar=0.00713158,
        fano=0.164312,
        area=1533.94,
        thresholds=((0.3, 0.08, 1, 1), (0.3, 0.7, 0.75, 1), (0.25, 0.8, 1, 1)),
    ),
    Pcu(
        number=2,
        xenon=(0.00695496, 0.00576712, 0.00582309),
        dead_layer=0.000418854,
        in_propane=XenonInPropane(0.000129413, 3.66686e-08, _DAY),
        propane_lost=_NEVER,
        after_loss=_NOTHING,
        mylar=0.00691034,
        fano=0.17193,
        area=1563.16,
        thresholds=((0.2, 0.2, 0.75, 1), (0.3, 0.03, 0.7, 1), (0.3, 0.25, 1, 1)),
    ),
    Pcu(
        number=3,
        xenon=(0.00670026, 0.00550608, 0.0054168),
        dead_layer=0.00051062,
        in_propane=XenonInPropane(0.000182555, 3.59309e-08, _DAY),
        propane_lost=_NEVER,
        after_loss=_NOTHING,
        mylar=0.0074029,
        fano=0.169485,
        area=1617.50,
        thresholds=((0.2, 0.2, 0.7, 1), (0.4, 0.3, 1, 1), (0, 0.3, 0.8, 1)),
    ),
    Pcu(
        number=4,
        xenon=(0.00682375, 0.00570323, 0.00571771),
        dead_layer=0.000511759,
        in_propane=XenonInPropane(0.000164654, 3.29835e-08, _DAY),
        propane_lost=_NEVER,
        after_loss=_NOTHING,
        mylar=0.00695704,
        fano=0.169135,
        area=1562.10,
        thresholds=((0.3, 0.15, 1, 1), (0.4, 0.3, 1, 1), (0.2, 0.3, 1, 1)),
    ),
)

#: Aluminium on both windows, propane [g / cm**2]; methane as a fraction of a layer's xenon.
ALUMINIUM, PROPANE, METHANE = 0.00012045, 0.00264459, 0.0123
