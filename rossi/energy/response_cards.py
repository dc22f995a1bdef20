"""What the files of PCA responses say of themselves: OGIP keywords, and which energy-to-channel table was used."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.energy.channel_law import ChannelLaw
from rossi.energy.pca_matrix import THRESHOLD
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import primary_hdu
from rossi.spectra.response import Response
from rossi.spectra.response_file import response_bytes

#: Names of the energy-to-channel law's numbers in the table.
_PARAMETERS = ("LLD", *(f"PARM{n}" for n in range(1, 10)))


def law_cards(laws: Sequence[ChannelLaw]) -> list[CardTuple]:
    """Return cards that name the energy-to-channel table and the laws taken from it; EBOUNDS have the first one.

    Parameters
    ----------
    laws : sequence of ChannelLaw
        At least one.
    """
    first = laws[0].origin
    cards: list[CardTuple] = [
        ("E2CFILE", first.file, "energy-to-channel table"),
        ("E2CHDU", first.hdu, "its extension"),
        ("E2CDESC", first.description, "what it says of itself"),
        ("E2CSTART", first.start, "[MJD] from when on it holds"),
    ]
    for law in laws:
        numbers = ", ".join(f"{n} {v:.7g}" for n, v in zip(_PARAMETERS, law.origin.row, strict=True))
        told = f"PCU {law.pcu}, MJD {law.day:.0f}, {law.origin.file}[{law.origin.hdu}]: {numbers}"
        used = f"channel = {law.a:.9g} + {law.b:.9g} E + {law.c:.9g} E^2 + {law.d:.9g} E^3"
        cards += [("HISTORY", text) for text in (told, used)]
    return cards


def matrix_header(detector: str, kind: str, creator: str, laws: Sequence[ChannelLaw]) -> Header:
    """Return the keywords of a matrix.

    Parameters
    ----------
    detector : str
        DETNAM.
    kind : str
        HDUCLAS3: DETECTOR for a matrix with the efficiency, FULL for one that contains the area, too.
    creator : str
        The task.
    laws : sequence of ChannelLaw
    """
    cards: list[CardTuple] = [
        *(("HDUCLAS2", "RSP_MATRIX", "response matrix"), ("HDUCLAS3", kind, "FULL contains the effective area")),
        *(("HDUVERS1", "1.0.0"), ("HDUVERS2", "1.3.0")),
        ("LO_THRES", THRESHOLD, "elements that are not above are not stored"),
    ]
    return Header([*_common(detector, creator), *cards, *law_cards(laws)])


def ebounds_header(detector: str, creator: str, laws: Sequence[ChannelLaw]) -> Header:
    """Return the keywords of EBOUNDS; see `matrix_header`.

    Parameters
    ----------
    detector : str
        DETNAM.
    creator : str
        The task.
    laws : sequence of ChannelLaw
        The first one is named.
    """
    cards: list[CardTuple] = [
        ("HDUCLAS2", "EBOUNDS", "nominal energies of channels"),
        *(("HDUVERS1", "1.0.0"), ("HDUVERS2", "1.2.0")),
        ("COMMENT", "energies are nominal: 22 eV for each electron that a photon frees"),
    ]
    return Header([*_common(detector, creator), *cards, *law_cards(laws[:1])])


def _common(detector: str, creator: str) -> list[CardTuple]:
    return [
        *(("HDUCLASS", "OGIP", "format conforms to OGIP standard"), ("HDUCLAS1", "RESPONSE", "of a spectrum")),
        *(("HDUVERS", "1.3.0", "OGIP memo CAL/GEN/92-002a"), ("RMFVERSN", "1992a")),
        *(("TELESCOP", "XTE", "mission"), ("INSTRUME", "PCA", "instrument"), ("DETNAM", detector, "detectors")),
        *(("FILTER", "NONE", "there is no filter"), ("CHANTYPE", "PHA", "channels as detected")),
        *(("EFFAREA", 1.0, "area scaling factor"), ("CREATOR", creator, "program that produced this file")),
    ]


def pca_response_file(
    response: Response,
    detector: str,
    laws: Sequence[ChannelLaw],
    creator: str,
    *,
    full: bool = True,
    told: Sequence[str] = (),
    name: str = "SPECRESP MATRIX",
    date: str | None = None,
) -> bytes:
    """Return a PCA response as a file.

    Parameters
    ----------
    response : Response
    detector : str
    laws : sequence of ChannelLaw
        Of all layers and PCUs in it.
    creator : str
    full : bool
        Whether it contains the effective area.
    told : sequence of str
        Further things to say, as HISTORY: collimators, weights.
    name : str
        EXTNAME of the matrix.
    date : str, optional
        DATE; by default, now. Empty for none: then equal content gives equal bytes.
    """
    matrix = matrix_header(detector, "FULL" if full else "DETECTOR", creator, laws)
    for text in told:
        matrix.append("HISTORY", text)
    ebounds = ebounds_header(detector, creator, laws)
    return response_bytes(response, matrix, ebounds, name, primary_hdu(), date)
