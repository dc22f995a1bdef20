"""The recipe of an observation's bursts, once: Standard1 per PCU, where the same PCUs were on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rossi.errors import NoGoodTime
from rossi.extract.selection import TimeSelection
from rossi.pca.standard1_lightcurve import Standard1Request, standard1_light_curve
from rossi.pca.standard2 import PCUS
from rossi.product import About, File, Kind
from rossi.timing.burst_product import Bursts, with_curves
from rossi.timing.bursts import BurstRules, find_bursts
from rossi.timing.observation import FastData, Made


def bursts_of(data: FastData, rules: BurstRules, made: Made, pcus: Sequence[int] = PCUS) -> Bursts | None:
    """Look for bursts in Standard1, dead time corrected, with background.

    Parameters
    ----------
    data : FastData
    rules : BurstRules
    made : Made
        Gets a file of the candidates, and what is to be known.
    pcus : sequence of int

    Returns
    -------
    Bursts or None
        None where there is nothing to look for them in.
    """
    if not data.standard1.arrays:
        made.say("no_standard1", "There are no Standard1 data; bursts can't be looked for.")
        return None
    asked = Standard1Request(tuple(pcus), binsz=Standard1Request.SAMPLE)
    time = TimeSelection(common=(data.steady.gti,))
    try:
        curve = standard1_light_curve(data.standard1.arrays, None, time, asked).curve
    except NoGoodTime as error:
        made.say("no_standard1", str(error))
        return None
    if not np.isfinite(curve.value).any():
        made.say("no_standard1", "All samples of Standard1 in good time are bad, or their PCUs were off.")
        return None
    found = find_bursts(curve.time, curve.value, asked.binsz, data.steady.gti, rules)
    header = data.standard1.arrays[0].table.header
    bursts = with_curves(found, curve.time, curve.value, asked.binsz, header)
    made.bursts = len(bursts.accepted)
    about = About(Kind.BURSTS, "bursts", "PCA", binsz=asked.binsz, pcus=tuple(pcus))
    made.add("bursts", File(f"{data.obsid}_bursts.fits", bursts.to_bytes(), about=about))
    return bursts
