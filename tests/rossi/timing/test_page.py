"""The commands and blocks of docs/timing.md run, one after the other, on files with the names that it uses."""

import re
import shlex
from pathlib import Path

import numpy as np

from rossi import ftools
from rossi.fits.edit import file_bytes
from rossi.fits.reader import gunzip, read_fits
from tests.rossi.timing.orbits import orbit_file

PAGE = Path(__file__).resolve().parents[3] / "docs" / "timing.md"
STEPS = re.compile(r"^```python\n(.*?)^```$|^    rossi ftool (.*?)$", re.MULTILINE | re.DOTALL)
NAMES = {
    "xenon": ("FS37_200d0a32-200d0a3a", "FS3b_200d0a32-200d0a3a"),
    "binned": ("FS3b_c1987f0-c198808", "FS3f_c1987f0-c198808"),
}


def test_the_page(timing_golden, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for case, names in NAMES.items():
        for name in names:
            Path(name).write_bytes(gunzip((timing_golden / case / "input" / f"{name}.gz").read_bytes(), name))
    Path("xenon.lis").write_text("\n".join(NAMES["xenon"]) + "\n")
    Path("FPorbit_Day6223").write_bytes(file_bytes(orbit_file(537721206.0 + 60 * np.arange(60))))
    Path("tdc.dat").write_text("6000 3.3784313 -1 -1\n30 0.01 0 400\n-1 -1 -1 -1\n")
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
    assert said.rstrip().endswith("is a burst")
    whole, column = (read_fits(name).table() for name in ("gx_bary.evt", "gx_column.evt"))
    assert np.abs(column.column("BARYTIME") + column.header["TIMEZERO"] - whole.column("TIME")).max() < 2e-7
    assert len(read_fits("screened.evt").table()) == len(scope["events"].time)
