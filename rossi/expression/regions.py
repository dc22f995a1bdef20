"""Region files in the plane of two columns, as SAOImage DS9 and fv write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.expression import shapes

_SHAPE = re.compile(r"[;\s]*(?P<sign>[+-]?)\s*(?P<name>[A-Za-z]+)\s*\((?P<numbers>[^()]*)\)")
#: Words that say the numbers are pixels, that is, values of the columns.
_PLAIN = re.compile(r"[;\s]*(image|physical)\b", re.IGNORECASE)
_SKY = re.compile(r"[;\s]*(fk4|fk5|icrs|j2000|b1950)\b", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[pPiI]?")


def _rectangle(x1: float, y1: float, x2: float, y2: float, angle: float, x: Any, y: Any) -> Any:
    along, across = shapes.turned(x - x1, y - y1, angle)
    width, height = shapes.turned(x2 - x1, y2 - y1, angle)  # the corners are those of the turned rectangle
    low, high = sorted((0.0, width)), sorted((0.0, height))
    return (along >= low[0]) & (along <= low[1]) & (across >= high[0]) & (across <= high[1])


def _annulus(xc: float, yc: float, inner: float, outer: float, x: Any, y: Any) -> Any:
    return shapes.circle(xc, yc, outer, x, y) & ((x - xc) ** 2 + (y - yc) ** 2 >= inner**2)


def _hollow(shape: Callable[..., Any]) -> Callable[..., Any]:
    """Return a shape without a smaller one of the same kind: inner and outer sizes, inner and outer angle."""

    def inside(xc: float, yc: float, *rest: Any) -> Any:
        (wi, hi, wo, ho, *angles), (x, y) = rest[:-2], rest[-2:]
        outer = shape(xc, yc, wo, ho, angles[-1], x, y)
        return outer & ~shape(xc, yc, wi, hi, angles[0], x, y)

    return inside


def _point(xc: float, yc: float, x: Any, y: Any) -> Any:
    return (x - xc >= -0.5) & (x - xc < 0.5) & (y - yc >= -0.5) & (y - yc < 0.5)


#: Shapes by name: how many numbers they have without the angle that may be left out, how many angles, and the test.
_SHAPES: Mapping[str, tuple[int, int, Callable[..., Any]]] = {
    "POINT": (2, 0, _point),
    "LINE": (4, 0, shapes.segment),
    "CIRCLE": (3, 0, shapes.circle),
    "ANNULUS": (4, 0, _annulus),
    "ELLIPSE": (4, 1, shapes.ellipse),
    "ELLIPTANNULUS": (6, 2, _hollow(shapes.ellipse)),
    "BOX": (4, 1, shapes.box),
    "BOXANNULUS": (6, 2, _hollow(shapes.box)),
    "RECTANGLE": (4, 1, _rectangle),
    "DIAMOND": (4, 1, shapes.diamond),
    "SECTOR": (4, 0, shapes.sector),
}
_OTHER_NAMES = {
    **{"ROTBOX": "BOX", "ROTRECTANGLE": "RECTANGLE", "RHOMBUS": "DIAMOND", "ROTRHOMBUS": "DIAMOND"},
    **{"ROTDIAMOND": "DIAMOND", "PIE": "SECTOR", "ROTELLIPSE": "ELLIPSE"},
}


@dataclass(frozen=True, slots=True)
class Region:
    """One shape of a region file.

    Parameters
    ----------
    included : bool
        False for a shape that is cut out.
    name : str
        In capital letters.
    numbers : tuple of float
    """

    included: bool
    name: str
    numbers: tuple[float, ...]

    def contains(self, x: Any, y: Any) -> NDArray[np.bool_]:
        """Return which points lie in the shape, be it included or not.

        Parameters
        ----------
        x, y : ndarray (...)

        Returns
        -------
        ndarray (...) of bool
        """
        if self.name == "POLYGON":
            return shapes.polygon(np.reshape(self.numbers, (-1, 2)), x, y)
        count, angles, test = _SHAPES[self.name]
        left_out = self.numbers[-1] if len(self.numbers) > count else 0.0
        numbers = self.numbers + (left_out,) * (count + angles - len(self.numbers))
        with np.errstate(all="ignore"):
            return np.asarray(test(*numbers, x, y), bool)


def parse(text: str, where: str) -> list[Region]:
    """Return the shapes of a region file.

    Parameters
    ----------
    text : str
    where : str
        File name, for messages.

    Raises
    ------
    DataError
        For an unknown shape, a wrong number of numbers, and positions on the sky: RXTE's tables have no keywords that
        would say which columns hold them.
    """
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    rest = "\n".join(line for line in lines if not line.lower().startswith("global"))
    regions = []
    while rest.strip("; \t\n"):
        if plain := _PLAIN.match(rest):
            rest = rest[plain.end() :]
            continue
        if _SKY.match(rest):
            raise DataError(
                f"{where}: the regions are on the sky; give them in the columns' units, as image or physical."
            )
        shape = _SHAPE.match(rest)
        if shape is None:
            raise DataError(f"{where}: {rest.strip()[:40]!r} is no region; it should look like circle(83.6,22.0,0.5).")
        regions.append(_region(shape, where))
        rest = rest[shape.end() :]
    if not regions:
        raise DataError(f"{where}: there is no region in the file; it should look like circle(83.6,22.0,0.5).")
    return regions


def _region(shape: re.Match[str], where: str) -> Region:
    name = shape["name"].upper()
    name = _OTHER_NAMES.get(name, name)
    words = shape["numbers"].replace(",", " ").split()
    numbers = [_NUMBER.fullmatch(word) for word in words]
    wrong = next((word for word, number in zip(words, numbers, strict=True) if number is None), None)
    if wrong is not None:
        raise DataError(f"{where}: {wrong!r} of {name} is no plain number; give regions in the columns' units.")
    if name in ("BOX", "ELLIPSE") and len(words) > 5:
        name = {"BOX": "BOXANNULUS", "ELLIPSE": "ELLIPTANNULUS"}[name]
    if name == "POLYGON":
        fits = len(words) >= 6 and len(words) % 2 == 0
    elif name in _SHAPES:
        count, angles, _ = _SHAPES[name]
        fits = count <= len(words) <= count + angles
    else:
        raise DataError(f"{where}: {shape['name']} is no shape of a region; known are POLYGON, {', '.join(_SHAPES)}.")
    if not fits:
        raise DataError(f"{where}: {name} has {len(words)} numbers ({' '.join(words)}), which do not make one.")
    return Region(shape["sign"] != "-", name, tuple(float(number[1]) for number in numbers if number))


def contains(regions: list[Region], x: Any, y: Any) -> NDArray[np.bool_]:
    """Return which points the shapes select: each adds to, or cuts out of, what those before it have left.

    Shapes that are cut out before any is included are cut out of the whole plane; what later ones cut out stays there.

    Parameters
    ----------
    regions : list of Region
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    inside = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y)), bool)
    leading = list(takewhile(lambda region: not region.included, regions))
    plane = np.full(inside.shape, bool(leading))
    for region in leading:
        plane = plane & ~region.contains(x, y)
    for region in regions[len(leading) :]:
        inside = inside | region.contains(x, y) if region.included else inside & ~region.contains(x, y)
    return plane | inside
