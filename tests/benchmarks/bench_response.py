"""How long the response of a PCA spectrum takes, as a ratio to a product of matrices of its size.

    python -m tests.benchmarks.bench_response [--repeat 30]

One PCU, all xenon layers, Standard2 bins, a source on axis: laws, matrix, bins, area. The reference multiplies matrices
of 300 x 256 and 256 x 256, once a layer. CPU time in one warm process.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from rossi.energy import observed_files, shared_matrix
from rossi.energy.bands import STANDARD2_STARTS
from rossi.energy.built_in import built_in_table
from rossi.energy.layers import ALL_XENON
from rossi.energy.pca_response import PcaResponseRequest, pca_response
from rossi.energy.response_calibration import known_built_in
from rossi.spectra.channels import ChannelGroup
from tests.benchmarks.table import Row, least, script

MJD = 53700.0
GROUPS = [ChannelGroup(first, beyond - 1, beyond - first) for first, beyond in pairwise(STANDARD2_STARTS)]


def response() -> None:
    """Make the response of PCU 2."""
    table = built_in_table().extension(2, MJD)
    pca_response(PcaResponseRequest(MJD, (ALL_XENON,), {2: 1.0}, GROUPS), {2: table}, {})


def shared(pcus: tuple[int, ...] = (0, 1, 2, 3, 4)) -> None:
    """Make a matrix of all PCUs as a file, as a process does that has none yet."""
    for cached in (shared_matrix.shared_matrix, shared_matrix._pcu_matrix, observed_files.matrix_file):
        cached.cache_clear()
    known(pcus)


def known(pcus: tuple[int, ...] = (0, 1, 2, 3, 4)) -> None:
    """Ask for a matrix that the process has."""
    shares = tuple((pcu, shared_matrix.STEPS // len(pcus)) for pcu in pcus)
    recipe = shared_matrix.MatrixRecipe(53702.0, (ALL_XENON,), shares, tuple(GROUPS))
    observed_files.matrix_file(known_built_in(), recipe)


def reference() -> None:
    """Multiply matrices."""
    a, b = np.ones((300, 256)), np.ones((256, 256))
    for _ in range(3):
        a @ b


def rows(repeat: int = 30) -> Iterator[Row]:
    """Return what responses cost."""
    ours, theirs, made, there = least(repeat, response, reference, shared, known)
    against = "product of matrices of its size"
    yield Row("PCA response of a PCU", ours, "s CPU", against, theirs)
    yield Row("PCA matrix of five PCUs, as a file", made, "s CPU", against, theirs)
    yield Row("PCA matrix of five PCUs that the process has already", there, "s CPU", against, theirs)


if __name__ == "__main__":
    script(rows)
