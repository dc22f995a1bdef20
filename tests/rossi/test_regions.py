"""Which points lie in the shapes of region files."""

import cmath
import math

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.expression import shapes
from rossi.expression.regions import parse


def turn(degrees):
    return cmath.exp(1j * math.radians(degrees))


def is_between(angle, first, last):
    return cmath.phase(angle / turn(first)) % math.tau < cmath.phase(turn(last) / turn(first)) % math.tau


def is_near(along, step):
    """Whether a step lies within half a pixel of the line that goes along."""
    step /= along / abs(along)
    return -0.5 < step.real < abs(along) + 0.5 and abs(step.imag) < 0.5


def is_in_corner(corner, step, angle):
    corner, step = corner / turn(angle), step / turn(angle)
    return 0 < step.real / corner.real < 1 and 0 < step.imag / corner.imag < 1


def is_around(corners, point):
    steps = [complex(*corners[n : n + 2]) - point for n in range(0, len(corners), 2)]
    return abs(sum(cmath.phase(b / a) for a, b in zip(steps, steps[1:] + steps[:1], strict=True))) > 1


#: Whether a point lies in a shape, by complex numbers: of its place from the centre, and the numbers behind that.
INSIDE = {
    "circle": lambda z, r: abs(z) < r,
    "annulus": lambda z, inner, outer: inner < abs(z) < outer,
    "ellipse": lambda z, a, b, angle: math.hypot((z / turn(angle)).real / a, (z / turn(angle)).imag / b) < 1,
    "box": lambda z, a, b, angle: abs((z / turn(angle)).real) < a / 2 and abs((z / turn(angle)).imag) < b / 2,
    "diamond": lambda z, a, b, angle: abs((z / turn(angle)).real) / a + abs((z / turn(angle)).imag) / b < 0.5,
    "pie": is_between,
    "line": lambda z, x, y: is_near(complex(x, y), z),
    "point": lambda z: abs(z.real) < 0.5 and abs(z.imag) < 0.5,
    "rectangle": lambda z, x, y, angle: is_in_corner(complex(x, y), z, angle),
}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("circle", (1, 2, 2.2)),
        ("annulus", (1, 2, 0.7, 2.3)),
        ("ellipse", (1, 2, 3, 1.2, 25)),
        ("box", (1, 2, 5, 2, 25)),
        ("diamond", (1, 2, 5, 3, 25)),
        ("pie", (1, 2, 30, 200)),
        ("pie", (1, 2, 300, 40)),
        ("line", (-2, -1, 2, 3)),
        ("line", (3, 1, -1, 0.5)),
        ("point", (1, 2)),
        ("rectangle", (-1, -2, 2, 3, 20)),
        ("rectangle", (3, 2, -1, -2, -15)),
        ("polygon", (-3, -2, 3, -3, 1, 0, 3, 4, -2, 3, -0.5, 0.25)),
    ],
)
def test_shapes(name, numbers):
    (region,) = parse(f"{name}({','.join(map(str, numbers))})", "x.reg")
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(-4.97, 5, 0.37), np.arange(-4.93, 5, 0.41)))
    points = [complex(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]
    (xc, yc), more = numbers[:2], list(numbers[2:])
    if name in ("line", "rectangle"):  # the other corner from the first
        more[:2] = more[0] - xc, more[1] - yc
    if name == "polygon":
        expected = [is_around(numbers, point) for point in points]
    else:
        expected = [INSIDE[name](point - complex(xc, yc), *more) for point in points]
    assert 5 <= sum(expected) < len(x) / 2 or name == "point"
    assert region.contains(x, y).tolist() == expected


@pytest.mark.parametrize("kind", ["ellipse", "box"])
def test_hollow_shapes_have_an_angle_each(kind):
    """One angle turns both; without any none is turned."""
    x, y = np.meshgrid(np.arange(-4.97, 5, 0.37), np.arange(-4.93, 5, 0.41))
    hollow, whole = {"ellipse": ("elliptannulus", shapes.ellipse), "box": ("boxannulus", shapes.box)}[kind]
    for angles, (inner, outer) in (("", (0, 0)), (",20", (20, 20)), (",10,60", (10, 60))):
        expected = whole(1, 2, 4, 3, outer, x, y) & ~whole(1, 2, 2, 0.8, inner, x, y)
        for name in (hollow, kind):
            (region,) = parse(f"{name}(1,2,2,0.8,4,3{angles})", "x.reg")
            assert np.array_equal(region.contains(x, y), expected)
    for name, numbers in ((kind, "1,2,3,4"), (kind, "1,2,3,4,0")):
        (region,) = parse(f"rot{name}({numbers})", "x.reg")
        assert np.array_equal(region.contains(x, y), whole(1, 2, 3, 4, 0, x, y))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        *[("point", {2}), ("circle", {3}), *((name, {4}) for name in ("line", "annulus", "sector"))],
        *[(name, {4, 5}) for name in ("rectangle", "diamond", "rhombus")],
        *[("box", set(range(4, 9))), ("ellipse", set(range(4, 9))), ("elliptannulus", {6, 7, 8})],
        *[("boxannulus", {6, 7, 8}), ("polygon", {6, 8, 10})],
    ],
)
def test_how_many_numbers_shapes_have(name, counts):
    found = set()
    for count in range(12):
        try:
            (region,) = parse(f"{name}({' '.join(map(str, range(1, count + 1)))})", "x.reg")
        except DataError:
            continue
        assert region.numbers == tuple(range(1, count + 1))
        region.contains(np.zeros(1), np.zeros(1))
        found.add(count)
    assert found == counts
