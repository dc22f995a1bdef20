"""What is fuzzed: each target takes bytes and may only return, or say in a sentence what is wrong with them."""

import io
import math
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from astropy.table import Table

from rossi.archive import ObsID, parse_data_file
from rossi.errors import RossiError
from rossi.expression import compile_expression
from rossi.extract.bitmask import parse_bit_mask
from rossi.extract.channels import ChannelSelection, descriptor, parse_channels
from rossi.extract.eventword import parse_event_word
from rossi.fits.checksum import checksum_problems
from rossi.fits.image import read_images
from rossi.fits.reader import open_fits
from rossi.fits.stream import stream_fits
from rossi.fits.text import header_lines
from rossi.fits.unzip import gunzip
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.pca.filter.indices import read_indices, read_master
from rossi.timing.choice import Wish, choose
from rossi.timing.events import open_events, screened_events
from rossi.timing.fastcurve import fast_light_curve
from rossi.timing.modes import LEADING, configuration, modes_of, read_configuration
from services.contract import Manifest
from services.contract.configuration import validate
from services.contract.seal import is_intact, seal
from services.execution.request import StageRequest
from services.pca_extract.stage import PcaExtractConfig
from services.query.worklist import read_obsids
from services.storage import MissingObject
from services.storage.publication import output_key, read_manifest
from tests.fuzz import inputs
from tests.fuzz.tasks import TASKS

#: What a target may raise: errors whose message is a sentence for the user.
SENTENCES = (RossiError,)


@dataclass(frozen=True)
class Target:
    """Something to fuzz, examples to begin with, and words that mean something to it."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...]


NUMBERS = "0 1 -1 2 7 8 255 256 65535 -32768 2147483648 9223372036854775808 1E30 1E999 -1E999 NaN 1e-300 999999999999"
#: What readers look for beside structure.
KEYWORDS = (
    *("RA_OBJ", "DEC_OBJ", "RA_PNT", "TIMEZERO", "TIMEZERI", "TSTART", "TSTARTI", "TSTOP", "TSTOPF", "TIMEDEL"),
    *("TIMEPIXR", "TIMEUNIT", "MJDREFI", "EXPOSURE", "DETCHANS", "CPIX1", "1CPIX2", "1CDLT2", "TDIM2", "TEVTB2"),
    *("BACKSCAL", "AREASCAL", "HDUCLAS1", "HDUCLAS3", "DETNAM", "APPID", "DATAMODE", "TDDES2", "DEADAPP", "ROWID1"),
    *("GAINAPP", "POISSERR", "TIERRELA", "PREFR", "MAX_GAP", "CLOCKAPP", "EQUINOX", "OBJECT", "OBS_ID", "BACKFILE"),
)
#: Times and counts that are none.
_DOUBLES = [struct.pack(">d", value) for value in (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e300, -1e300, 1e-300)]
_INTEGERS = [b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\x7f\xff\xff\xff\xff\xff\xff\xff", b"\0" * 16]
FITS_WORDS = tuple(
    _DOUBLES
    + _INTEGERS
    + [
        f"{key:<8}= {value:>20}".ljust(80).encode()
        for key in ("NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "BITPIX")
        for value in ("-1", "-2880", "0", "99999999999999", "1E999", "'a'", "T")
    ]
    + [
        f"{key:<8}= {value:>20}".ljust(80).encode()
        for key in ("TFIELDS", "THEAP", "TNULL1", "TZERO1", "TSCAL2", "TLMIN4")
        for value in ("-1", "0", "1000000", "1E999", "0.5", "'x'", "")
    ]
    + [
        f"{key:<8}= {value:>20}".ljust(80).encode()
        for key in KEYWORDS
        for value in (
            "",
            "''",
            "'x'",
            "T",
            "-1",
            "0",
            "1E400",
            "1E300",
            "1E-300",
            "99999999999",
            "1" * 60,
            "'" + "y" * 66,
        )
    ]
    + [
        f"{key:<8}= '{value:<8}'".ljust(80).encode()
        for key in ("TFORM1", "TFORM2", "TFORM3", "TTYPE1", "XTENSION")
        for value in ("1PE(99)", "0A", "999999999E", "9X", "D", "", "1QB", "IMAGE", "../../x", "-1J")
    ]
    + [b"END".ljust(80), b"CONTINUE  'x'".ljust(80), b"\0" * 80, b"\xff" * 8, b" " * 2880]
)
_MARKS = "( ) [ ] { } , ; : ~ - ^ & | && || ! == <= ** % # $ ' \" . .. / ../ \0 \n b01x x T F NaN ISNULL( MIN( #ROW #PI"
_MEANT = ["ELV > 4 &&", "C[0:255]{8}", "D[0:4]{40}", "M[1]{1}", "0:99999999999"]
_LONG = ["(" * 40, "-" * 40, "9" * 60, "1" * 5000, "²", "é"]
_TEXT = tuple(word.encode() for word in [*_MARKS.split(" "), *NUMBERS.split(), *_MEANT, *_LONG])


@cache
def _example() -> bytes:
    columns = [
        (Column("Time", "1D", "s"), np.arange(4.0)),
        (Column("ELV", "1E", "deg"), np.array([1, 5, np.nan, 9])),
        (Column("NUM_PCU_ON", "1B", null=255), np.array([5, 255, 3, 0])),
        (Column("Count", "3I", zero=32768), np.arange(12).reshape(4, 3)),
        (Column("FLAG", "1L"), np.array([True, False, True, False])),
        (Column("BITS", "12X"), np.arange(8, dtype="u1").reshape(4, 2)),
        (Column("File", "8A"), np.array(["a", "../b", "/etc", ""])),
        (Column("Wide", "1K", null=-1), np.array([-1, 0, 1 << 62, 5])),
    ]
    table = table_hdu("XTE_SA", columns, [("TIMEZERO", 3.37843167), ("MJDREFI", 49353)])
    return fits_bytes(primary_hdu([("TELESCOP", "XTE")]), [table])


def _plain(data: bytes) -> None:
    for problem in checksum_problems(data, "x"):
        assert problem
    file = open_fits(data, "x")
    for table in file.tables:
        header_lines(table.header)
        for info in table.infos.values():
            table.column(info.name)
            table.null(info.name)
    read_images(data, "x")


def _stream(data: bytes) -> None:
    for table in stream_fits(data, "x").pieces(3):
        for info in table.infos.values():
            table.column(info.name)


def _modes(data: bytes) -> None:
    """Tell what a file holds, then make a fast light curve of it."""
    read_configuration(data[:LEADING], "x")
    file = open_fits(data, "x")
    mode = modes_of([configuration(file.table().header, "x")])
    curve = fast_light_curve([choose(mode, Wish(0.25, 14, 35))], lambda _: file)
    assert curve.counts.shape == (1, curve.bins.size)


def _events(data: bytes) -> None:
    events, _ = open_events([open_fits(data, "x")])
    open_fits(screened_events(events).to_bytes(), "made")


def _gzip(data: bytes) -> None:
    gunzip(data if data[:2] == b"\x1f\x8b" else b"\x1f\x8b" + data[2:], "x")


def _expression(data: bytes) -> None:
    table = open_fits(_example(), "x").tables[0]
    with np.errstate(all="ignore"):
        compile_expression(data.decode("utf-8", "replace")).select(table)


def _channels(data: bytes) -> None:
    text = data.decode("latin-1")
    bounds = parse_channels(text)
    selection = ChannelSelection(text, 5, 10, text)
    selection.elements(bounds)
    selection.groups(bounds)


def _descriptor(data: bytes) -> None:
    assert all(len(letter) == 1 for letter in descriptor(data.decode("latin-1")))


def _event_word(data: bytes) -> None:
    size, text = (8, 16, 24, 32, 64)[data[0] % 5 if data else 0], data[1:].decode("latin-1")
    word = parse_event_word(text, size, "x")
    words = np.array([0, 1, 0x55, 0xFF], {8: "u1", 16: "u2"}.get(size, "u4" if size < 64 else "u8"))
    for use in (word.is_photon, word.channel, word.detector, word.anode):
        use(words)
    assert word.bounds.shape[1] == 2


def _bit_mask(data: bytes) -> None:
    mask = parse_bit_mask(data.decode("latin-1"))
    mask.passes(np.arange(4, dtype="u2"), 16)
    parse_bit_mask(data.decode("latin-1"), first_term_only=True)


class _One:
    """A store of one object."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def get(self, key: str) -> bytes:
        return self.data

    def url(self, key: str) -> str:
        return key


def _manifest(data: bytes) -> None:
    sealed = data
    if not is_intact(data):
        at = data.rfind(b'"seal":')
        try:  # with a seal that fits, or the parser would hardly be reached
            sealed = seal(data[:at] + b'"seal": ""}')
        except ValueError:
            sealed = data
    for document in (data, sealed):
        try:
            manifest = read_manifest(_One(document), "run/x/manifest.json")
        except (RossiError, MissingObject):
            continue
        for record in manifest.outputs:
            key = output_key("run/x/manifest.json", manifest, record)
            assert key.startswith("run/x/")
            assert ".." not in key.split("/")


def _request(data: bytes) -> None:
    request = validate(StageRequest[PcaExtractConfig], data, "request.json")
    ObsID(request.obsid)


def _work_list(data: bytes) -> None:
    assert read_obsids(data, "x")


@cache
def _ecsv() -> bytes:
    text = io.StringIO()
    Table({"obsid": ["20402-01-45-03", "90101-01-01-00"], "ra": [1.0, 2.0]}).write(text, format="ascii.ecsv")
    return text.getvalue().encode()


def _names(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    parse_data_file(text)
    path = ObsID(text).path
    assert path.count("/") == 3
    assert path.isascii()
    assert ".." not in path


def _index(data: bytes) -> None:
    files = {"FMI": data, "FIPC_0-1": data, "stdprod/FIST_0-1": _fmi()}
    master = read_master(files)
    index = read_indices(files, master)
    for paths in index.paths.values():
        for path in paths:
            assert "\0" not in path


@cache
def _fmi() -> bytes:
    names = "Std_Prod Clock Orbit PCA HEXTE".split()
    columns = [
        (Column("ObsId", "16A"), ["20402-01-45-03"]),
        (Column("User", "8A"), ["x"]),
        (Column("Source", "16A"), ["CYG_X-1"]),
        (Column("StartMET", "1D"), [1e8]),
        (Column("StopMET", "1D"), [1.1e8]),
        (Column("StartDate", "8A"), ["01/02/97"]),
        (Column("StartTime", "8A"), ["00:00:00"]),
        (Column("StopDate", "8A"), ["01/02/97"]),
        (Column("StopTime", "8A"), ["01:00:00"]),
        *((Column(f"{name}_Index_File", "24A"), ["FIPC_0-1" if name == "PCA" else f"../{name}"]) for name in names),
        (Column("APPID_074", "24A"), ["pca/FS4a_1-2"]),
        (Column("EA1DATA", "24A"), ["x/pca/FS37_0-1"]),
    ]
    table = table_hdu("XTE_MI", [(column, np.array(values)) for column, values in columns])
    cards = [("MJDREFI", 49353), ("MJDREFF", 0.1), ("TIMESYS", "TT"), ("TIMEZERO", 3.4), ("TIMEUNIT", "s")]
    return fits_bytes(primary_hdu([*cards, ("RA_OBJ", 1.0), ("DEC_OBJ", 2.0), ("EQUINOX", 2000.0)]), [table])


def _zipped() -> bytes:
    from isal import igzip

    return igzip.compress(_example(), 1)


def _a_manifest() -> bytes:
    output = {"output": "x", "name": "a.lc", "size": 1, "sha256": "0" * 64}
    record = {"input": "data", "path": "pca/FS4a_0-1", "size": 1, "identity": "sha256:0"}
    manifest = Manifest(
        stage="pca_prep",
        obsid="20402-01-45-03",
        fingerprint="0" * 64,
        config={"a": 1},
        inputs=(record,),
        outputs=(output,),
        outcome="succeeded",
        versions={"rossi": "0"},
        seconds=1.0,
        created="2026-01-01T00:00:00+00:00",
    )
    return seal(manifest.model_dump_json(indent=1).encode())


JSON_WORDS = tuple(
    w.encode()
    for w in (
        '"../../x"',
        '"/etc/passwd"',
        '""',
        "null",
        "[]",
        "{}",
        "1e999",
        "NaN",
        "-1",
        '"\\u0000"',
        '"a/../b"',
        '"s3://b/k"',
        '"\\ud800"',
        "[" * 99,
        "9" * 5000,
        '"outputs":',
        '"name":',
        "true",
    )
)

TARGETS = {
    "fits": Target(_plain, lambda: [_example(), _fmi()], FITS_WORDS),
    "stream": Target(_stream, lambda: [_example(), _zipped()], FITS_WORDS),
    "modes": Target(_modes, lambda: [inputs.timing()["sb"], inputs.timing()["e.evt"]], FITS_WORDS + _TEXT),
    "event lists": Target(_events, lambda: [inputs.timing()["e.evt"]], FITS_WORDS + _TEXT),
    "gzip": Target(_gzip, lambda: [_zipped(), _zipped() * 2], (b"\x1f\x8b\x08\0", b"\0" * 8, b"\xff" * 8)),
    "index": Target(_index, lambda: [_fmi()], (*FITS_WORDS, b"../../../etc/passwd", b"http://x/", b"/etc/passwd")),
    "expression": Target(
        _expression,
        lambda: [
            b"(ELV > 4) && (NUM_PCU_ON > 0) && .NOT. ISNULL(ELV)",
            b"Count[2] ** 2 >= 3 || near(ELV, 5, 0.1) ? T : F",
            b"BITS == b01xx00001111 && #ROW < 3 || FLAG{-1}",
            b"SUM(Count > {1,2,3}) == NELEM(BITS) || (BITS & b1x) > h0F && CIRCLE(1,2,3,ELV,5) && (#ROW & 1) == 1",
            b"ARRAY(ELV,{2,3})[1,2] < SEQDIFF(ELV) && STRMID(File,1,2) + 'a' != 'b' && ANGSEP(1,2,ELV,4) < ACCUM(5)",
            b"Wide * 2 % 3 == 1 && min(ELV, Time, 3) < 1.5e0 && File == 'a' && (Time = 1:3)",
        ],
        (*_TEXT, b"Wide", b"Count", b"BITS", b"FLAG", b"File", b"{-9}", b"[3]", b"SUM(", b"ACCUM(", b"ARRAY("),
    ),
    "channels": Target(_channels, lambda: [b"0~4,5:53,(54~135;2)", b"0-255", b"5:99;3"], _TEXT),
    "descriptor": Target(_descriptor, lambda: [b"D[0~4] & E[X1L^X1R] & C[0~4,5:53]"], _TEXT),
    "event word": Target(
        _event_word,
        lambda: [
            b"\1(M[1]{1},D[0:4]{3},C[0:255]{8},T[0.0:0.1;0.01]{4})^(M[0]{8},S[ClockByte]{8})",
            b"\3(M[1]{1},Z[0:29]{5},E[VPR]{1},C[0~7,8:255]{8})",
            b"\1C[0:255]{8},D[0,1,2,3]{2}",
        ],
        (*_TEXT, b"Z[0:29]{5}", b"E[VPR]{1}", b"E[X1L]{6}", b"{999}", b"^("),
    ),
    "bit mask": Target(
        _bit_mask,
        lambda: [b"Event == b1xxx0101xxxxxxxx &&\nEvent <= b01xxxxxxxxxxxxxx"],
        _TEXT,
    ),
    "manifest": Target(_manifest, lambda: [_a_manifest()], JSON_WORDS),
    "work list": Target(
        _work_list,
        lambda: [_ecsv(), b"20402-01-45-03\n# what\n90101-01-01-00\n"],
        (*_TEXT, b"# %ECSV 1.0\n", b"# ---\n", b"!!python/object", b"datatype: ", b"obsid", b"string", b'""', b"\xff"),
    ),
    "request": Target(
        _request, lambda: [b'{"stage": "pca_prep", "obsid": "20402-01-45-03", "store": "s", "config": {}}'], JSON_WORDS
    ),
    "names": Target(
        _names,
        lambda: [b"20402-01-45-03", b"30188-06-01-00S", b"FS4a_6f06220-6f066d0.gz"],
        (b"../", b"/", b"\n", "²".encode(), b"-", b".gz", "٢".encode()),
    ),
}
TARGETS |= {name: Target(task.run, task.seeds, FITS_WORDS + _TEXT) for name, task in TASKS.items()}


def attempt(name: str, data: bytes) -> None:
    """Run a target on an input; whatever comes out of it is a crash."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            TARGETS[name].run(data)
        except SENTENCES as error:
            said = str(error)
            assert said.strip(), "an error without a sentence"
            assert len(said) < 5000, "an error that repeats its whole input"
