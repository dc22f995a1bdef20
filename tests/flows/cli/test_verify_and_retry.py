"""``rossi verify`` and ``rossi retry``: what is damaged or failed is found in the store, and made good."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from astropy.io import fits

from flows.core.retry import read_known
from flows.core.settings import load_settings
from rossi.archive import ObsID
from rossi.fits.checksum import is_fits
from rossi.fits.unzip import gunzip
from rossi.simulate import simulate_archive
from services.contract import FailureKind, Outcome, StageResult
from services.execution.failures import record_failure
from services.query.stage import run_query
from services.storage import open_archive, open_store
from services.storage.inventory import status
from tests.flows.support import SLEWING, Archive, Rossi, product_files
from tests.once import simulated


@pytest.fixture(scope="module")
def asked(archive: Archive) -> tuple[str, ...]:
    """Two good observations, the damaged ones, and one without good time."""
    return (*archive.good[:2], *archive.damaged, SLEWING)


@pytest.fixture(scope="module")
def reduced(archive: Archive, asked: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Rossi:
    """These observations reduced into ``store``, from an archive in ``archive`` that may be changed."""
    folder = tmp_path_factory.mktemp("retry")
    for obsid in asked:
        shutil.copytree(archive.root / ObsID(obsid).path, folder / "archive" / ObsID(obsid).path)
    (folder / "rossi.toml").write_text(
        'archive = "archive"\nstore = "store"\n' + archive.config + 'executor = "inline"\n'
    )
    rossi = Rossi(folder, folder)
    assert rossi("reduce", *asked).returncode == 20
    return rossi


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive as it was before it was damaged."""
    return simulated(tmp_path_factory, 9, seed=3)[0]


def test_status_takes_the_store_as_its_argument(reduced: Rossi, archive: Archive) -> None:
    shown = reduced("status", "store").stdout
    assert all(obsid in shown for obsid in archive.damaged)


def test_a_sound_store(reduced: Rossi) -> None:
    done = reduced("verify", "store")
    assert (done.returncode, done.stderr) == (0, "")
    assert "all whole" in done.stdout


@pytest.mark.parametrize("command", ["verify", "retry"])
def test_a_store_of_another_name_is_not_taken_for_a_sound_one(reduced: Rossi, command: str) -> None:
    done = reduced(command, "stroe")
    assert done.returncode == 20
    assert done.stderr.startswith("stroe: ")
    assert "check --store and --prefix" in done.stderr


def test_products_are_right_for_other_programs(reduced: Rossi) -> None:
    """astropy accepts every HDU without a remark; so does CFITSIO's program where it is installed."""
    tool = shutil.which("fitsverify")
    looked = 0
    for path in product_files(reduced.folder / "store").values():
        data = path.read_bytes()
        assert is_fits(data, ""), path.name
        with fits.open(BytesIO(gunzip(data, path.name)), checksum=True) as hdus:
            hdus.verify("exception")
            assert all(hdu.header["CHECKSUM"] and hdu.header["DATASUM"] for hdu in hdus)
        if tool is not None:
            done = subprocess.run([tool, str(path)], capture_output=True, text=True, check=False)
            errors = [line for line in done.stdout.splitlines() if line.startswith("*** Error")]
            # How wide counts are shown that became real numbers in the background, as HEASoft writes it too.
            assert [line for line in errors if 'Format "I5" cannot be used for TFORM "1D"' not in line] == []
        looked += 1
    assert looked > 4


def test_damage_is_told_removed_and_made_again(reduced: Rossi, asked: tuple[str, ...], tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(reduced.folder / "store", store)
    before = {name: path.read_bytes() for name, path in product_files(store).items()}
    victims = [product_files(store)[name] for name in sorted(before)[:: max(1, len(before) // 3)]]
    for path in victims:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    found = reduced("verify", "--store", store)
    assert found.returncode == 20
    told = found.stdout.splitlines()
    assert len(told) == len(victims) + 1
    assert all(any(path.name in line for line in told) for path in victims)
    removed = reduced("verify", store, "--remove")
    assert "run the campaign again" in removed.stdout
    assert not any(path.exists() for path in victims)
    assert reduced("reduce", *asked, "--store", store).returncode == 20
    assert reduced("verify", store).returncode == 0
    assert product_files(store).keys() == before.keys()


def test_a_damaged_manifest_does_not_hide_the_others(reduced: Rossi, archive: Archive, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(reduced.folder / "store", store)
    manifest = min(store.glob(f"{archive.good[0]}/pca_extract/*/manifest.json"))
    manifest.write_bytes(manifest.read_bytes().replace(b"succeeded", b"succeedex"))
    shown = reduced("status", store)
    assert shown.returncode == 0
    assert f"{archive.good[0]} pca_extract: " in shown.stdout
    assert archive.good[1] in reduced("products", "--store", store).stdout


def test_what_a_campaign_asked_for_is_known(reduced: Rossi, archive: Archive, tmp_path: Path) -> None:
    shutil.copytree(reduced.folder / "store", tmp_path / "store")
    places = {"archive": str(reduced.folder / "archive"), "store": str(tmp_path / "store")}
    settings = load_settings(reduced.folder / "rossi.toml", places)
    store = open_store(settings.store)
    worklist, _ = run_query(settings.query, open_archive(settings.archive), store, settings.prefix)
    known = read_known(store, settings)
    assert known.asked == tuple(worklist.obsids)
    assert set(known.failed()) == set(archive.damaged)


def test_status_and_retry_agree_about_a_campaign_that_failed_at_its_start(tmp_path: Path) -> None:
    simulate_archive(tmp_path / "archive", observations=2)
    places = {"archive": str(tmp_path / "archive"), "store": str(tmp_path / "store")}
    settings = load_settings(None, places)
    store = open_store(settings.store)
    worklist, _ = run_query(settings.query, open_archive(settings.archive), store, settings.prefix)
    first = min(worklist.obsids)
    failure = StageResult(
        stage="pca_prep", obsid=first, outcome=Outcome.FAILED, kind=FailureKind.CONFIG, message="no model for this day"
    )
    record_failure(store, settings.prefix, failure)
    known = read_known(store, settings)
    failed = [one.obsid for one in status(store) if one.outcome is Outcome.FAILED]
    assert list(known.failed()) == failed == [first]
    (result,) = known.results
    assert result.message == "pca_prep: no model for this day"
    assert set(known.asked) == set(worklist.obsids)


def test_retry_runs_the_failures_alone(
    reduced: Rossi,
    archive: Archive,
    asked: tuple[str, ...],
    sound: Path,
    tmp_path: Path,
    prefect_url: tuple[str, Path],
) -> None:
    folder = reduced.folder
    url, auth = prefect_url
    retry = partial(replace(reduced, server=url, auth=auth), "retry", "store")
    first, second, third = archive.damaged
    nothing_repaired = retry("--strict")
    assert nothing_repaired.returncode == 20
    for obsid in (first, second):
        place = ObsID(obsid).path
        shutil.rmtree(folder / "archive" / place)
        shutil.copytree(sound / place, folder / "archive" / place)
    for obsid in archive.good[:2]:  # whoever looks at these does more than asked for
        shutil.rmtree(folder / "archive" / ObsID(obsid).path)
    done = retry("--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert third in done.stdout
    assert not any(obsid in done.stdout for obsid in (*archive.good[:2], SLEWING))
    for obsid in (*archive.good[:2], first, second):
        assert (tmp_path / "out/products" / obsid / f"{obsid}_ch5-10.lc").is_file()
    table = (tmp_path / "out/observations.ecsv").read_text()
    assert all(obsid in table for obsid in asked)
    shutil.rmtree(folder / "archive" / ObsID(third).path)
    shutil.copytree(sound / ObsID(third).path, folder / "archive" / ObsID(third).path)
    assert retry("--strict").returncode == 0
    assert "nothing to try again" in retry().stdout
