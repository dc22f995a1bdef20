"""What is missing is told in one sentence, before anything is computed."""

import subprocess
import sys
from pathlib import Path

import pytest
from astropy.io import fits

from rossi.errors import ConfigError
from services.calibration.config import Role
from services.contract.engine import EngineName
from services.engines import ENGINES
from services.engines.heasoft.preflight import TASKS, check_caldb, installed
from services.execution.stages import STAGES

ROOT = Path(__file__).resolve().parents[4]


def sentence(found):
    text = str(found.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_without_heasoftpy(monkeypatch):
    monkeypatch.delenv("HEADAS", raising=False)
    with pytest.raises(ConfigError) as found:
        ENGINES[EngineName.HEASOFT].versions("pca_prep")
    text = sentence(found)
    assert "needs heasoftpy, which is not on the package index but comes with HEASoft" in text
    assert "headas-init.sh" in text
    assert "engine = 'native'" in text


def test_the_native_engine_needs_nothing(monkeypatch):
    monkeypatch.delenv("HEADAS", raising=False)
    assert ENGINES[EngineName.NATIVE].versions("pca_prep") == {}


def test_without_heasoft(headas, monkeypatch):
    for value in (None, str(headas.folder / "nowhere")):
        if value is None:
            monkeypatch.delenv("HEADAS")
        else:
            monkeypatch.setenv("HEADAS", value)
        with pytest.raises(ConfigError) as found:
            installed("pca_prep")
        assert "HEADAS is" in sentence(found)


@pytest.mark.parametrize(("version", "known"), [("1.3", True), ("1.4.1", True), ("1.5dev2", True), ("1.2.1", False)])
def test_versions_of_heasoftpy(headas, version, known):
    headas.plan(version)
    if known:
        assert installed("pca_prep").versions == {"heasoft": "6.33.2", "heasoftpy": version}
        return
    with pytest.raises(ConfigError) as found:
        installed("pca_prep")
    assert f"heasoftpy {version}" in sentence(found)
    assert "1.3 to 1.5" in str(found.value)


def test_version_of_heatools_is_not_heasofts(headas):
    """ftversion tells it, and is not asked, not even where fversion says nothing."""
    (headas.folder / "bin" / "fversion").unlink()
    assert installed("pca_prep").versions == {"heasoft": "unknown", "heasoftpy": "1.4"}


@pytest.mark.parametrize("version", ["1.6", "2.0", "unknown"])
def test_versions_that_are_not_known_yet(headas, version):
    headas.plan(version)
    with pytest.raises(ConfigError, match="is not known here"):
        installed("pca_prep")


def test_a_heasoftpy_that_can_not_be_imported(headas):
    headas.plan(**{"import": "fails"})
    with pytest.raises(ConfigError, match="heasoftpy can't be imported: RuntimeError: cannot initialize"):
        installed("pca_prep")


def test_tasks_that_were_not_installed(headas):
    (headas.folder / "bin" / "pcaextlc2").unlink()
    assert installed("pca_prep").heasoft == "6.33.2"
    with pytest.raises(ConfigError) as found:
        installed("pca_extract")
    assert "has no pcaextlc2; install it with the tasks of RXTE" in sentence(found)


def test_every_stage_has_its_tasks():
    assert set(TASKS) == set(STAGES)


@pytest.fixture
def caldb(tmp_path, monkeypatch):
    """A CALDB with everything that PCA needs."""
    root = tmp_path / "caldb"
    (root / "software").mkdir(parents=True)
    for variable in ("CALDBCONFIG", "CALDBALIAS"):
        (root / "software" / variable).write_text("x")
        monkeypatch.setenv(variable, str(root / "software" / variable))
    monkeypatch.setenv("CALDB", str(root))
    rows = [
        ("PCA_BKGD_MODEL", "NONE"),
        ("PCA_SAA_HIST_DATA", "NONE"),
        ("STDGTI", "ALL"),
        ("PCA_BREAKDOWN_HIST", "NONE"),
    ]
    texts = {
        "TELESCOP": ["XTE"] * 4,
        "INSTRUME": ["PCA"] * 4,
        "DETNAM": [detector for _, detector in rows],
        "FILTER": ["NONE"] * 4,
        "CAL_DIR": ["data/xte/pca/bcf"] * 4,
        "CAL_FILE": [f"{name.lower()}.fits" for name, _ in rows],
        "CAL_CNAM": [name for name, _ in rows],
        "CAL_CBD": ["NONE"] * 4,
    }
    columns = [fits.Column(name, "70A" if name == "CAL_CBD" else "40A", array=values) for name, values in texts.items()]
    columns += [fits.Column("CAL_XNO", "I", array=[1] * 4), fits.Column("REF_TIME", "D", array=[50000.0] * 4)]
    columns += [fits.Column("CAL_QUAL", "I", array=[0] * 4)]
    folder = root / "data/xte/pca"
    (folder / "bcf").mkdir(parents=True)
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="CIF")]).writeto(folder / "caldb.indx")
    for name in texts["CAL_FILE"]:
        (folder / "bcf" / name).write_bytes(b"x")
    return root


PCA = (Role.MODEL, Role.SAA, Role.BREAKDOWN, Role.BREAKDOWN_HISTORY)


def test_a_whole_caldb(caldb):
    assert check_caldb(PCA) == str(caldb)


def test_what_a_caldb_lacks_is_named(caldb, monkeypatch):
    with pytest.raises(ConfigError, match=r"hexte/caldb\.indx: the CALDB has no such index"):
        check_caldb((Role.DEAD_TIME_A,))
    (caldb / "data/xte/pca/bcf/stdgti.fits").unlink()
    with pytest.raises(ConfigError, match=r"list of times without breakdown .*stdgti\.fits is in the index but not"):
        check_caldb(PCA)
    with fits.open(caldb / "data/xte/pca/caldb.indx", mode="update") as index:
        index[1].data["CAL_QUAL"][0] = 5
    with pytest.raises(ConfigError, match=r"there is no background model \(PCA_BKGD_MODEL\); update the CALDB"):
        check_caldb(PCA)
    monkeypatch.setenv("CALDBCONFIG", "/nowhere")
    with pytest.raises(ConfigError, match="CALDBCONFIG is '/nowhere', where there is no file"):
        check_caldb(PCA)
    monkeypatch.delenv("CALDB")
    with pytest.raises(ConfigError, match="CALDB is not set"):
        check_caldb(PCA)


def run_module():
    command = [sys.executable, "-m", "services.engines.heasoft"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_tells_what_was_found(headas, caldb):
    done = run_module()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        f"HEASoft 6.33.2 in {headas.folder}",
        f"heasoftpy 1.4 in {headas.folder / 'lib'}",
    ]
    assert "with calibration files (or a CALDB) named in [calibration]" in done.stdout


def test_the_command_tells_what_is_missing(monkeypatch):
    monkeypatch.delenv("HEADAS", raising=False)
    done = run_module()
    assert (done.returncode, done.stdout) == (21, "")
    assert "needs heasoftpy" in done.stderr
