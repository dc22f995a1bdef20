import gzip
import hashlib
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import boto3
import numpy as np
import pytest

from rossi.calibration import calendar_mjd
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.pca.background.model import read_model
from rossi.simulate.calibration import PCA_COLLIMATOR_FILES, breakdown_history, calibration_files
from rossi.simulate.hexte.calibration import CLUSTERS, dead_time_coefficients
from services.calibration import CalibrationConfig, Role, check_calibration, find_calibration
from services.calibration.fetch import FileCache, fetch, join, zipped
from services.calibration.find import INDEX as INDICES
from services.calibration.find import PCA_ROLES
from services.execution.inputs import _without
from services.storage import StoreError, open_store
from services.storage.web import _RETRY
from tests.rossi.pca.background.material import component, flat, model_bytes

#: CAL_FILE, DETNAM, CAL_CNAM, CAL_XNO, REF_TIME

INDEX = INDICES.format("pca")
ROWS = [
    ("m.mdl", "PCU0", "PCA_BKGD_MODEL", 0, 50000.0),
    ("m.mdl", "PCU1", "PCA_BKGD_MODEL", 2, 50000.0),
    ("other.mdl", "PCU2", "PCA_BKGD_MODEL", 0, 50000.0),
    ("saa.fits", "ALL", "PCA_SAA_HIST_DATA", 1, 50000.0),
    ("saa2.fits", "ALL", "PCA_SAA_HIST_DATA", 1, 52000.0),
    ("gti.fits", "ALL", "STDGTI", 2, 50000.0),
    ("history.fits", "ALL", "PCA_BREAKDOWN_HIST", 1, 50000.0),
]
HISTORY = breakdown_history()
SAA = fits_bytes(primary_hdu(), [table_hdu("SAA", [(Column("TIME", "D"), [0.0]), (Column("DOSE", "D"), [1.0])])])
OTHERS = {"saa.fits": SAA, "gti.fits": HISTORY, "history.fits": HISTORY}
MODEL = model_bytes(*(component(flat(level)[0]) for level in (1, 2, 3)))


def index():
    texts = {
        "TELESCOP": ["XTE"] * len(ROWS),
        "INSTRUME": ["PCA"] * len(ROWS),
        "DETNAM": [row[1] for row in ROWS],
        "FILTER": ["NONE"] * len(ROWS),
        "CAL_DIR": ["data/xte/pca/bcf"] * len(ROWS),
        "CAL_FILE": [row[0] for row in ROWS],
        "CAL_CNAM": [row[2] for row in ROWS],
        "CAL_CBD": ["NONE"] * len(ROWS),
    }
    columns = [(Column(name, "40A"), np.array(values)) for name, values in texts.items()]
    columns += [(Column("CAL_XNO", "I"), [row[3] for row in ROWS]), (Column("CAL_QUAL", "I"), [0] * len(ROWS))]
    columns += [(Column("REF_TIME", "D"), [row[4] for row in ROWS])]
    return fits_bytes(primary_hdu(), [table_hdu("CIF", columns)])


def contents():
    """A small CALDB: path to content. The second model is there only as .gz."""
    folder = "data/xte/pca/bcf/"
    files = {INDEX: index(), folder + "m.mdl": MODEL, folder + "other.mdl.gz": gzip.compress(MODEL, mtime=0)}
    return files | {folder + name: data for name, data in OTHERS.items()}


def lay_out(root):
    for path, data in contents().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return str(root)


class Pages:
    """Files of a web server, what was asked of it, and how it answers."""

    def __init__(self):
        self.files, self.asked, self.status = contents(), [], 200


class Handler(BaseHTTPRequestHandler):
    def __init__(self, pages, *args):
        self.pages = pages
        super().__init__(*args)

    def do_GET(self):
        path = urlsplit(self.path).path.removeprefix("/caldb/")
        self.pages.asked.append(path)
        data = self.pages.files.get(path)
        status = self.pages.status if self.pages.status != 200 else 200 if data is not None else 404
        self.send_response(status)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write((data or b"") if status == 200 else b"")

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    pages = Pages()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, pages))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    pages.url = f"http://127.0.0.1:{server.server_address[1]}/caldb"
    yield pages
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path):
    return lay_out(tmp_path / "caldb")


@pytest.fixture(params=["folder", "web", "s3"])
def root(request, tmp_path):
    """The same CALDB in a folder, on a web server, in a bucket."""
    if request.param == "folder":
        return request.getfixturevalue("folder")
    if request.param == "web":
        return request.getfixturevalue("web").url + "/"
    request.getfixturevalue("credentials")
    endpoint = request.getfixturevalue("moto_endpoint")
    bucket = f"caldb-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=bucket)
    url = f"s3://{bucket}/some/caldb?endpoint={endpoint}"
    for path, data in contents().items():
        open_store(url).put(path, data)
    return url


def config(tmp_path, **values):
    return CalibrationConfig(cache=str(tmp_path / "cache"), **values)


def test_the_caldb_of_the_environment(tmp_path, root, monkeypatch):
    monkeypatch.setenv("CALDB", str(root))
    found, named = (find_calibration(config(tmp_path, caldb=text), 51000.0) for text in ("$CALDB", root))
    assert found == named


def test_everything_from_a_caldb(tmp_path, root):
    found = find_calibration(config(tmp_path, caldb=root), 51000.0)
    assert list(found) == list(PCA_ROLES)
    models = found[Role.MODEL]
    assert [(file.name, file.extensions) for file in models] == [("m.mdl", (0, 2)), ("other.mdl.gz", (0,))]
    assert models[1].data == gzip.compress(MODEL, mtime=0)
    assert [file.sha256 for file in models] == [hashlib.sha256(file.data).hexdigest() for file in models]
    assert {role: found[role][0].data for role in PCA_ROLES if role is not Role.MODEL} == {
        **{Role.SAA: SAA, Role.BREAKDOWN: HISTORY},
        Role.BREAKDOWN_HISTORY: HISTORY,
    }


def test_hexte_has_an_index_of_its_own(tmp_path, folder):
    hexte = INDICES.format("hexte")
    texts = {"CAL_DEV": "ONLINE", "TELESCOP": "XTE", "INSTRUME": "HEXTE", "FILTER": "NONE", "CAL_CBD": "NONE"}
    texts |= {"CAL_DIR": "data/xte/hexte/bcf", "CAL_CNAM": "HKCONV"}
    columns = [(Column(name, "40A"), np.array([text] * 2)) for name, text in texts.items()]
    columns += [(Column("DETNAM", "40A"), np.array(["PWA", "PWB"])), (Column("CAL_FILE", "40A"), np.array(["a", "b"]))]
    columns += [
        (Column("CAL_XNO", "I"), [1, 1]),
        (Column("CAL_QUAL", "I"), [0, 0]),
        (Column("REF_TIME", "D"), [50082.0] * 2),
    ]
    files = {
        hexte: fits_bytes(primary_hdu(), [table_hdu("CIF", columns)]),
        "data/xte/hexte/bcf/a": (a := dead_time_coefficients(CLUSTERS[0])),
        "data/xte/hexte/bcf/b": (b := dead_time_coefficients(CLUSTERS[1])),
    }
    for path, data in files.items():
        (tmp_path / "root" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / path).write_bytes(data)
    roles = (Role.DEAD_TIME_A, Role.DEAD_TIME_B)
    found = find_calibration(config(tmp_path, caldb=str(tmp_path / "root")), 51000.0, roles)
    assert [found[role][0].data for role in roles] == [a, b]
    with pytest.raises(ConfigError, match="no background correction of HEXTE's cluster A"):
        find_calibration(config(tmp_path, caldb=str(tmp_path / "root"), background_a=""), 51000.0, [Role.BACKGROUND_A])
    with pytest.raises(ConfigError, match="instruments = "):
        find_calibration(config(tmp_path), 51000.0, roles)


def test_given_files_go_first_and_none_does_without(tmp_path, folder):
    own = tmp_path / "own.fits"
    own.write_bytes(HISTORY)
    settings = config(
        tmp_path, caldb=folder, saa="none", breakdown=str(own), model=(f"{folder}/data/xte/pca/bcf/m.mdl",)
    )
    found = find_calibration(settings, 51000.0)
    assert Role.SAA not in found
    assert found[Role.MODEL][0].extensions == ()
    assert found[Role.BREAKDOWN][0].data == found[Role.BREAKDOWN_HISTORY][0].data == HISTORY
    assert found[Role.BREAKDOWN][0].name == "own.fits"
    other = config(tmp_path, caldb=folder, breakdown="NONE", breakdown_history=str(own))
    assert list(find_calibration(other, 51000.0, [Role.BREAKDOWN, Role.BREAKDOWN_HISTORY])) == [Role.BREAKDOWN_HISTORY]


def test_only_what_is_needed(tmp_path, folder):
    assert list(find_calibration(config(tmp_path, caldb=folder), 51000.0, [Role.SAA])) == [Role.SAA]


@pytest.mark.parametrize(
    ("values", "start", "message"),
    [
        ({}, 51000.0, "no background model is given; set model to a file or URL, or caldb"),
        ({"caldb": "nowhere"}, 51000.0, "the CALDB has no index there"),
        ({"caldb": "{folder}"}, 40000.0, r"no background model \(PCA_BKGD_MODEL\) for MJD 40000"),
        ({"caldb": "{folder}"}, 52000.0, r"saa2.fits: this history of SAA passages is missing \(and there is no saa2"),
        ({"model": ("gone.mdl",)}, 51000.0, "gone.mdl: this background model is missing"),
        ({"model": ("ftp://host/m.mdl",)}, 51000.0, "can't be read from ftp://"),
    ],
)
def test_what_is_missing_is_named(tmp_path, folder, values, start, message):
    values = {k: v.format(folder=folder) if isinstance(v, str) else v for k, v in values.items()}
    with pytest.raises(ConfigError, match=message):
        find_calibration(config(tmp_path, **values), start)


def test_remote_files_are_fetched_once(tmp_path, web):
    settings = config(tmp_path, caldb=web.url)
    first = find_calibration(settings, 51000.0)
    find_calibration(settings, 50500.0)
    assert len(web.asked) == len(set(web.asked)) == 7  # the index, five files, and the one that is only there as .gz
    web.asked.clear()
    again = find_calibration(
        config(tmp_path, caldb=web.url, saa=f"{web.url}/data/xte/pca/bcf/saa.fits"), 51000.0
    )  # as a new process
    assert again[Role.MODEL] == first[Role.MODEL]
    assert set(web.asked) == {INDEX, "data/xte/pca/bcf/other.mdl"}


def test_a_kept_index_serves_while_the_server_does_not(tmp_path, web, monkeypatch):
    monkeypatch.setattr("services.storage.web._RETRY", _RETRY.new(backoff_factor=0.0, backoff_jitter=0.0))
    find_calibration(config(tmp_path, caldb=web.url), 51000.0, [Role.SAA])
    web.status = 503
    found = find_calibration(config(tmp_path, caldb=web.url, breakdown="NONE"), 51000.0, [Role.SAA])
    assert found[Role.SAA][0].data == SAA
    with pytest.raises(StoreError, match="the server answers 503"):
        find_calibration(config(tmp_path, caldb=web.url, breakdown="NONE"), 51000.0, [Role.MODEL])


def test_answers_of_a_web_server(web):
    assert fetch(f"{web.url}/nothing") is None
    web.status = 403
    with pytest.raises(ConfigError, match=r"403 .*give a URL that needs no login"):
        fetch(f"{web.url}/{INDEX}")
    with pytest.raises(StoreError, match="can't be reached"):
        fetch("http://127.0.0.1:9/x")


def test_a_damaged_copy_is_not_used(tmp_path):
    cache = FileCache(tmp_path / "c")
    assert cache.get("https://x/f.fits") is None
    cache.put("https://x/f.fits", b"first")
    cache.put("https://x/f.fits", b"second")
    assert cache.get("https://x/f.fits") == b"second"
    kept = [path for path in (tmp_path / "c").rglob("*") if path.is_file()]
    assert [path.name.partition("-")[2] for path in kept] == ["f.fits"]
    kept[0].write_bytes(b"secon")
    assert cache.get("https://x/f.fits") is None
    cache.put("https://x/f.fits", b"second")
    assert cache.get("https://x/f.fits") == b"second"


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="give another cache folder"):
        FileCache(tmp_path / "file").put("https://x/f", b"1")


def test_urls():
    assert join("s3://b/c?endpoint=e", "d/f") == "s3://b/c/d/f?endpoint=e"
    assert zipped("s3://b/f?endpoint=e") == "s3://b/f.gz?endpoint=e"
    assert join("https://h/c/", "d") == "https://h/c/d"


def test_settings_are_checked():
    with pytest.raises(ValueError, match="mdl"):
        CalibrationConfig(mdl="x")


def test_the_golden_caldb(golden, tmp_path):
    root = golden / "caldb/tree"
    start = calendar_mjd("2005-05-29", "16:00:11", "x")
    found = find_calibration(config(tmp_path, caldb=str(root)), start)
    assert found[Role.MODEL][0].extensions == tuple(range(90, 180))
    assert {len(files) for files in found.values()} == {1}
    (model,) = found[Role.MODEL]
    assert len(read_model(model.data, model.name).only(model.extensions).valid(start)) == 90
    assert len(open_fits(found[Role.SAA][0].data, "saa").tables[0]) == 105


def test_responses_do_without_a_caldb_or_what_it_lacks(tmp_path):
    """Of what responses are made with nothing is required: stages say what their products are without."""
    roles = (Role.ENERGY_TO_CHANNEL, Role.COLLIMATORS, Role.HEXTE_MATRIX, Role.HEXTE_AREA, Role.HEXTE_COLLIMATORS)
    place = tmp_path / "caldb" / INDEX
    place.parent.mkdir(parents=True)
    place.write_bytes(index())
    for config in (CalibrationConfig(), CalibrationConfig(caldb=str(tmp_path / "caldb"))):
        assert find_calibration(config, 51000.0, roles) == {}
        check_calibration(config, roles)
        assert [config.given(role) for role in roles] == [()] * 5


@pytest.mark.parametrize("text", ["e05v03", "E05V03", "none"])
def test_the_table_that_comes_with_rossi_is_no_file(text):
    config = CalibrationConfig(energy_to_channel=text, collimators=("none",))
    assert find_calibration(config, 51000.0, (Role.ENERGY_TO_CHANNEL, Role.COLLIMATORS)) == {}
    assert config.given(Role.COLLIMATORS) == config.given(Role.ENERGY_TO_CHANNEL) == ("NONE",)


def test_several_files_of_a_role_are_all_taken(tmp_path):
    files = calibration_files()
    for name in PCA_COLLIMATOR_FILES:
        (tmp_path / name).write_bytes(files[name])
    config = CalibrationConfig(collimators=tuple(str(tmp_path / name) for name in PCA_COLLIMATOR_FILES))
    found = find_calibration(config, 51000.0, (Role.COLLIMATORS,))[Role.COLLIMATORS]
    assert tuple(one.name for one in found) == PCA_COLLIMATOR_FILES
    wrong = CalibrationConfig(collimators=(str(tmp_path / "saa.fits"),))
    (tmp_path / "saa.fits").write_bytes(SAA)
    with pytest.raises(ConfigError, match=r"\[calibration\] collimators: .* no extension has a column COLLRESP"):
        find_calibration(wrong, 51000.0, (Role.COLLIMATORS,))


@pytest.mark.parametrize("role", [Role.ENERGY_TO_CHANNEL, Role.COLLIMATORS, Role.HEXTE_MATRIX])
def test_what_products_are_without_is_told_unless_it_was_asked_for(role):
    value = "e05v03" if role is Role.ENERGY_TO_CHANNEL else ("NONE",)
    asked, silent = (
        SimpleNamespace(calibration=config)
        for config in (CalibrationConfig(), CalibrationConfig(**{role.value: value}))
    )
    (caveat,) = _without(role, asked, ())
    assert caveat.code == {"energy_to_channel": "old_energies", "collimators": "no_collimator"}.get(role, "no_response")
    assert _without(role, silent, ()) == ()
