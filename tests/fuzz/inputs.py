"""Good small files of every kind, to be damaged."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from rossi.archive import ObsID
from rossi.fits.edit import as_hdu, select_rows
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.unzip import gunzip
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.ftools.task import call
from rossi.simulate import ObservationSpec, simulate_observation
from rossi.simulate.calibration import background_model
from tests.rossi.extract.eventfile import T0, event_file, words
from tests.rossi.hexte import material, synthetic
from tests.rossi.timing import orbits

#: Those of the simulated observation from which a filter file is made.
_NOT_COLLECTED = ("pca/FS", "hexte", "stdprod")
_HOUSEKEEPING = tuple(f"FH5{letter}" for letter in "abcde")
_PREPARED = ("dt", "dtbkg", "lc", "pha")


def _bytes(file: FitsFile) -> bytes:
    return fits_bytes(file.primary, [as_hdu(table) for table in file.tables])


@cache
def observation() -> dict[str, bytes]:
    """All files of a small observation."""
    spec = ObservationSpec(ObsID("90101-01-01-00"), 320_000_000, 160, compress=False)
    files = {path: gunzip(data, path) for path, data in simulate_observation(spec).items()}
    orbit = open_fits(files["orbit/FPorbit_Day3703"], "orbit")
    short = [select_rows(table, np.arange(len(table)) < 400) for table in orbit.tables]
    return files | {"orbit/FPorbit_Day3703": _bytes(FitsFile("orbit", orbit.primary, tuple(short)))}


def indexed() -> dict[str, bytes]:
    """What a filter file is made from."""
    return {path: data for path, data in observation().items() if not path.startswith(_NOT_COLLECTED)}


@cache
def prepared() -> dict[str, bytes]:
    """PCA data by the first letters of their names, prepared, and products of them."""
    files = {Path(path).name[:4]: data for path, data in observation().items() if path.startswith("pca/F")}
    files |= {"filter.xfl": observation()["stdprod/x90101010100.xfl"], "model": background_model()}
    folder = Path(tempfile.mkdtemp(prefix="rossi-fuzz-"))
    try:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        at = {name: str(folder / name) for name in (*files, *_PREPARED, "bkg")}
        made = {"bkgfile": at["bkg"], "dtfile": at["dt"], "dtbkgfile": at["dtbkg"]}
        made |= {"infile": at["FS4a"], "filterfile": at["filter.xfl"], "modelfile": at["model"]}
        made |= {"hkfiles": ",".join(at[name] for name in _HOUSEKEEPING), "breakfile": "NONE", "saahfile": "NONE"}
        both = {"src_infile": at["dt"], "bkg_infile": at["dtbkg"], "gtiandfile": "-", "clobber": True}
        for task, given in (
            ("pcaprepfile2", made),
            ("pcaextlc2", both | {"outfile": at["lc"]}),
            ("pcaextspect2", both | {"src_phafile": at["pha"], "bkg_phafile": at["bkg"]}),
        ):
            result = call(task, given)
            assert result.returncode == 0, result.stdout
        return files | {name: (folder / name).read_bytes() for name in _PREPARED}
    finally:
        shutil.rmtree(folder)


@cache
def events() -> dict[str, bytes]:
    """An event list, a bit mask, good time, and lists as text."""
    time = T0 + np.arange(64) * 1.5
    pairs = [[T0, T0 + 40], [T0 + 50, T0 + 100]]
    columns = [(Column("START", "1D", "s"), [T0, T0 + 60.0]), (Column("STOP", "1D", "s"), [T0 + 50, T0 + 90.0])]
    good_time = table_hdu("STDGTI", columns, [("HDUCLAS1", "GTI"), ("TIMEZERO", 0.0)])
    return {
        "e.evt": event_file(time, words(np.arange(64) % 5, np.arange(64) % 8), gti=pairs, timezero=3.4),
        "good.gti": fits_bytes(primary_hdu(), [good_time]),
        "mask": b"Event == b1xxxxxxx",
        "list": b"e.evt\n",
        "times": b"150000000.0 150000050.0\n",
        "chans": b"2 9\n11 12\n",
        "expr": b"Time > 15e7 &&\nTime < 2e8\n",
    }


@cache
def timing() -> dict[str, bytes]:
    """A GoodXenon pair, single-bit data, an event list with its orbit, and clock corrections."""
    folder = Path(__file__).parents[1] / "golden/timing"
    files = {
        "x1": folder / "xenon/input/FS3f_200d0c58-200d0c60.gz",
        "x2": folder / "xenon/input/FS4f_200d0c58-200d0c60.gz",
    }
    whole = {name: gunzip(path.read_bytes(), name) for name, path in files.items()}
    sb = open_fits((folder / "binned/input/FS3f_c1987f0-c198808.gz").read_bytes(), "sb")
    short = FitsFile("sb", sb.primary, (select_rows(sb.tables[0], np.arange(24) < 3), *sb.tables[1:]))
    time = orbits.START + 100 + np.arange(64) * 1.5
    when = {"gti": [[time[0], time[-1]]], "start": time[0], "timezero": 3.4, "cards": [("DATAMODE", "E_125us_8M_0_1s")]}
    return whole | {
        "sb": _bytes(short),
        "e.evt": event_file(time, words(np.arange(64) % 5, np.arange(64) % 8), **when),
        "orbit": _bytes(orbits.orbit_file(orbits.day(0.5))),
        "tdc.dat": b"2000 3.3784 -1 -1\n20 0.1 0 1000\n-1 -1 -1 -1\n",
        "list": b"x1\nx2\n",
    }


@cache
def responses() -> dict[str, bytes]:
    """A matrix, an effective area, groups of channels, a collimator's response, and a spectrum."""
    energies, channels = np.linspace(10, 100, 7), np.linspace(10, 100, 17)
    columns = [(Column("CHANNEL", "I"), np.arange(16)), (Column("COUNTS", "D", "count"), np.arange(16.0))]
    cards = material.SPECTRUM_CARDS | {"DETCHANS": 16, "CPIX1": None}
    tables = {
        "a.arf": material.area(energies, np.linspace(50, 200, 6)),
        "s.pha": table_hdu("SPECTRUM", columns, [(key, value) for key, value in cards.items() if value is not None]),
        "cube": material.cube(np.ones((2, 3, 6)) / 2, [-1, 0, 1], [-1, 1], energies),
    }
    files = {name: fits_bytes(primary_hdu(), [table]) for name, table in tables.items()}
    matrix = material.matrix_file(np.eye(6, 16) + 0.1, energies, channels)
    return files | {"r.rmf": matrix, "groups": b" 0 3 4\n 4 7 2\n 8 15 -1\n"}


@cache
def pca_responses() -> dict[str, bytes]:
    """An energy-to-channel table, a collimator, attitude, a spectrum and a light curve of PCU 2."""
    numbers = zip((f"PARM{n}" for n in range(1, 10)), (-0.5, 2.4, -0.002, 1, 0, 0, 0, 0, 1e-6), strict=True)
    laws = [(Column("LLD", "J"), [3, 12, 48]), *((Column(name, "E"), np.full(3, value)) for name, value in numbers)]
    cards = {"CONVMETH": 3, "DETNAM": "PCU2", "CVSD0001": "1996-01-01", "CVST0001": "00:00:00", "CDES0001": "made up"}
    spectrum = material.SPECTRUM_CARDS | {"INSTRUME": "PCA", "DETNAM": None, "GAINAPP": True, "CPIX1": "0~127,128:255"}
    spectrum |= {"DETCHANS": 129, "PCU2GAIN": 0, "PCU2OFST": 1, "PCU_WT2": 1.0, "RA_OBJ": 0.0, "DEC_OBJ": 0.0}
    columns = [(Column("CHANNEL", "I"), np.arange(129)), (Column("COUNTS", "D", "count"), np.arange(129.0))]
    time, grid = np.arange(0.0, 160.0, 16.0), np.array([-0.01, 0.0, 0.01])
    quaternion = np.column_stack((np.zeros((10, 2)), np.linspace(0.0, 0.002, 10), np.ones(10)))
    curve = [
        (Column("TIME", "D", "s"), time[1:9]),
        (Column("RATE", "D"), np.ones(8)),
        (Column("ERROR", "D"), np.ones(8)),
    ]
    cube = material.cube(np.ones((3, 3, 2)) / 2, grid, grid, [1.0, 10.0, 100.0], INSTRUME="PCA", DETNAM="PCU2")
    described = [(key, value) for key, value in spectrum.items() if value is not None]
    files = {
        "e2c": [table_hdu("E2C", laws, list(cards.items()))],
        "cube": [cube],
        "x.xfl": [material.attitude(time, quaternion)],
        "s.pha": [table_hdu("SPECTRUM", columns, described), material.good_time_table([16, 96])],
        "s.lc": [table_hdu("RATE", curve, [("TIMEDEL", 16.0), ("RA_OBJ", 0.0), ("DEC_OBJ", 0.0)])],
    }
    return {name: fits_bytes(primary_hdu(), tables) for name, tables in files.items()}


@cache
def hexte() -> dict[str, bytes]:
    """Science data, housekeeping, coefficients, a light curve and a spectrum of one HEXTE cluster."""
    time = synthetic.T + 16.0 * np.arange(8)
    code = np.array([0, 0, 1, 1, 0, 0, 2, 2])
    ticks = synthetic.T + np.arange(128) * 1.0
    detectors = [f"SpecDet{number}" for number in range(4)]
    made = {
        "FS52": synthetic.archive(time, code, np.full(8, 100), np.tile([90000, 1000, 2000, 3000], (8, 1))),
        "FS50": synthetic.events(ticks, np.full(128, 900), np.repeat([9, 0], 64), np.arange(128) % 4),
        "FH53": synthetic.housekeeping(time),
        "coef": synthetic.coefficients(),
        "s.lc": synthetic.curve(detectors, time, np.ones(8), np.ones(8), 16.0),
        "s.pha": synthetic.spectrum(detectors, [(time[0], time[-1] + 16)], 100.0),
    }
    return {name: _bytes(file) for name, file in made.items()}
