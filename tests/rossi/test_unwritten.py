"""Files whose bytes are worked out when somebody asks for them."""

import pickle

from rossi.fits.edit import as_file
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.product import About, File, Kind
from rossi.unwritten import UnwrittenFile

HDUS = (primary_hdu(), [table_hdu("RATE", [(Column("TIME", "D"), [1.5, 2.5])])])
ABOUT = About(Kind.TABLE)


def test_an_unwritten_file_has_the_content_of_a_written_one():
    file = UnwrittenFile(as_file("a.fits", *HDUS), ABOUT)
    assert (file.name, file.about, file.data) == ("a.fits", ABOUT, fits_bytes(*HDUS))
    assert file.opened().tables[0].numbers("TIME").tolist() == [1.5, 2.5]
    assert pickle.loads(pickle.dumps(file)) == File("a.fits", fits_bytes(*HDUS), about=ABOUT)


def test_a_file_that_is_rewritten_is_opened_anew():
    file = UnwrittenFile(as_file("a.fits", *HDUS), ABOUT)
    other = fits_bytes(primary_hdu(), [table_hdu("OTHER", [(Column("TIME", "D"), [3.5])])])
    made = file.rewritten(other)
    assert made == File("a.fits", other, about=ABOUT)
    assert made.opened().tables[0].name == "OTHER" == open_fits(other, "").tables[0].name
    assert made.kept_open() is made.kept_open()
