"""The commands and blocks of docs/howto/timing.md run, one after the other, on files with the names that it uses."""

import gzip
import re
import shlex
import warnings
from pathlib import Path

import numpy as np

from rossi import ftools
from rossi.archive import ObsID
from rossi.fits.edit import file_bytes
from rossi.fits.reader import gunzip, read_fits
from rossi.simulate import Configurations, FastSpec, ObservationSpec
from rossi.simulate.source import long_term
from rossi.simulate.truth import truth
from tests.rossi.timing.orbits import orbit_file
from tests.rossi.timing.pulsar import PULSE, short_observation

PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "timing.md"
STEPS = re.compile(r"^```python\n(.*?)^```$|^    rossi ftool (.*?)$", re.MULTILINE | re.DOTALL)
NAMES = {
    "xenon": ("FS37_200d0a32-200d0a3a", "FS3b_200d0a32-200d0a3a"),
    "binned": ("FS3b_c1987f0-c198808", "FS3f_c1987f0-c198808"),
}


def _pulsar():
    """Put the products of two short observations where the page has those of forty."""
    for number in range(2):
        place = Path(f"out/products/{number}/{number}.evt.gz")
        place.parent.mkdir(parents=True)
        place.write_bytes(gzip.compress(short_observation(number), 1))
    fast = FastSpec(Configurations.XENON, pulse=PULSE)
    spec = ObservationSpec(ObsID("20101-01-01-00"), 110_145_600, 128, fast=fast)
    Path("archive").mkdir()
    Path("archive/truth.json").write_text(truth(1, [spec], long_term(1)).model_dump_json())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that stingray would like to have
        import stingray.pulse.search  # noqa: F401


def test_the_page(timing_golden, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for case, names in NAMES.items():
        for name in names:
            Path(name).write_bytes(gunzip((timing_golden / case / "input" / f"{name}.gz").read_bytes(), name))
    Path("xenon.lis").write_text("\n".join(NAMES["xenon"]) + "\n")
    Path("FPorbit_Day6223").write_bytes(file_bytes(orbit_file(537721206.0 + 60 * np.arange(60))))
    Path("tdc.dat").write_text("6000 3.3784313 -1 -1\n30 0.01 0 400\n-1 -1 -1 -1\n")
    _pulsar()
    scope: dict[str, object] = {}
    commands = 0
    for block, command in STEPS.findall(PAGE.read_text()):
        if command:
            task, *words = shlex.split(command)
            assert ftools.run(task, words) == 0, capsys.readouterr().err
            commands += 1
        else:
            exec(compile(block, str(PAGE), "exec"), scope)
    assert commands == 5
    said = capsys.readouterr().out
    assert "SB_125us_0_13_1s + SB_125us_14_35_1s, channels 0-35, 24 s" in said
    assert "the nearest that the data have are 0-13" in said
    assert "is a burst" in said
    phases = [float(word) for word in re.search(r"at the barycentre: (.*)", said)[1].split()]
    assert len(phases) == 2 and max(map(abs, phases)) < 0.01
    assert said.rstrip().endswith("true is 0.1514 s")
    whole, column = (read_fits(name).table() for name in ("gx_bary.evt", "gx_column.evt"))
    assert np.abs(column.column("BARYTIME") + column.header["TIMEZERO"] - whole.column("TIME")).max() < 2e-7
    assert len(read_fits("screened.evt").table()) == len(scope["events"].time)
