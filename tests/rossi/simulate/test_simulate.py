"""The simulated archive: readable by everybody, equal to its own truth, the same every time."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi.archive import FILE_PATTERNS, ObsID, parse_data_file
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits, read_fits
from rossi.simulate import (
    Truth,
    clock,
    simulate_archive,
    simulate_observation,
)
from rossi.simulate.archive import planned
from rossi.simulate.source import long_term
from rossi.simulate.targets import targets
from rossi.sources import Observations, group
from tests.real_files import COLUMNS_LAST, REAL, check_file, name_of, real_order
from tests.rossi.simulate.test_observation import spec


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """Return an archive of six observations and its truth."""
    root = tmp_path_factory.mktemp("archive")
    return root, simulate_archive(root)


def test_layout(archive: tuple[Path, Truth]) -> None:
    root, truth = archive
    assert truth == Truth.model_validate_json((root / "truth.json").read_text())
    told = json.loads((root / "truth.json").read_text())
    assert (told["seed"], told["version"]) == (1, 6)  # the version of what tests/golden/simulated.json holds
    assert len({o.epoch for o in truth.observations}) >= 4
    assert truth.observations[0].epoch == 3
    for observation in truth.observations:
        assert ObsID(observation.obsid).path == observation.path
        names = {p.relative_to(root / observation.path).as_posix() for p in (root / observation.path).rglob("*")}
        for kind, pattern in FILE_PATTERNS.items():
            found = [n for n in names if re.fullmatch(pattern, n)]
            expected = {
                "hexte_events": observation.hexte[0].event_files + observation.hexte[1].event_files,
                "fast": 0,  # only where they are asked for
            }
            assert len(found) == expected[kind] if kind in expected else found, pattern
        assert sum(n.startswith("pca/FS4a") for n in names) == observation.files
        assert sum(n.startswith("pca/FH5") for n in names) == 5
        assert sum(n.startswith("FI") for n in names) == 15
        indices = [n for n in names if n.startswith("FI")]
        assert all((root / observation.path / n).read_bytes()[:6] == b"SIMPLE" for n in indices)
    assert max(o.files for o in truth.observations) > 1


def test_every_file_opens_with_astropy_and_rossi(archive: tuple[Path, Truth]) -> None:
    root, truth = archive
    paths = [p for p in sorted((root / truth.observations[2].path).rglob("*")) if p.is_file()]
    assert {p.suffix for p in paths} == {"", ".gz"}
    for path in paths:
        assert path.read_bytes().startswith(b"\x1f\x8b" if path.suffix else b"SIMPLE"), path
        ours = read_fits(path)
        with fits.open(path, checksum=True) as theirs:
            theirs.verify("exception")
            assert [h.name for h in theirs[1:]] == [t.name for t in ours.tables]
            for hdu, table in zip(theirs[1:], ours.tables, strict=True):
                for name in hdu.columns.names:
                    mine, other = table.column(name), hdu.data[name]
                    if mine.dtype.kind == "f":
                        assert np.array_equal(mine, other, equal_nan=True), (path, name)
                    elif mine.dtype.kind != "U":
                        assert np.array_equal(mine, other.reshape(mine.shape)), (path, name)


def test_files_are_like_those_of_the_archive(archive: tuple[Path, Truth]) -> None:
    kinds = set()
    for path in files_with_tables(archive[0]):
        kinds |= {name_of(table) for table in check_file(path.read_bytes(), path.name).tables}
    assert kinds >= COLUMNS_LAST | {"GTI", "RATE", "STDGTI", "XTE_MKF", "HXTDEADCO", "PCA_BREAKDOWN_HIST"}


def test_keywords_are_in_the_order_of_real_files(archive: tuple[Path, Truth], shared: Path) -> None:
    for path in files_with_tables(archive[0]):
        for table in open_fits(path.read_bytes(), path.name).tables:
            if name_of(table) in REAL:
                real = real_order(shared / "data" / "real" / "headers", name_of(table))
                ours = list(dict.fromkeys(keyword for keyword in table.header if keyword in real))
                assert ours == [keyword for keyword in real if keyword in ours], (path, name_of(table))
                assert len(ours) > 15


def files_with_tables(root: Path) -> list[Path]:
    return [p for p in root.rglob("*") if p.is_file() and p.suffix not in {".json", ".toml", ".mdl"}]


def test_index_has_room_for_names_also_where_there_are_none(archive: tuple[Path, Truth]) -> None:
    """Real cells are as wide as a path, whether blank or not."""
    for path in archive[0].rglob("FI*"):
        table = read_fits(path).tables[0]
        assert {form for form in table.structure.forms if form.endswith("A")} == {"32A"}


def test_gain_is_not_corrected_in_the_standard_modes(archive: tuple[Path, Truth]) -> None:
    for path in archive[0].rglob("pca/FS*"):
        assert read_fits(path).tables[0].header["GAINAPP"] is False


def test_housekeeping_of_the_attitude_is_sampled_as_real_files_are(archive: tuple[Path, Truth]) -> None:
    """Every 8 s, but positions of earth, sun and moon every 32 s and the altitude every 64 s."""
    root, truth = archive
    for path in (root / truth.observations[2].path).glob("acs/FH*"):
        expected = {"FH14": 32, "FH18": 32, "FH15": 64}.get(path.name[:4], 8)
        table = read_fits(path).tables[0]
        time = table.column("Time")
        assert set(np.diff(time)) == {expected}, path
        assert (table.header["TSTART"], table.header["TSTOP"]) == (time[0], time[-1])


def test_names_tell_the_times_within(archive: tuple[Path, Truth]) -> None:
    root, truth = archive
    for path in (root / truth.observations[2].path).glob("pca/FS*"):
        name, header = parse_data_file(path.name), read_fits(path).tables[0].header
        assert name is not None
        assert (name.start, name.stop) == (header["TSTART"], header["TSTOP"])
        assert name.apid == header["APPID"]


def test_index_cells_name_existing_files(archive: tuple[Path, Truth]) -> None:
    root, truth = archive
    named = 0
    for observation in truth.observations:
        directory = root / observation.path
        master = read_fits(directory / "FMI").table("XTE_MI")
        cells = [c for c in master.infos if c.endswith("_INDEX_FILE")]
        assert len(cells) == 15 and len(master.infos) == 24
        assert master.column("ObsId")[0] == observation.obsid
        for cell in cells:
            index = read_fits(directory / str(master.column(cell)[0])).table("XTE_SI")
            if cell == "PCA_INDEX_FILE":  # eight analysers, five detectors
                wanted = {*(f"EA{n}DATA" for n in range(1, 9)), *(f"PCU{n}HK" for n in range(5))}
                assert {name.upper() for name in index.infos} == wanted | {"OBSID", "STARTMET", "STOPMET"}
            for column in (i.name for i in index.infos.values() if i.code == "A" and i.name != "ObsID"):
                for path in filter(None, index.column(column)):
                    read_fits(directory / str(path))
                    named += 1
    assert named > 100


def test_the_earth_makes_gaps(archive: tuple[Path, Truth]) -> None:
    root, truth = archive
    observation = truth.observations[2]
    (path,) = (root / observation.path).glob("stdprod/x4*.xfl.gz")
    table = read_fits(path).tables[0]
    time, elv, offset = (table.column(c) for c in ("Time", "ELV", "OFFSET"))
    assert elv.min() < -3 and elv.max() > 10
    assert offset[1] > 0.1 and (offset[-10:] < 1e-3).all()
    files = sorted((root / observation.path).glob("pca/FS4a*"))
    rows = np.concatenate([read_fits(p).tables[0].column("Time") for p in files])
    assert np.interp(rows, time, elv).min() > -4
    good = 16.0 * ((elv > 4) & (offset < 0.1)).sum()
    assert abs(good - observation.good_time) <= 48


def digest(root: Path) -> dict[str, str]:
    """Return the sha256 of every file."""
    paths = (p for p in root.rglob("*") if p.is_file())
    return {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def test_same_arguments_same_bytes_and_more_only_adds(tmp_path: Path, archive: tuple[Path, Truth]) -> None:
    seen: list[ObsID] = []
    simulate_archive(tmp_path / "a", 3, 1, seen.append)
    again, whole = digest(tmp_path / "a"), digest(archive[0])
    again.pop("truth.json")
    assert again == {path: sha for path, sha in whole.items() if path in again}
    assert len(again) > 90
    assert [str(obsid) for obsid in seen] == [o.obsid for o in archive[1].observations[:3]]
    simulate_archive(tmp_path / "b", 1, 2)
    other = digest(tmp_path / "b")
    calibration = {path for path in other if path.startswith("calibration/")}
    assert calibration
    assert {path for path, sha in other.items() if sha in again.values()} == calibration
    simulate_archive(tmp_path / "b", 1, 2)  # into the folder where it is
    assert digest(tmp_path / "b") == other


def test_too_bright_and_too_few(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="overflows"):
        simulate_observation(spec(flux=1e6, photon_index=8.0, nh=0.0))
    with pytest.raises(ConfigError, match="at least one"):
        simulate_archive(tmp_path, 0)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file is no folder for an archive"):
        simulate_archive(tmp_path / "file", 1)
    with pytest.raises(ConfigError, match="100 simulated sources: 1 to 99 were expected"):
        simulate_archive(tmp_path, 1, sources=100)


def test_several_sources_with_awkward_names() -> None:
    every = targets(5)
    assert targets(99)[:5] == every
    models = [long_term(1, which) for which in range(5)]
    specs = [planned(1, number, models[number % 5], every) for number in range(40)]
    assert len({spec.obsid for spec in specs}) == 40
    assert planned(1, 0, long_term(1)) == planned(1, 0, long_term(1), targets(1))
    assert {spec.target for spec in specs[::5]} == {"SIM X-1", "SIM_X-1", "sim x-1", "SIMX-1", "V1 SIM"}
    assert [spec.target for spec in specs[:5]] == ["SIM X-1", "SIM GC-1", "SIM GC-2", "4U 0001+12/SIM (B)*", "SIM X-1"]
    # Grouping finds them: one place under two names, one name at two places, two 0.3 deg apart.
    columns = (
        [getattr(spec, name) for spec in specs] for name in ("obsid", "target", "ra", "dec", "start", "duration")
    )
    obsids, names, *numbers = columns
    found = group(Observations(list(map(str, obsids)), names, *(np.array(one, float) for one in numbers)))
    assert sorted({tuple(set(rows % 5)) for rows in found.members().values()}) == [(0,), (1,), (2,), (3,), (4,)]
    assert len(found.sources) == 5


def test_observations_differ_as_those_of_the_mission_do() -> None:
    specs = [planned(1, number, long_term(1)) for number in range(40)]
    for number, told in enumerate(specs):
        on = {one.pcu: one.on for one in told.pcus}
        assert told.gaps == (((400, 544),) if number % 4 == 3 else ())
        assert clock.epoch(told.start) <= 3 or {0, 2} <= set(on)
        if number % 5 == 1:  # one is switched on halfway
            assert on[3] % 16 == 0 and abs(on[3] - told.duration / 2) < 16
    assert {clock.epoch(one.start) for one in specs} == {1, 2, 3, 4, 5}


def test_an_archive_of_several_sources(tmp_path: Path) -> None:
    made = simulate_archive(tmp_path / "a", 2, sources=2)
    assert [(source.names[0], source.ra, source.dec) for source in made.sources] == [
        ("SIM X-1", 245.0, 25.0),
        ("SIM GC-1", 266.4, -29.0),
    ]
    assert [observation.target for observation in made.observations] == ["SIM X-1", "SIM GC-1"]
    assert [observation.obsid[5:9] for observation in made.observations] == ["-01-", "-02-"]
    (path,) = (tmp_path / "a" / made.observations[1].path).glob("pca/FS4a*")
    header = read_fits(path).tables[0].header
    assert [header[name] for name in ("OBJECT", "RA_OBJ", "DEC_OBJ")] == ["SIM GC-1", 266.4, -29.0]
    for observations, seed, sources in ((2, 1, 1), (2, 1, 3), (2, 2, 2), (1, 1, 2)):
        with pytest.raises(
            ConfigError, match="a holds 2 observations of 2 sources simulated with seed 1; name another"
        ):
            simulate_archive(tmp_path / "a", observations, seed, sources=sources)
