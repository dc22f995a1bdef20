"""Names in the RXTE archive: ObsIDs, where their files lie, what a file name means."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rossi.errors import ConfigError, shortened

#: The data-gap page of the RXTE Cook Book writes some without the last number: 50117-01-01F.
_OBSID = re.compile(r"[0-9]{5}-[0-9]{2}-[0-9]{2,3}(-[0-9]{2,3}[A-Z]?|[A-Z])")
#: As standard products spell them: 20402014503.
_UNDIVIDED = re.compile(r"([0-9]{5})([0-9]{2})([0-9]{2})([0-9]{2,3}[A-Z]?)")
_STANDARD_PRODUCT = re.compile(r"x([ph])[0-9]{10,}[A-Z]?_([snb])([012])([a-e])?\.(lc|pha)(?:\.gz)?")
_DATA_FILE = re.compile(r"F([A-Z])([0-9a-f]{2})_([0-9a-f]{1,16})-([0-9a-f]{1,16})(\.gz|\.Z)?")


class Kind(StrEnum):
    """What an ObsID's last letter says of the observation; values are codes of caveats."""

    POINTING = ""
    SLEW = "slew"
    SCAN = "scan"
    DATA_GAP = "data_gap"
    ATTITUDE = "attitude_uncertain"
    UNKNOWN = "unknown_letter"


#: What each letter means. Sources: HEASARC's description of ObsIDs (A, Z, S, R), and the page on data gaps of the RXTE
#: Cook Book (G with its continuations H and I, C, D; from the days of wrong attitude in September 2000 F with its
#: continuations V and W, T, U). A slew taken for a pointing has counts of the whole sky on the way.
LETTERS: dict[str, tuple[Kind, str]] = {
    "": (Kind.POINTING, ""),
    "A": (Kind.SLEW, "a slew to the source"),
    "Z": (Kind.SLEW, "a slew from the source"),
    "S": (Kind.SCAN, "a scan"),
    "R": (Kind.SCAN, "a raster of pointings"),
    "C": (Kind.SLEW, "a slew to the source without attitude, so that its ends are not known"),
    "D": (Kind.SLEW, "a slew from the source without attitude, so that its ends are not known"),
    "T": (Kind.SLEW, "a slew to the source with uncertain attitude"),
    "U": (Kind.SLEW, "a slew from the source with uncertain attitude"),
    **dict.fromkeys(
        "GHI", (Kind.DATA_GAP, "a pointing in which data or attitude of more than 10 % of the good time may be missing")
    ),
    **dict.fromkeys(
        "FVW", (Kind.ATTITUDE, "a pointing whose attitude may be wrong by up to 1 degree, and fluxes by a factor of 5")
    ),
}
_UNKNOWN = (Kind.UNKNOWN, "something that is not documented")


@dataclass(frozen=True, slots=True, order=True)
class ObsID:
    """One observation: ``<proposal>-<target>-<viewing>-<sequence><type>``, e.g. 20402-01-45-03.

    Parameters
    ----------
    text : str

    Raises
    ------
    ConfigError
        If the text is no ObsID.
    """

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            kind = type(self.text).__name__
            raise TypeError(f"An ObsID is text such as '20402-01-45-03'; {shortened(self.text)} ({kind}) was given.")
        if not _OBSID.fullmatch(self.text):
            near = meant(self.text)
            hint = f"did you mean {near}?" if near else "one looks like 20402-01-45-03 (or 30188-06-01-00S)."
            raise ConfigError(f"{self.text[:100]!r} is no ObsID; {hint}")

    def __str__(self) -> str:
        return self.text

    @property
    def proposal(self) -> str:
        """Proposal number, five digits (``prnb`` of the catalogue)."""
        return self.text[:5]

    @property
    def cycle(self) -> int:
        """Observing cycle: the proposal's first digit, from 90000 on 9 plus its second digit (91401: 10)."""
        first = int(self.text[0])
        return first if first < 9 else 9 + int(self.text[1])

    @property
    def letter(self) -> str:
        """The last letter; empty for most."""
        return self.text[-1] if self.text[-1].isalpha() else ""

    @property
    def kind(self) -> Kind:
        """What the letter says."""
        return LETTERS.get(self.letter, _UNKNOWN)[0]

    @property
    def meaning(self) -> str:
        """What the letter says, as a sentence; empty without a letter."""
        words = LETTERS.get(self.letter, _UNKNOWN)[1]
        return words and f"The letter {self.letter} of {self.text} stands for {words}."

    @property
    def is_pointing(self) -> bool:
        """False for slews, scans and rasters."""
        return self.kind not in (Kind.SLEW, Kind.SCAN)

    @property
    def viewing(self) -> str:
        """Proposal, target and viewing, which an observation's segments share: 20402-01-45."""
        return "-".join(self.text.rstrip(string.ascii_uppercase).split("-")[:3])

    @property
    def path(self) -> str:
        """Directory relative to the archive's root, with a final slash: ``AO2/P20402/20402-01-45-03/``."""
        return f"AO{self.cycle}/P{self.proposal}/{self.text}/"

    @property
    def stem(self) -> str:
        """The digits (and letter) as standard products spell them: ``20402014503``."""
        return self.text.replace("-", "")


def meant(text: str) -> str:
    """Return the ObsID that was meant by one in lower case, with blanks or without dashes; empty if none is seen.

    Parameters
    ----------
    text : str
    """
    words = "-".join(re.findall("[0-9A-Z]+", text[:100].upper()))
    digits = _UNDIVIDED.fullmatch(words)
    near = "-".join(digits.groups()) if digits else words
    return near if _OBSID.fullmatch(near) else ""


@dataclass(frozen=True, slots=True)
class DataFileName:
    """What the name of a data file says.

    Parameters
    ----------
    kind : str
        S science, H housekeeping, P standard product, I index.
    apid : int
        Application id, e.g. 0x4a for PCA Standard2.
    start, stop : int
        Mission elapsed time [s].
    """

    kind: str
    apid: int
    start: int
    stop: int


@lru_cache(maxsize=4096)  # an observation's files, asked for by many
def parse_data_file(name: str) -> DataFileName | None:
    """Read a name such as ``FS4a_6f06220-6f066d0.gz``; None for names of another form.

    Parameters
    ----------
    name : str
    """
    match = _DATA_FILE.fullmatch(name)
    if match is None:
        return None
    return DataFileName(match[1], int(match[2], 16), int(match[3], 16), int(match[4], 16))


@dataclass(frozen=True, slots=True)
class StandardProductName:
    """What the name of a standard light curve or spectrum says.

    Parameters
    ----------
    instrument : str
        ``PCA`` or ``HEXTE``.
    content : str
        s source and background, b background, n net.
    number : int
        The PCA's standard mode, 1 or 2; HEXTE's cluster, 0 (A) or 1 (B).
    band : str
        a to e; empty for spectra, and for Standard1, which has all channels.
    is_spectrum : bool
    """

    instrument: str
    content: str
    number: int
    band: str
    is_spectrum: bool


def parse_standard_product(name: str) -> StandardProductName | None:
    """Read a name such as ``xp90171010100_n2a.lc.gz``; None for names of another form.

    Parameters
    ----------
    name : str
        Without folders.
    """
    match = _STANDARD_PRODUCT.fullmatch(name)
    if match is None:
        return None
    instrument = "PCA" if match[1] == "p" else "HEXTE"
    return StandardProductName(instrument, match[2], int(match[3]), match[4] or "", match[5] == "pha")


def stem_of(path: str) -> str:
    """Return a file's name without folders and ``.gz``.

    Parameters
    ----------
    path : str
    """
    return path.rpartition("/")[2].removesuffix(".gz")


#: Files of an observation directory by what they are: regular expressions on the path relative to the directory.
FILE_PATTERNS = {
    # Of fifteen indices, the first that may know the target, and those that name files which are read.
    "index": r"FMI|FI(ST|AC|HX|PC)_[0-9a-f]+-[0-9a-f]+",
    "spacecraft": r"(acs/FH(0e|0f|10|11|14|15|18)|hexte/FH(53|59|fb|fc))_[0-9a-f]+-[0-9a-f]+(\.gz)?",
    "fast": r"pca/(FS(37|3b|3f|4f)_[0-9a-f]+-[0-9a-f]+|(GX|SE)_[0-9A-Za-z._-]+?\.evt)(\.gz)?",
    "orbit": r"orbit/FPorbit_Day[0-9]+(\.gz)?",
    "std1": r"pca/FS46_[0-9a-f]+-[0-9a-f]+(\.gz)?",
    "std2": r"pca/FS4a_[0-9a-f]+-[0-9a-f]+(\.gz)?",
    "pcu_housekeeping": r"pca/FH5[a-e]_[0-9a-f]+-[0-9a-f]+(\.gz)?",
    "hexte_archive": r"hexte/FS(52|58)_[0-9a-f]+-[0-9a-f]+(\.gz)?",
    "hexte_events": r"hexte/FS(50|56)_[0-9a-f]+-[0-9a-f]+(\.gz)?",
    "hexte_housekeeping": r"hexte/FH(53|59)_[0-9a-f]+-[0-9a-f]+(\.gz)?",
    "filter_file": r"stdprod/(x[0-9]{10,}[A-Z]?|FP_[0-9a-f]+-[0-9a-f]+)\.xfl(\.gz)?",
    "pca_standard_product": r"stdprod/(xp[0-9]{10,}[A-Z]?_[snb](1|2[a-e])\.lc|xp[0-9]{10,}[A-Z]?_[sb]2\.pha)(\.gz)?",
    "hexte_standard_product": r"stdprod/xh[0-9]{10,}[A-Z]?_([snb][01][a-e]\.lc|[sb][01]\.pha)(\.gz)?",
    "standard_good_time": r"stdprod/x[0-9]{10,}[A-Z]?\.gti(\.gz)?",
}
