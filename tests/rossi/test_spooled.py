"""Files whose content is on disk."""

import gc
from dataclasses import fields

from rossi.product import About, File, Kind
from rossi.spooled import SpooledFile


def test_it_is_like_a_file_in_memory():
    about = About(Kind.EVENTS, "x")
    plain, spooled = File("a", b"content", about=about), SpooledFile("a", b"content", about)
    for one in fields(File):
        assert getattr(spooled, one.name) == getattr(plain, one.name)
    assert spooled.size == 7 and spooled.spool.path.read_bytes() == b"content"


def test_nothing_is_left_of_it():
    spooled = SpooledFile("a", b"content")
    path = spooled.spool.path
    assert path.exists()
    del spooled
    gc.collect()
    assert not path.exists()
