"""Tasks on damaged files: one of the files that they read is damaged, the others are good."""

import atexit
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rossi.ftools.task import call
from tests.fuzz import inputs

Files = Callable[[], dict[str, bytes]]


@dataclass(frozen=True)
class TaskTarget:
    """Calls of tasks.

    Parameters
    ----------
    files : callable
        Returns the good files by name.
    calls : tuple of str
        As one types them.
    damaged : tuple of str
        The files that may be damaged; none, all.
    changed : tuple of str
        The files that the tasks change in place.
    """

    files: Files
    calls: tuple[str, ...]
    damaged: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.damaged or tuple(sorted(self.files()))

    def seeds(self) -> list[bytes]:
        """Return the files, each with a last byte that says which one it is."""
        return [self.files()[name] + bytes([number]) for number, name in enumerate(self.names)]

    def run(self, data: bytes) -> None:
        """Call the tasks while the file that the last byte says is damaged."""
        name = self.names[data[-1] % len(self.names) if data else 0]
        here = Path.cwd()
        os.chdir(_folder(self.files))
        try:
            Path(name).write_bytes(data[:-1])
            for text in self.calls:
                expect_a_sentence(text)
        finally:
            for one in (name, *self.changed):
                Path(one).write_bytes(self.files()[one])
            os.chdir(here)


def expect_a_sentence(text: str) -> int:
    """Call a task; returns its code."""
    task, *words = shlex.split(text)
    result = call(task, dict(word.split("=", 1) for word in words))
    if result.returncode:
        assert len(result.stdout) > len(task) + 5
        assert len(result.stdout) < 5000, "an error that repeats its whole input"
    return result.returncode


@cache
def _folder(files: Files) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rossi-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, data in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


_HOUSEKEEPING = "hkfiles=FH5a,FH5b,FH5c,FH5d,FH5e breakfile=NONE clobber=yes"
_BOTH = "src_infile=dt bkg_infile=dtbkg gtiandfile=- clobber=yes"
TASKS = {
    "responses": TaskTarget(
        inputs.responses,
        (
            "rbnrmf infile=r.rmf binfile=groups outfile=made clobber=yes",
            "marfrmf rmfil=r.rmf arfil=a.arf outfil=made clobber=yes",
            "hxtrsp infile=s.pha inrmf=r.rmf inarf=a.arf collcube=cube",
        ),
        changed=("s.pha",),
    ),
    "pca responses": TaskTarget(
        inputs.pca_responses,
        (
            "pcarsp phafil=s.pha attfile=x.xfl layers=LR1 pcus=2 weights=@INFILE e2cfile=e2c collcube=cube name=made",
            "pcaclrsp lcfile=s.lc outfile=made xtefilt=x.xfl collcube=cube clobber=yes",
        ),
        changed=("s.pha",),
    ),
    "tables": TaskTarget(
        lambda: inputs.responses() | inputs.events(),
        (
            "fdump infile=r.rmf outfile=made clobber=yes",
            "fdump infile=e.evt[1] rows=1-3,60 outfile=made clobber=yes",
            "fkeyprint infile=r.rmf keynam=T outfile=made clobber=yes",
            "fselect infile=r.rmf[1] outfile=made expr='ENERG_LO > 20' clobber=yes",
            "fselect infile=e.evt[1] outfile=made expr='Time > 15e7 && Event == b1xxxxxxx' clobber=yes",
            "ftcopy infile='r.rmf[1][col MATRIX;N_GRP][#ROW < 3]' outfile=made clobber=yes",
            "fparkey value=1 fitsfile=e.evt[1] keyword=X add=yes",
        ),
        damaged=("r.rmf", "e.evt"),
        changed=("e.evt",),
    ),
    "events": TaskTarget(
        inputs.events,
        (
            "seextrct infile=e.evt gtiorfile=APPLY gtiandfile=good.gti outroot=made bitfile=mask binsz=0.5",
            "seextrct infile=e.evt outroot=made binsz=0.01 compat=yes chint=2-9",
            "decodeevt infile=e.evt outfile=made clobber=yes",
        ),
        damaged=("e.evt", "good.gti"),
    ),
    "arrays": TaskTarget(
        inputs.prepared,
        (
            "saextrct infile=FS4a gtiandfile=- outroot=made binsz=32",
            "saextrct infile=FS46 outroot=made columns=XeCntPcu2 binsz=1",
            "saextrct infile=dt outroot=made columns=X1LSpecPcu2,X1RSpecPcu2 chint=0-20",
        ),
        damaged=("FS4a", "FS46", "dt"),
    ),
    "pca products": TaskTarget(
        inputs.prepared,
        (f"pcaextlc2 outfile=made {_BOTH}", f"pcaextspect2 src_phafile=made bkg_phafile=made2 {_BOTH}"),
        damaged=("dt", "dtbkg"),
    ),
    "preparation": TaskTarget(
        inputs.prepared,
        (
            "pcaprepfile2 infile=FS4a filterfile=filter.xfl modelfile=model saahfile=NONE "
            f"bkgfile=made dtfile=made2 dtbkgfile=made3 {_HOUSEKEEPING}",
            f"pcadeadcalc1 infile=FS46 outfile=made {_HOUSEKEEPING}",
        ),
        damaged=("FS4a", "FS46", "FH5a", "FH5c", "filter.xfl", "model"),
    ),
    "filter files": TaskTarget(inputs.indexed, ("xtefilt p=. f=made c=yes",)),
    "good time": TaskTarget(
        lambda: {"filter.xfl": inputs.prepared()["filter.xfl"], **inputs.events()},
        (
            "maketime infile=filter.xfl outfile=made expr='ELV > 4 && OFFSET < 0.1' clobber=yes",
            "seextrct infile=e.evt gtiorfile=NONE gtiandfile=good.gti outroot=made",
        ),
        damaged=("filter.xfl", "good.gti"),
    ),
    "hexte": TaskTarget(
        inputs.hexte,
        (
            "hxtback infile=FS52",
            "hxtback infile=FS50 both=yes",
            "hxtdead calvalf=coef engvalf=FH53 eventarcf=FS52 phalcf=s.lc",
            "hxtdead calvalf=coef engvalf=FH53 eventarcf=FS50 phalcf=s.pha",
        ),
        changed=("s.lc", "s.pha"),
    ),
    "timing": TaskTarget(
        inputs.timing,
        (
            "xenon2fits xenon1=x1 xenon2=x2 outfile=made wrtparm=O clobber=yes",
            "xenon2fits xenon1=x2 xenon2=x1 outfile=made wrtparm=A compat=yes clobber=yes",
            "make_se infile=list prefix=made clobber=yes",
            "saextrct infile=sb outroot=made binsz=0.25 spillage=no chint=14-35",
            "saextrct infile=sb outroot=made binsz=0.25 compat=yes",
            "barycorr infile=e.evt outfile=made orbitfiles=orbit ra=83.6 dec=22 clockfile=tdc.dat clobber=yes",
            "faxbary infile=e.evt outfile=made orbitfiles=orbit ra=83.6 dec=22 clockfile=- compat=yes clobber=yes",
        ),
    ),
    "curves": TaskTarget(
        inputs.prepared,
        (
            "rebinlc infile=lc outfile=made multiple=2 clobber=yes",
            "lcmath infile=lc bgfile=lc outfile=made clobber=yes",
            "lcurve cfile1=lc outfile=!made",
            "lcurve cfile1=lc dtnb=64 nbint=10 outfile=!made",
        ),
        damaged=("lc",),
    ),
    "spectra": TaskTarget(
        lambda: {"two": b"pha\npha\n", **inputs.prepared()},
        (
            "sumpha filelist=@two outfile=made clobber=yes",
            "mathpha expr='pha - pha' units=C outfil=made exposure=CALC clobber=yes",
            "mathpha expr='pha * 0.5' units=R outfil=made exposure=pha clobber=yes",
            "rddescr phafil=pha chanfil=made clobber=yes",
        ),
        damaged=("pha", "two"),
    ),
    "text lists": TaskTarget(
        inputs.events,
        (
            "seextrct infile=@list outroot=made timeint=@times chint=@chans chbin=@chans bitfile=mask",
            "maketime infile=e.evt outfile=made expr=@expr clobber=yes",
            "fselect infile=e.evt outfile=made expr=@expr clobber=yes",
            "decodeevt infile=e.evt outfile=made clobber=yes",
        ),
        damaged=("list", "times", "chans", "mask", "expr"),
    ),
}
