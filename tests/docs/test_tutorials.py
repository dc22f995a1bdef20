"""The tutorials do what they say: those of an hour's work in their long form alone."""

import re
from importlib.util import find_spec

import numpy as np
import pytest

from rossi.simulate import Truth
from tests.conftest import LONG
from tests.docs.pages import DOCS, execute, program

#: What the program of the page leaves for the test.
LEAVE = "np.savez('result.npz', own=own, standard=standard)\n"
#: One of the two has no housekeeping of PCU 1, which the other does not notice.
BREAK = "next(Path('archive').glob('AO*/P*/{obsid}/pca/FH5b*')).unlink()\n"
BROKEN = "95101-01-01-01"


def run(folder, page, edit=lambda code: code):
    """Run a tutorial in a folder, edited; return what it said."""
    done = execute(folder, edit(program(DOCS / "tutorials" / f"{page}.md")))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def eta(tmp_path_factory):
    """The tutorial on a source, with two observations, one of which is broken; the truth, and what it said."""
    folder = tmp_path_factory.mktemp("eta")

    def edit(code):
        code = code.replace("--observations 6", "--observations 2").replace("obsids[:2]", "obsids[:1]")
        first, end, rest = code.partition("seed 1')\n")
        return f"{first}{end}{BREAK.format(obsid=BROKEN)}{rest}{LEAVE}"

    said = run(folder, "eta-carinae", edit)
    return folder, [one for one in observations(folder) if one.obsid != BROKEN], said


def observations(folder):
    """Return what is true of the observations of the archive in a folder."""
    return Truth.model_validate_json((folder / "archive/truth.json").read_bytes()).observations


def expected(observation):
    """Return the rate a PCU of those that were on."""
    return np.mean([observation.band.source[pcu.pcu] for pcu in observation.pcus])


def test_eta_carinae_one_bad_observation_stops_no_other(eta):
    folder, _, said = eta
    assert "n2a: found 2 of 2" in said
    assert re.search(r"succeeded │ 1 .*\n.*no work +│ 0 .*\n.*failed +│ 1 ", said)
    assert f"1 light curves; 1 failed: {{'{BROKEN}': " in said
    assert f"1 light curves; 1 observations failed: [('{BROKEN}', " in said
    assert (folder / "out/report.html").is_file()
    assert {path.name for path in folder.glob("*.png")} == {"means.png", "standard-products.png", "own-channels.png"}
    assert not list(folder.glob("tmp.*"))


def test_eta_carinae_three_ways_give_the_simulated_rates(eta):
    folder, whole, said = eta
    rates = {obsid: float(rate) for obsid, rate in re.findall(r"^(\S+): (\S+) \+- \S+ count/s/PCU in", said, re.M)}
    assert rates.keys() == {one.obsid for one in whole}
    own = np.load(folder / "result.npz")["own"]
    assert (np.diff(own["TIME"]) > 0).all()
    for one in whole:
        assert rates[one.obsid] == pytest.approx(expected(one), rel=0.03)
        here = own[(own["TIME"] > one.start - 100) & (own["TIME"] < one.stop + 100) & (own["LiveTime"] > 0)]
        error = np.sqrt((here["ERROR"] ** 2).sum()) / len(here)
        assert here["RATE"].mean() == pytest.approx(expected(one), rel=0.02, abs=5 * error)


def test_hexte_finds_the_crab(tmp_path):
    said = run(tmp_path, "hexte")
    pulls = dict(re.findall(r"^(pw[ab]): 37 channels, mean squared pull (\S+)", said, re.M))
    assert {"pwa", "pwb"} == pulls.keys()
    assert all(abs(float(value) - 1) < 4 * np.sqrt(2 / 37) for value in pulls.values())
    assert {"hexte-curve.png", "hexte-spectrum.png"} == {path.name for path in tmp_path.glob("*.png")}
    assert list(tmp_path.glob("products/90101-01-01-01/*_pwb_src.pha"))


def test_transient_spectra_are_ready_and_fitted_where_sherpa_is(tmp_path):
    made = 6 if LONG else 2
    said = run(tmp_path, "transient", lambda code: code.replace("--observations 6", f"--observations {made}"))
    written = sorted(path.parent.name for path in tmp_path.glob("spectra/*/*_src.pha"))
    assert len(written) == made
    assert (tmp_path / "transient-spectra.png").is_file()
    if find_spec("sherpa") is None:
        pytest.skip("fits need sherpa, which make test-fit builds; all before them was run")
    true = {one.obsid: one.spectrum.photon_index for one in observations(tmp_path)}
    fits = re.findall(r"^(\S+): index (\S+) \+- (\S+), flux .* chi2/dof (\S+)$", said, re.M)
    assert [obsid for obsid, *_ in fits] == written
    for obsid, index, error, rstat in fits:
        assert float(index) == pytest.approx(true[obsid], abs=5 * float(error))
        assert float(rstat) < 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("operator", ["6 of 6 already done", "the gzip file ends too early", "5 of 7 already done", "all whole"]),
        ("cluster", ["already done", "current"]),
    ],
)
def test_campaigns(tmp_path, page, words):
    said = run(tmp_path, page)
    assert [word for word in words if word not in said] == []
