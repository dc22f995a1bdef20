"""Which sources HEXTE's background fields hold, in made-up observations whose axes are those of the sky."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.fits.header import Header
from rossi.product import About, Kind
from rossi.timeseries.series import LightCurve
from services.contract import Outcome, StageResult
from services.merge.config import Neighbour
from services.merge.fields import IN_BACKGROUND, Fields, hexte_fields
from services.merge.observations import Observation
from services.merge.packing import unpack

#: X looks at RA 0, Dec 0 (the boresight 0.04 deg north of it), Y to the east, Z to the north: A+ is 1.5 deg north, B+
#: east. The second is turned by a right angle: A+ is east, B+ south.
AXES = np.eye(3), np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
NORTH, EAST = Neighbour(name="north", ra=0.1, dec=1.6), Neighbour(name="east", ra=1.2, dec=0.0)
FAR, SELF = Neighbour(name="far", ra=2.1, dec=-2.1), Neighbour(name="itself", ra=0.1, dec=0.0)


def observed(number: int, axes: np.ndarray, **clusters: dict[str, object]) -> Observation:
    back = StageResult(stage="hexte_back", obsid="", outcome=Outcome.SUCCEEDED, summary={"clusters": clusters})
    summaries = ({"axes": axes.tolist()},)
    return Observation(f"1000{number}-01-01-00", Outcome.SUCCEEDED, summaries=summaries, stages=(back,))


def test_fields_by_hand() -> None:
    found = hexte_fields([observed(n, axes) for n, axes in enumerate(AXES)], [NORTH, EAST, FAR, SELF])
    assert found.labels == ("A+", "A-", "B+", "B-")
    assert [one.name for one in found.neighbours] == ["east", "north", "far"]  # the nearest first, without itself
    held = {one.name: {label: spot.rows for label, spot in one.spots.items()} for one in found.held}
    assert held == {"north": {"A+": (0,), "B-": (1,)}, "east": {"B+": (0,), "A+": (1,)}, "far": {}}
    north = next(one for one in found.held if one.name == "north").spots
    assert north["A+"].nearest == pytest.approx(np.hypot(0.1, 0.1 - 0.0401), abs=1e-3)
    assert north["B-"].nearest == pytest.approx(np.hypot(0.1 - 0.0401, 0.1), abs=1e-3)
    told = [caveat.message for caveat in found.caveats()]
    assert told[1].startswith("HEXTE: north lies in the background fields A+, B- of 2 of 2 observations, 0.12 deg from")
    assert {caveat.code for caveat in found.caveats()} == {IN_BACKGROUND}
    assert len(told) == 2


def test_what_the_page_draws() -> None:
    found = hexte_fields([observed(n, axes) for n, axes in enumerate((AXES[0], *AXES))], [NORTH, EAST, FAR])
    sky = unpack(found.block())
    assert (sky["names"], sky["inside"]) == (["east", "north", "far"], [0, 1])
    # The middle of the map is the mean of the pointings, a third of 0.04 deg to the east.
    np.testing.assert_allclose(sky["east"] + 0.0401 / 3, [1.2, 0.1, 2.1], atol=1e-3)
    (a, *_) = sky["fields"]
    assert a["label"] == "A+"
    np.testing.assert_allclose([a["east"], a["north"]], [[0.0, 1.5], [1.5, 0.0]], atol=0.06)
    panel = found.panel(0)
    assert panel is not None
    assert (panel["fields"][0][0], panel["fields"][0][3:]) == ("A+", pytest.approx([0.0, 1.5], abs=0.02))
    assert [(sky["names"][n], label) for n, label, _ in panel["inside"]] == [("east", "B+"), ("north", "A+")]
    assert found.panel(7) is None


def test_clusters_rock_as_they_did() -> None:
    a, b = {"angle": 3.0, "positions": ["src", "p"]}, {"angle": None, "positions": ["src"]}
    found = hexte_fields([observed(0, AXES[0], pwa=a, pwb=b)], [])
    (one,) = found.beside.values()
    assert [(f.label, round(f.dec, 2)) for f in one.fields] == [("A+", 3.04)]
    assert (found.held, found.caveats()) == ((), ())


def test_where_the_attitude_is_not_known_the_sun_tells_it() -> None:
    time = np.array([1e8])
    header = Header([("RA_OBJ", 83.63), ("DEC_OBJ", 22.01), ("OBJECT", "CRAB")])
    curve = LightCurve("x", time, time, time, time, 16.0, np.array([[1e8, 1e8 + 16]]), header, Header(), {})
    for instrument, guessed in (("HEXTE", 1), ("PCA", 0)):
        about = About(Kind.LIGHT_CURVE, "a", instrument)
        one = Observation("20101-01-01-00", Outcome.SUCCEEDED, curves={"a": curve}, abouts={"a": about})
        found = hexte_fields([one], [])
        assert (len(found.beside), found.guessed) == (guessed, guessed)
    assert Fields().beside == {}
