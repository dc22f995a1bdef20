"""Find, fetch and reduce observations of an archive elsewhere, as a user does."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tomlkit
from astropy.io import fits
from astropy.table import Table

from flows.core.executor import Inline
from flows.core.export import export_campaign
from flows.core.result import CampaignResult
from flows.core.run import run
from flows.core.selection import everything
from flows.core.settings import load_settings
from flows.core.watcher import Watcher
from rossi.archive import ObsID
from rossi.errors import ConfigError
from rossi.met import met_to_mjd
from rossi.simulate import ObservationSpec, orbit, simulate_observation
from services.contract import Outcome
from services.storage import open_store
from tests.conftest import LONG
from tests.flows.support import Rossi
from tests.servers.rows import ETA_CAR, accepted
from tests.servers.tap import Behaviour, TapServer, serving
from tests.servers.web import Faults, WebServer

#: In the catalogue, and how many of them the archive lacks.
ASKED, MISSING = (40, 3) if LONG else (10, 1)
#: Of each [s].
LENGTH = 320
SOURCE = ObservationSpec(ObsID("20402-01-00-00"), 100_000_000)


@dataclass(frozen=True)
class Elsewhere:
    """A catalogue and an archive that can be asked over a network."""

    tap: TapServer
    web: WebServer
    there: tuple[str, ...]
    missing: tuple[str, ...]


def visible(after: int) -> int:
    """Return when the source is in view for long enough, a multiple of 16 s."""
    time = np.arange(after, after + 6000, 16)
    up = orbit.elevation(time, orbit.unit(SOURCE.ra, SOURCE.dec)) > 10.0
    return next(int(time[n]) for n in range(len(time) - LENGTH // 16) if up[n : n + LENGTH // 16].all())


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Short observations of one source on a web server, and a catalogue that has some more."""
    root = tmp_path_factory.mktemp("elsewhere")
    rows, obsids = [], [f"20402-01-{n:02d}-00" for n in range(ASKED)]
    for number, obsid in enumerate(obsids):
        start = visible(100_000_000 + 16 * 40_000 * number)
        rows.append(
            {
                "target_name": "ETA_CAR",
                "cycle": 2,
                "prnb": 20402,
                "obsid": obsid,
                "time": round(float(met_to_mjd(start)), 5),
                "exposure": float(LENGTH),
                "ra": ETA_CAR[0],
                "dec": ETA_CAR[1],
            }
        )
        if number % 13 == 5:
            continue
        spec = ObservationSpec(ObsID(obsid), start, LENGTH, target="ETA_CAR", entropy=(number,))
        for name, data in simulate_observation(spec).items():
            path = root / spec.obsid.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (root / ObsID(obsids[0]).path / "pca/GX_unneeded.gz").write_bytes(bytes(1_000_000))
    missing = tuple(obsid for n, obsid in enumerate(obsids) if n % 13 == 5)
    assert len(missing) == MISSING
    with serving(TapServer([*rows, accepted()])) as tap, serving(WebServer(root)) as web:
        yield Elsewhere(tap, web, tuple(sorted(set(obsids) - set(missing))), missing)


@pytest.fixture
def rossi(tmp_path: Path, elsewhere: Elsewhere) -> Rossi:
    """The command, in a folder with a configuration for these."""
    elsewhere.tap.behaviour, elsewhere.web.faults = Behaviour(), Faults()
    settings = {
        "archive": elsewhere.web.url,
        "cache": {"folder": str(tmp_path / "cache")},
        "query": {"service": elsewhere.tap.url, "resolver": f"{elsewhere.tap.root}/sesame/"},
        "pca_prep": {"filter_file": "archive", "background": "none"},
        "campaign": {"instruments": ["pca"]},
    }
    (tmp_path / "rossi.toml").write_text(tomlkit.dumps(settings))
    return Rossi(tmp_path, tmp_path / "prefect")


def test_query_of_a_name(rossi: Rossi, elsewhere: Elsewhere) -> None:
    done = rossi("query", "Eta Car", "--radius", "0.1deg", "--out", "list", "--store", "store")
    assert done.returncode == 0, done.stderr
    assert f"Observations: {ASKED}, exposure: {ASKED * LENGTH / 1000:.1f} ks" in done.stdout
    assert "1 without an ObsID" in done.stderr
    table = Table.read(rossi.folder / "list/observations.ecsv")
    assert sorted(table["obsid"]) == sorted((*elsewhere.there, *elsewhere.missing))
    assert (rossi.folder / "list/exposure.png").read_bytes().startswith(b"\x89PNG")
    assert (rossi.folder / "list/observations.parquet").read_bytes().startswith(b"PAR1")
    assert len(list((rossi.folder / "store/query").glob("*/manifest.json"))) == 1


def test_query_of_everything(rossi: Rossi) -> None:
    done = rossi("query", "--all")
    assert done.returncode == 0, done.stderr
    assert len(Table.read(io.BytesIO(done.stdout.encode()), format="ascii.ecsv")) == ASKED
    done = rossi("query")
    assert done.returncode == 21
    assert "Which observations?" in done.stderr


def test_query_of_sources(rossi: Rossi) -> None:
    done = rossi("query", "--all", "--group")
    assert done.returncode == 0, done.stderr
    table = Table.read(io.BytesIO(done.stdout.encode()), format="ascii.ecsv")
    assert f"Observations: {ASKED}, " in done.stderr
    assert f", sources: {len(table)}\n" in done.stderr
    assert sum(table["observations"]) == ASKED
    named = rossi("query", "Eta Car", "--group", "--out", "sources")
    assert named.returncode == 0, named.stderr
    assert f"Observations: {ASKED}, exposure: {ASKED * LENGTH / 1000:.1f} ks, sources: 1\n" in named.stdout
    (row,) = Table.read(rossi.folder / "sources/sources.ecsv")
    assert (row["name"], row["slug"], row["observations"], row["exposure"]) == (
        "Eta Car",
        "eta-car",
        ASKED,
        ASKED * LENGTH,
    )
    assert (row["ra"], row["dec"]) == pytest.approx((161.265, -59.685), abs=0.1)
    assert (rossi.folder / "sources/sources.parquet").read_bytes().startswith(b"PAR1")


def test_query_of_a_position(rossi: Rossi) -> None:
    done = rossi("query", "--ra", "10:45:03.6", "--dec", "-59:41:04", "--start", "1997-04-01")
    assert done.returncode == 0, done.stderr
    assert 0 < len(Table.read(io.BytesIO(done.stdout.encode()), format="ascii.ecsv")) < ASKED


def test_catalogue(rossi: Rossi) -> None:
    assert rossi("catalogue", "tables").stdout == "xtemaster                XTE Master Catalog.\n"
    assert "Right ascension." in rossi("catalogue", "columns", "xtemaster").stdout
    done = rossi("catalogue", "columns", "nothing")
    assert done.returncode == 21
    assert "no table 'nothing'" in done.stderr


def test_fetch(rossi: Rossi, elsewhere: Elsewhere) -> None:
    one, gone = elsewhere.there[0], elsewhere.missing[0]
    listed = rossi("fetch", one, "--list")
    assert listed.returncode == 0, listed.stderr
    assert "pca/FS4a_" in listed.stdout
    assert "unneeded" not in listed.stdout
    done = rossi("fetch", one, gone, "--out", "copy")
    assert done.returncode == 20
    assert f"{gone}/ is not in the archive" in done.stderr
    fetched = [path for path in (rossi.folder / "copy").glob("AO*/**/*") if path.is_file()]
    assert f"{len(fetched)} files fetched" in done.stdout
    for path in fetched:
        assert path.read_bytes() == (elsewhere.web.root / path.relative_to(rossi.folder / "copy")).read_bytes()
    assert "0 files fetched (0 B transferred)" in rossi("fetch", one, "--out", "copy").stdout
    fetched[0].write_bytes(bytes(len(fetched[0].read_bytes())))  # damage keeps the size
    assert "1 file fetched" in rossi("fetch", one, "--out", "copy").stdout
    assert fetched[0].read_bytes() == (elsewhere.web.root / fetched[0].relative_to(rossi.folder / "copy")).read_bytes()
    assert rossi("fetch", one, "--archive", "copy", "--list").stdout == listed.stdout


def test_fetch_of_a_list(rossi: Rossi, elsewhere: Elsewhere) -> None:
    """Those that fail are named, the rest comes, and a log file is told how far it is."""
    absent = {*elsewhere.missing, *(f"20402-02-{n:02d}-00" for n in range(10))}
    (rossi.folder / "list.txt").write_text("\n".join([*elsewhere.there, *absent] * 2))
    done = rossi("fetch", "--worklist", "list.txt", "--out", "copy")
    assert done.returncode == 20
    assert {line.partition(":")[0] for line in done.stderr.splitlines() if "is not in the archive" in line} == absent
    asked = ASKED + 10
    assert f"Fetching: {asked // 10} of {asked}\n" in done.stderr
    assert f"Observations: {ASKED - MISSING}; files that are needed" in done.stdout


def test_standard_products(rossi: Rossi, elsewhere: Elsewhere) -> None:
    obsid = ObsID(elsewhere.there[3])
    broken = f"{obsid.path}stdprod/xp{obsid.stem}_n2a.lc.gz"
    elsewhere.web.faults.other[broken] = b"not what the listing says"
    done = rossi("stdprod", "--target", "eta car", "--band", "n2a", "--band", "n0e", "--out", "eta")
    assert done.returncode == 0, done.stderr
    assert f"n2a: found {ASKED - MISSING} of {ASKED}" in done.stdout
    assert f"n0e: found 0 of {ASKED}" in done.stdout
    assert f"{broken}: 25 bytes arrived" in done.stderr
    out = rossi.folder / "eta"
    with fits.open(out / "eta-car-standard-products_n2a.lc") as joined:
        time = joined["RATE"].data["TIME"]
        assert np.all(np.diff(time) > 0)
        assert len(joined["OBSERVATIONS"].data) == ASKED - MISSING - 1
    assert (out / "eta-car-standard-products_n2a.png").is_file()
    assert (out / "report.html").is_file()


def test_standard_products_of_a_list(rossi: Rossi, elsewhere: Elsewhere) -> None:
    (rossi.folder / "mine.txt").write_text("\n".join(elsewhere.there[:2]))
    done = rossi("stdprod", "--worklist", "mine.txt")
    assert done.returncode == 0, done.stderr
    assert "n2a: found 2 of 2" in done.stdout
    done = rossi("stdprod", "--worklist", "mine.txt", "--band", "n1e")
    assert done.returncode == 20
    assert "None of the observations" in done.stderr
    assert rossi("stdprod", "--worklist", "mine.txt", "--band", "x1").returncode == 21


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("query", "No Such Star"), 21, "is not known to Sesame"),
        (("query", "--ra", "10", "--dec", "north"), 21, "declination 'north' can't be read"),
        (("query", "--adql", "SELECT nonsense"), 21, "finds fault with the query"),
        (("stdprod", "--ra", "1", "--dec", "1"), 20, "No observation matches"),
        (("fetch", "--out", "x", "--worklist", "none.txt"), 20, "none.txt"),
    ],
)
def test_what_makes_no_sense(rossi: Rossi, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = rossi(*arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_service_down(rossi: Rossi, elsewhere: Elsewhere) -> None:
    elsewhere.tap.behaviour.unavailable = -1
    done = rossi("query", "--all")
    assert done.returncode == 1
    assert "down or busy (it answers 503)" in done.stderr


def reduce_all(rossi: Rossi, **query: str) -> CampaignResult:
    """What `rossi campaign` does, without Prefect."""
    settings = load_settings(rossi.folder / "rossi.toml", {"store": str(rossi.folder / "store"), "query": query})
    return run(settings, everything, Inline(settings), Watcher())


def test_a_campaign_of_an_archive_elsewhere_is_of_something(rossi: Rossi) -> None:
    with pytest.raises(ConfigError, match="Which observations"):
        reduce_all(rossi)


@pytest.mark.usefixtures("without_figures")
def test_a_campaign_with_some_missing(rossi: Rossi, elsewhere: Elsewhere) -> None:
    """Each that is there is reduced, the others are explained, and only what is needed is fetched."""
    elsewhere.web.log.clear()
    result = reduce_all(rossi, name="Eta Car")
    export_campaign(open_store(str(rossi.folder / "store")), result, rossi.folder / "out")
    assert (rossi.folder / "out/report.html").is_file()
    table = Table.read(rossi.folder / "out/observations.ecsv")
    assert sorted(table["obsid"][table["outcome"] == "succeeded"]) == list(elsewhere.there)
    failed = table[table["outcome"] == "failed"]
    assert sorted(failed["obsid"]) == sorted(elsewhere.missing)
    assert all("is not in the archive" in remark for remark in failed["remarks"])
    said = {one.obsid: one.message for one in result.results if one.outcome is Outcome.FAILED}
    assert all(f"{obsid}/ is not in the archive" in said[obsid] for obsid in elsewhere.missing)
    fetched = {line.split()[1] for line in elsewhere.web.log if line.startswith("GET") and "/pca/F" in line}
    assert len(fetched) >= len(elsewhere.there)
    assert not any("FS46" in name or "unneeded" in name for name in fetched)
