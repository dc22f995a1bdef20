"""``xenon2fits`` and ``make_se``: event files from pairs of GoodXenon files."""

from __future__ import annotations

from typing import Annotated

from rossi.errors import ConfigError
from rossi.fits.reader import FitsFile, read_fits
from rossi.ftools.parameters import Made, Parameters, Task, file_list, write_output, write_outputs
from rossi.timing.xenon_file import Layout, xenon_file, xenon_pairs


class Xenon2fitsParameters(Parameters):
    """Parameters of ``xenon2fits``; ``compat`` is ours."""

    xenon1: Annotated[str, "file of one half of GoodXenon"]
    xenon2: Annotated[str, "file of the other half"]
    outfile: Annotated[str, "event file to be made"]
    wrtparm: Annotated[str, "X: TIME and event words; O: PCUID, ANODEID, PHA as well; A: numbers only"] = "X"
    compat: Annotated[bool, "pair words by position, stop where an end mark is missing, as the original does"] = False


def xenon2fits(p: Xenon2fitsParameters) -> Made:
    """Merge two files to one."""
    word = p.wrtparm.strip().upper()[:1]
    if word not in set(Layout):
        raise ConfigError(f"wrtparm is {p.wrtparm!r}; expected X (event words), O (OGIP columns) or A (numbers).")
    data, said = xenon_file(read_fits(p.xenon1), read_fits(p.xenon2), Layout(word), compat=p.compat)
    return Made([write_output(p.outfile, data, p.clobber)], said)


class MakeSeParameters(Parameters):
    """Parameters of ``make_se``: -i LIST -p PREFIX; ``compat`` is ours."""

    infile: Annotated[str, "a file that lists GoodXenon files of both halves, one a line"]
    prefix: Annotated[str, "event files are named PREFIX_gx0, PREFIX_gx1 ..."]
    compat: Annotated[bool, "merge as the original xenon2fits does"] = False


def make_se(p: MakeSeParameters) -> Made:
    """Merge all pairs of a list."""
    files: list[FitsFile] = [read_fits(name) for name in file_list(f"@{p.infile.removeprefix('@')}")]
    pairs, said = xenon_pairs(files)
    outputs = []
    for number, pair in enumerate(pairs):
        data, remarks = xenon_file(pair.first, pair.second, compat=p.compat)
        outputs.append((f"{p.prefix}_gx{number}", data))
        said += remarks
    return Made(write_outputs(outputs, p.clobber), list(dict.fromkeys(said)))


TASKS = {
    "xenon2fits": Task(
        Xenon2fitsParameters,
        xenon2fits,
        ("xenon1", "xenon2", "outfile"),
        example="FS37_200d0a32-200d0a3a FS3b_200d0a32-200d0a3a gx.evt wrtparm=O",
        needs="a pair of GoodXenon files",
    ),
    "make_se": Task(
        MakeSeParameters,
        make_se,
        ("infile", "prefix"),
        options={"i": "infile", "p": "prefix"},
        example="-i xenon.lis -p se",
        needs="a list of GoodXenon files",
    ),
}
