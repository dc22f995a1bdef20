"""Splitting an observation's science files by the position of each cluster, and its filter file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rossi.errors import DataError, NoGoodTime
from rossi.fits.reader import open_fits
from rossi.product import About, Kind
from services.contract import File, Outcome, Outputs
from services.engines.native.files import opened
from services.engines.native.hexte_back import hexte_back
from services.hexte_back.stage import STAGE, HexteBackConfig
from tests.services.engines.native.conftest import Observation

CLUSTERS = {"A": ("FS52", "FS50"), "B": ("FS58", "FS56")}


def split(observation: Observation, inputs: dict[str, tuple[File, ...]] | None = None, **asked: Any) -> Outputs:
    config = HexteBackConfig(**asked)
    return hexte_back(config, observation.inputs(STAGE, config) | (inputs or {}))


def stem(observation: Observation) -> str:
    return f"{observation.truth.start:x}-{observation.truth.stop:x}"


@pytest.mark.parametrize(("data", "kind"), [("archive", Kind.SCIENCE), ("events", Kind.EVENTS)])
def test_products_say_what_they_are(observation: Observation, data: str, kind: Kind) -> None:
    made = split(observation, data=data)
    assert {file.name: file.about for file in made.files["science"]} == {
        f"{modes[data == 'events']}_{stem(observation)}_{position}.gz": About(
            kind, instrument="HEXTE", cluster=cluster, position=position
        )
        for cluster, modes in CLUSTERS.items()
        for position in ("src", "p", "m")
    }
    rocking = {path.partition("/")[2]: data for path, data in observation.files.items() if "/FH5" in path[5:]}
    assert {(f.name, f.data) for f in made.files["rocking"]} == set(rocking.items())
    assert {f.about for f in made.files["rocking"]} == {About(Kind.HOUSEKEEPING, instrument="HEXTE")}
    (filter_file,) = made.files["filter_file"]
    assert (filter_file.name, filter_file.about) == ("FP_05f5e0f4-05f5e4cc.xfl.gz", About(Kind.FILTER_FILE))
    one = {"dwell": 16, "angle": 1.5, "positions": ["m", "p", "src"], "files": 1}
    assert made.summary == {"clusters": {"pwa": one, "pwb": one}}
    assert (made.outcome, made.caveats) == (Outcome.SUCCEEDED, ())


def test_every_row_is_in_the_file_of_its_position_and_as_it_was(observation: Observation) -> None:
    """A dwell of 16 s is a row: on source, +1.5 deg, on source, -1.5 deg; B looks where A does not."""
    made = {(f.about.cluster, f.about.position): opened(f) for f in split(observation).files["science"]}
    for cluster, (mode, _) in CLUSTERS.items():
        path = next(path for path in observation.files if path.startswith(f"hexte/{mode}"))
        whole = open_fits(observation.files[path], path).table(hdu=1)
        rows = {
            position: np.searchsorted(whole.column("TIME"), made[cluster, position].table(hdu=1).column("TIME"))
            for position in ("src", "p", "m")
        }
        assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(60))
        assert [len(rows[position]) for position in ("src", "p", "m")] == [30, 15, 15]
        assert {len(set(own % 4)) for own in (rows["p"], rows["m"])} == {1}
        for position, own in rows.items():
            table = made[cluster, position].table(hdu=1)
            np.testing.assert_array_equal(table.column("SpecDet0"), whole.column("SpecDet0")[own])
        if cluster == "A":
            assert rows["src"].tolist() == list(range(0, 60, 2))
        else:
            assert rows["src"].tolist() == list(range(1, 60, 2))


def test_good_time_leaves_out_moves(observation: Observation) -> None:
    for file in split(observation).files["science"]:
        gti = opened(file).table("GTI")
        length = gti.column("STOP") - gti.column("START")
        assert 0 < length.min() <= length.max() <= 16, file.name
        assert length.sum() == pytest.approx((480 if file.about.position == "src" else 240), abs=16), file.name


def test_without_event_lists_the_standard_mode_is_split(observation: Observation) -> None:
    made = split(observation, {"events": ()}, data="events")
    assert {file.about.kind for file in made.files["science"]} == {Kind.SCIENCE}
    assert len(made.files["science"]) == 6


def test_the_archives_filter_file_is_handed_on(observation: Observation) -> None:
    (file,) = split(observation, filter_file="archive").files["filter_file"]
    assert (file.name, file.data) == ("x20402014503.xfl.gz", observation.files["stdprod/x20402014503.xfl.gz"])


def test_without_housekeeping_the_dwell_is_found_in_the_data(observation: Observation) -> None:
    made = split(observation, {"rocking": ()}, filter_file="archive")
    assert made.files["rocking"] == ()
    assert [one["dwell"] for one in made.summary["clusters"].values()] == [16, 16]


def test_nothing_to_split_is_no_work_and_damage_is_told_by_its_file(observation: Observation) -> None:
    with pytest.raises(NoGoodTime) as none:
        split(observation, {"archive": ()})
    assert str(none.value) == ("The observation has no HEXTE science data (hexte/FS52_*, FS58_*) that can be reduced.")
    (whole,) = [f for f in observation.inputs(STAGE, HexteBackConfig())["archive"] if "FS52" in f.name]
    with pytest.raises(DataError, match=rf"^{whole.name}: "):
        split(observation, {"archive": (File(whole.name, whole.data[:1000]),)})


def test_the_filter_file_that_is_made_knows_the_state_of_the_pcus(observation: Observation) -> None:
    (file,) = split(observation).files["filter_file"]
    assert set(opened(file).table("XTE_MKF").column("NUM_PCU_ON")[10:-2]) == {5}
