"""One simulated observation directory."""

from __future__ import annotations

import numpy as np

from rossi.pca.filter import build_filter_file, needed_files
from rossi.simulate.detector import Rows, observe, segments
from rossi.simulate.fast.observation import fast_files
from rossi.simulate.fast.photons import draw_photons, standard1_counts
from rossi.simulate.filter_file import true_filter_file
from rossi.simulate.hexte import hexte_files
from rossi.simulate.housekeeping import acs_samples, housekeeping_file, orbit_file, pcu_samples
from rossi.simulate.indices import index_files
from rossi.simulate.science import SAMPLE, standard1_file, standard2_file
from rossi.simulate.spec import ROW, ObservationSpec
from rossi.simulate.standard_pca import pca_products
from rossi.simulate.truth import good_rows

_GZIP = b"\x1f\x8b"
#: Sets the random numbers of photons apart from those of counts.
_STREAM = 3


def simulate_observation(spec: ObservationSpec) -> dict[str, bytes]:
    """Make all files of an observation.

    Parameters
    ----------
    spec : ObservationSpec

    Returns
    -------
    dict
        Path relative to the observation's directory (``pca/FS4a_...gz``) to content; equal specifications give equal
        bytes.

    Raises
    ------
    ConfigError
        If the source is too bright for the counters.
    """
    rng = np.random.default_rng(np.random.SeedSequence(spec.entropy))
    rows = observe(spec, rng)
    pcus, acs = pcu_samples(spec), acs_samples(spec)
    good = good_rows(spec, rows.time)
    files = [housekeeping_file(spec, samples) for samples in (*acs, *pcus)]
    files.append(orbit_file(spec))
    made: list[tuple[str, bytes] | None] = [*pca_products(spec, rows, good)]
    for run in segments(rows.time):
        made.append(standard2_file(spec, rows[run]))
        if spec.fast is None:
            made.append(standard1_file(spec, rows[run], rng))
        else:
            made += _of_photons(spec, rows[run], rng)
    files += [file for file in made if file is not None]
    files += hexte_files(spec, good)
    filter_name = f"stdprod/x{spec.obsid.stem}.xfl"
    named = index_files(spec, [*(path for path, _ in files), filter_name])
    named |= {path + ".gz" * content.startswith(_GZIP): content for path, content in files}
    inputs = {path: named[path] for path in needed_files(named)}
    laid_out = build_filter_file(inputs, None)
    named[filter_name + ".gz" * spec.compress] = true_filter_file(spec, rows, laid_out)
    return named


def _of_photons(spec: ObservationSpec, rows: Rows, rng: np.random.Generator) -> list[tuple[str, bytes] | None]:
    """Return Standard1 and the fast files of contiguous rows, all with the same photons."""
    assert spec.fast is not None  # or there are no photons
    start, stop = int(rows.time[0]), int(rows.time[-1]) + ROW
    photons = draw_photons(spec, spec.fast, rows, np.random.default_rng([*spec.entropy, _STREAM, start]))
    xenon = standard1_counts(photons, rows.time, int(ROW / SAMPLE))
    standard1 = standard1_file(spec, rows, rng, xenon)
    return [standard1, *fast_files(spec, spec.fast.configurations, photons, (start, stop))]
