"""What figures look like: pictures of each kind, looked at once and kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.testing.compare import compare_images
from PIL import Image

from tests.rossi.plot.pictures import FIGURES, KNOWN, VERSION, draw

#: Root mean square of the difference, of 255: less than a line that is a point wider makes.
_SAME = 0.02


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_as_it_did(name: str, tmp_path: Path) -> None:
    """Where it shall look different, `tests.rossi.plot.pictures` says how that is made known."""
    known, drawn = KNOWN / f"{name}.png", tmp_path / f"{name}.png"
    with Image.open(known) as image:
        drawn_by = image.info["Software"].partition(",")[0]
    if drawn_by != VERSION:
        pytest.skip(f"pictures are of {drawn_by}, and this is {VERSION}: texts and marks are drawn otherwise")
    draw(name, drawn)
    assert compare_images(str(known), str(drawn), _SAME) is None
