"""Headers whose copies share what is known of them, against plain lists of cards."""

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import DataError
from rossi.fits.cards import card_comment, card_image
from rossi.fits.header import BLOCK, Header

NAMES = ("A", "B", "TTYPE1", "TFORM1", "TTYPE2", "C", "OTHER1")


def agrees(header, cards):
    """Whether a header says the same as a list of keywords and values."""
    first = dict(reversed(cards))
    assert [name for name, _ in header.images()] == [name for name, _ in cards]
    assert list(header) == list(dict.fromkeys(name for name, _ in cards))
    assert {name: header.get(name) for name in NAMES} == {name: first.get(name) for name in NAMES}
    assert {name for name in NAMES if name in header} == set(first)
    described = [card_image(name, value) for name, value in cards if name.startswith(("TTYPE", "TFORM"))]
    assert list(header.column_cards()) == described
    assert header.picked(("A", "NOPE", "B")) == [(n, card_image(n, first[n])) for n in ("A", "B") if n in first]


@pytest.mark.parametrize("seed", range(12))
def test_any_series_of_changes(seed):
    random = np.random.default_rng(seed)
    headers = [(Header([("A", 0), ("A", 1)]), [("A", 0), ("A", 1)])]
    for value in range(60):
        at = int(random.integers(len(headers)))
        header, cards = headers[at]
        name, what = str(random.choice(NAMES)), int(random.integers(7))
        if what == 0:
            headers.append((header.copy(), list(cards)))
        elif what == 1:
            header.append(name, value)
            cards.append((name, value))
        elif what in (2, 3):
            header.set(name, value)
            found = [n for n, (key, _) in enumerate(cards) if key == name]
            if found:
                cards[found[0]] = (name, value)
            else:
                cards.append((name, value))
        elif what == 4:
            headers.append((header.without((name,), ("OTHER",)), [c for c in cards if c[0] not in (name, "OTHER1")]))
        elif what == 5:
            headers.append((Header.from_block(header.to_block()), list(cards)))
        else:
            other, theirs = headers[int(random.integers(len(headers)))]
            if other is not header and len(cards) < 200:
                header.add(other, frozenset({name}))
                cards += [card for card in theirs if card[0] != name]
        for one, expected in headers:
            agrees(one, expected)
        headers = headers[-5:]


def test_cards_are_copied_where_there_are_none():
    header, other = Header([("A", 1), ("B", 2)]), Header([("B", 3), ("C", 4, "said"), ("C", 5)])
    header.copy_from(other, ("C", "B", "D"))
    assert [(key, header[key]) for key in header] == [("A", 1), ("B", 2), ("C", 4)]
    assert (header.comment("C"), header.comment("D"), header.image("D")) == ("said", "", b"")


def test_long_history_has_several_cards():
    text = "".join(str(n % 10) for n in range(150))
    image = card_image("HISTORY", text)
    assert [image[at : at + 8] for at in range(0, len(image), 80)] == [b"HISTORY "] * 3
    assert b"".join(image[at + 8 : at + 80] for at in range(0, len(image), 80)).decode() == text.ljust(3 * 72)


@pytest.mark.parametrize("value", ["y" * 100, "text", 1.5, 10**22, True, None])
def test_comments_of_cards_of_every_form(value):
    image = str(fits.Card("KEY", value, "said")).encode()
    assert card_comment(image) == "said"
    assert card_comment(card_image("KEY", value)) == ""


@pytest.mark.parametrize(
    ("value", "room"),
    [
        ("x" * 8, 47),
        ("x" * 40, 25),
        ("x" * 64, 1),
        ("x" * 65, 0),
        ("x" * 68, 0),
        (1, 47),
        (-1.2345678901234567e-100, 43),
    ],
)
def test_comments_are_cut_where_the_card_ends(value, room):
    """Ten characters of keyword and sign, twenty or more of the value, and three before the comment."""
    image = card_image("KEY", value, "c" * 100)
    assert (len(image), card_comment(image)) == (80, "c" * room)
    assert fits.Card.fromstring(image).value == (value if isinstance(value, str) else pytest.approx(value, rel=1e-12))


@pytest.mark.parametrize(("cards", "blocks"), [(0, 1), (35, 1), (36, 2), (71, 2), (72, 3)])
def test_blocks_are_full(cards, blocks):
    header = Header([(f"K{n}", n) for n in range(cards)])
    block = header.to_block()
    assert len(block) == blocks * BLOCK
    assert block[cards * 80 :] == b"END".ljust(len(block) - cards * 80)
    one_less = header.to_block((card_image("MORE", 1),), frozenset({"K0"}))
    assert len(one_less) == max(1, blocks if cards else 1) * BLOCK and b"K0 " not in one_less
    assert one_less.count(b"MORE    =") == 1


@pytest.mark.parametrize(
    ("value", "number", "finite", "count"),
    [
        *[(0, 0, 0, 0), (7, 7, 7, 7), (7.0, 7, 7, 7), (-1, -1, -1, None), (1.5, 1.5, 1.5, None), (True, *[None] * 3)],
        *[("'7'", None, None, None), (0.0, 0, 0, 0), ((1 << 53) + 1, 1 << 53, 1 << 53, (1 << 53) + 1)],
        *[(10**69, 1e69, 1e69, 10**69), ("1E400", np.inf, None, None), ("-1E400", -np.inf, None, None)],
    ],
)
def test_numbers(value, number, finite, count):
    image = f"N       = {str(value).upper() if value is not True else 'T':>20}".encode().ljust(80)
    header = Header.of([("N", image)])
    for call, expected in ((header.number, number), (header.finite, finite), (header.count, count)):
        if expected is None:
            with pytest.raises(DataError, match=r"w: keyword N is .*was expected|w: keyword N is .*can't"):
                call("N", "w")
        else:
            assert call("N", "w") == expected
        assert call("NOPE", "w", 5) == 5
        with pytest.raises(DataError, match="w: keyword NOPE is missing; a number was expected"):
            call("NOPE", "w")
