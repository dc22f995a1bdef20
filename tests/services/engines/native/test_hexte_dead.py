"""Net light curves and spectra of both clusters: rates of the truth, and what the files say they hold."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rossi.archive import ObsID
from rossi.calibration_roles import Role
from rossi.errors import NoGoodTime
from rossi.fits.dated import clock
from rossi.fits.edit import as_hdu, with_values
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes
from rossi.hexte.fields import pointing
from rossi.product import About, Content, Kind
from rossi.simulate import DEAD_TIME_FILE_B, ObservationSpec, attitude, simulate_observation, true_observation
from rossi.sky import separation
from services.contract import File, Outcome, Outputs
from services.engines.hexte import attitude_of
from services.engines.native.files import opened
from services.engines.native.hexte_back import hexte_back
from services.engines.native.hexte_dead import hexte_dead
from services.hexte_back.stage import STAGE as BACK
from services.hexte_back.stage import HexteBackConfig
from services.hexte_dead.stage import STAGE, HexteDeadConfig
from tests.services.engines.native.conftest import Observation

OBSID = "20402-01-45-03"
#: The channels of which the truth of event lists tells, and those of the standard mode.
EVENTS, STANDARD = [{"chmin": 15, "chmax": 240}], [{"chmin": 15, "chmax": 61}]


def split_of(observation: Observation, **asked: Any) -> Outputs:
    config = HexteBackConfig(filter_file="archive", **asked)
    return hexte_back(config, observation.inputs(BACK, config))


@pytest.fixture(scope="module")
def split(observation: Observation) -> Outputs:
    """The standard mode."""
    return split_of(observation)


@pytest.fixture(scope="module")
def split_events(observation: Observation) -> Outputs:
    """Event lists."""
    return split_of(observation, data="events")


def reduced(
    observation: Observation, before: Outputs, inputs: dict[str, tuple[File, ...]] | None = None, **asked: Any
) -> Outputs:
    config = HexteDeadConfig(**asked)
    return hexte_dead(config, observation.inputs(STAGE, config, before) | (inputs or {}))


def tables(outputs: Outputs, name: str) -> dict[str, Table]:
    return {file.about.label: opened(file).table(hdu=1) for file in outputs.files[name]}


def test_products_say_what_they_are(observation: Observation, split: Outputs) -> None:
    made = reduced(observation, split)
    content = {"": Content.NET, "_src": Content.TOTAL, "_bkg": Content.BACKGROUND}
    curves, parts, spectra = {}, {}, {}
    for cluster in "AB":
        for end, what in content.items():
            label = f"pw{cluster.lower()}_ch15-61{end}"
            about = About(Kind.LIGHT_CURVE, label, "HEXTE", what, (15, 61), cluster=cluster)
            (parts if end else curves)[f"{OBSID}_{label}.lc"] = about
        for position in ("src", "p", "m", "bkg"):
            label = f"pw{cluster.lower()}_{position}"
            what = Content.TOTAL if position == "src" else Content.BACKGROUND
            about = About(Kind.SPECTRUM, label, "HEXTE", what, cluster=cluster, position=position)
            spectra[f"{OBSID}_{label}.pha"] = about
    told = {output: {file.name: file.about for file in group} for output, group in made.files.items()}
    assert told == {
        "light_curve": curves,
        "parts": parts,
        "spectrum": spectra,
        "response": {},
        "ancillary": {},
        "figure": {},
        "gti": {f"{OBSID}_hexte.gti": About(Kind.GOOD_TIME, "hexte", "HEXTE")},
    }
    assert (made.outcome, made.caveats, made.summary["target"]) == (Outcome.SUCCEEDED, (), "SIM X-1")


def test_spectra_name_their_responses_where_there_are_any(
    observation: Observation, split: Outputs, golden: Path
) -> None:
    """Of cluster A alone a matrix and an area are given."""
    folder = golden.parent / "response/input/hexte"
    given = {
        role: (File(name, gzip.decompress((folder / f"{name}.gz").read_bytes())),)
        for role, name in ((Role.HEXTE_MATRIX, "sim_pwa.rmf"), (Role.HEXTE_AREA, "sim_pwa.arf"))
    }
    made = reduced(observation, split, given)
    found = tables(made, "spectrum")
    (matrix,), (area,) = made.files["response"], made.files["ancillary"]
    names = {label: (one.header["RESPFILE"], one.header["ANCRFILE"]) for label, one in found.items()}
    assert names.pop("pwa_src") == (matrix.name, area.name)
    assert set(names.values()) == {("NONE", "NONE")}
    assert (matrix.name.startswith("hexte_pwa_64ch_"), area.name) == (True, f"{OBSID}_pwa_src.arf")
    (caveat,) = made.caveats
    assert caveat.code == "no_response"
    assert "DETNAM is 'PWB013'" in caveat.message


@pytest.mark.parametrize("data", ["archive", "events"])
def test_net_rates_are_those_of_the_source(
    observation: Observation, split: Outputs, split_events: Outputs, data: str
) -> None:
    before, bands = (split, STANDARD) if data == "archive" else (split_events, EVENTS)
    made = reduced(observation, before, bands=bands)
    beside = tables(made, "parts")
    for cluster in observation.truth.hexte:
        name = f"pw{cluster.cluster.lower()}"
        truth = getattr(cluster, data)
        label = f"{name}_ch15-{bands[0]['chmax']}"
        found = made.summary["bands"][label]
        assert found["error"] < 0.15 * truth.source
        assert found["rate"] == pytest.approx(truth.source, abs=4 * found["error"])
        background = beside[f"{label}_bkg"]
        assert np.nanmean(background.column("RATE")) == pytest.approx(truth.background, rel=0.05)
        assert made.summary["clusters"][name]["dwell"] == cluster.dwell


def test_spectra_hold_the_counts_of_the_truth(observation: Observation, split_events: Outputs) -> None:
    made = reduced(observation, split_events)
    spectra = tables(made, "spectrum")
    for cluster in observation.truth.hexte:
        name = f"pw{cluster.cluster.lower()}"
        assert spectra[f"{name}_src"].header["BACKFILE"] == f"{OBSID}_{name}_bkg.pha"
        own = {part: spectra[f"{name}_{part}"] for part in ("src", "p", "m", "bkg")}
        counts = {part: float(table.column("COUNTS")[15:241].sum()) for part, table in own.items()}
        exposure = {part: table.header["EXPOSURE"] for part, table in own.items()}
        assert counts["bkg"] == counts["p"] + counts["m"]
        assert exposure["bkg"] == pytest.approx(exposure["p"] + exposure["m"])
        assert made.summary["clusters"][name]["live"] == pytest.approx(exposure)
        background = counts["bkg"] / exposure["bkg"]
        error = np.sqrt(counts["src"] / exposure["src"] ** 2 + counts["bkg"] / exposure["bkg"] ** 2)
        net = counts["src"] / exposure["src"] - background
        assert net == pytest.approx(cluster.events.source, abs=4 * error)
        assert background == pytest.approx(cluster.events.background, rel=0.05)


def test_what_is_asked_for_decides(observation: Observation, split: Outputs, split_events: Outputs) -> None:
    made = reduced(observation, split_events, spectra=False, background="interpolated", binsz=8, bands=EVENTS)
    assert made.files["spectrum"] == ()
    assert {table.header["TIMEDEL"] for table in tables(made, "light_curve").values()} == {8}
    cycles = {n: tables(reduced(observation, split, cycles=n), "light_curve")["pwa_ch15-61"] for n in (1, 2)}
    assert {n: table.header["TIMEDEL"] for n, table in cycles.items()} == {1: 64, 2: 128}
    some = reduced(observation, split, detectors="01").summary["bands"]["pwa_ch15-61"]
    every = reduced(observation, split).summary["bands"]["pwa_ch15-61"]
    assert some["rate"] == pytest.approx(every["rate"] / 2, abs=3 * some["error"])


def test_without_housekeeping_dead_time_is_not_corrected_and_it_says_so(
    observation: Observation, split: Outputs
) -> None:
    made = reduced(observation, split, {"rocking": ()})
    assert [(caveat.code, caveat.message) for caveat in made.caveats] == [
        (
            "no_housekeeping",
            f"Cluster {cluster} has no housekeeping (realtime data): exposures beside the source are shortened for the "
            "slews of a dwell of 16 s, dead time is not corrected.",
        )
        for cluster in "AB"
    ]
    live, dead = (one.summary["clusters"]["pwa"]["live"]["src"] for one in (made, reduced(observation, split)))
    assert 0.5 < dead / live < 0.8


def test_one_clusters_coefficients_do_not_do_for_the_other(observation: Observation, split: Outputs) -> None:
    inputs = observation.inputs(STAGE, HexteDeadConfig(), split)
    made = reduced(observation, split, {Role.DEAD_TIME_A: inputs[Role.DEAD_TIME_B]})
    (caveat,) = made.caveats
    assert (caveat.code, caveat.message) == (
        "cluster_failed",
        f"Cluster A was not reduced: {DEAD_TIME_FILE_B}[HXTDEADCO]: column pwa0co0 is missing (DETNAM is 'PWB'); the "
        "dead-time coefficients of cluster A were expected.",
    )
    assert made.summary["clusters"] == {"pwb": reduced(observation, split).summary["clusters"]["pwb"]}


def test_a_staring_cluster_has_the_others_background_where_that_can_be_told(observation: Observation) -> None:
    spec = ObservationSpec(ObsID("92001-01-01-00"), 410_000_000, 960, slew=160, hexte_events=True)
    staring = Observation(true_observation(spec), simulate_observation(spec), observation.calibration)
    before = split_of(staring, data="events")
    assert [(c.code, c.message) for c in before.caveats] == [
        ("staring", "Cluster A stared at the source; it has no background of its own.")
    ]
    made = reduced(staring, before)
    assert [c.code for c in made.caveats] == ["estimated_background"]
    assert list(made.summary["bands"]) == ["pwb_ch15-61"]
    spectra = tables(made, "spectrum")
    rates = [
        spectra[f"pwa_{p}"].column("COUNTS")[15:241].sum() / spectra[f"pwa_{p}"].header["EXPOSURE"]
        for p in ("src", "bkg")
    ]
    (truth, _) = staring.truth.hexte
    assert rates[1] == pytest.approx(truth.events.background, rel=0.1)
    assert rates[0] == pytest.approx(truth.events.source + truth.events.background, rel=0.05)
    none = reduced(staring, before, {Role.BACKGROUND_A: ()})
    assert [(c.code, c.message) for c in none.caveats] == [
        ("no_background", "Cluster A stared at the source; its spectrum has no background.")
    ]


def test_nothing_good_is_said_with_the_reason(observation: Observation, split: Outputs) -> None:
    with pytest.raises(NoGoodTime) as error:
        reduced(observation, split, expression="ELV > 900")
    assert str(error.value) == "No row of the filter file x20402014503.xfl.gz fulfils 'ELV > 900'."


def test_good_time_is_told_and_goes_as_far_as_is_asked_for(observation: Observation, split: Outputs) -> None:
    """A row of the filter file without a time, and the first good one at 164 s."""
    (whole,) = split.files["filter_file"]
    file = opened(whole)
    table = file.table("XTE_MKF")
    time = table.column(clock(table)).copy()
    time[3] = np.nan
    hdus = [as_hdu(with_values(one, {clock(one): time}) if one.name == "XTE_MKF" else one) for one in file.tables]
    cut = replace(whole, data=fits_bytes(file.primary, hdus, compress=True), plain=None, fits=None)
    made = reduced(observation, split, {"filter_file": (cut,)}, expression="OFFSET < 0.02", prefr=0.0, postfr=1.0)
    assert [caveat.code for caveat in made.caveats] == ["undated_rows"]
    assert made.caveats[0].message.startswith(whole.name)
    (gti,) = tables(made, "gti").values()
    assert float(gti.column("START")[0]) - observation.truth.start == 164


def test_a_band_in_kev_is_the_same_channels_in_every_mode(observation: Observation, split: Outputs) -> None:
    """15-60 keV: whole bins of the archive mode, in event lists, too; a channel is 1 keV wide."""
    made = reduced(observation, split, bands=["15-60keV", {"chmin": 16, "chmax": 59}], spectra=False)
    curves, about = tables(made, "light_curve"), made.files["light_curve"][0].about
    for cluster in ("pwa", "pwb"):
        np.testing.assert_array_equal(
            curves[f"{cluster}_15-60keV"].column("RATE"), curves[f"{cluster}_ch16-59"].column("RATE")
        )
    header = curves["pwa_15-60keV"].header
    keywords = ("MINCHAN", "MAXCHAN", "E_MIN", "E_MAX", "E2CFILE")
    assert [header[name] for name in keywords] == [16, 59, 15.0, 60.0, "nominal, 1 keV a channel"]
    assert about.energies is not None
    (edge,) = about.energies.edges
    assert (about.label, about.channels, edge.detector) == ("pwa_15-60keV", None, "PWA")
    assert (edge.first, edge.last, edge.emin, edge.emax) == (16, 59, 16.0, 60.0)


def test_how_the_spacecraft_was_turned_is_told(observation: Observation, split: Outputs) -> None:
    axes, spec = np.array(reduced(observation, split).summary["axes"]), ObservationSpec(ObsID(OBSID), 100_000_000)
    assert separation(*pointing(axes), spec.ra, spec.dec) < 1e-3
    np.testing.assert_allclose(axes, attitude.body_axes(spec, np.array([spec.start + 900.0]))[0], atol=1e-4)


def test_a_filter_file_without_attitude_is_no_failure(observation: Observation, split: Outputs) -> None:
    (found,) = split.files["filter_file"]
    assert attitude_of(found.opened(), np.array([[0.0, 1.0]])) == {}
