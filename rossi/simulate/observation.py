"""One simulated observation directory."""

from __future__ import annotations

import numpy as np

from rossi.pca.filter import build_filter_file, needed_files
from rossi.simulate.detector import observe, pcu_on, segments
from rossi.simulate.hexte import hexte_files
from rossi.simulate.housekeeping import acs_samples, housekeeping_file, orbit_file, pcu_samples
from rossi.simulate.indices import index_files
from rossi.simulate.lightcurve import net_light_curve
from rossi.simulate.science import standard1_file, standard2_file
from rossi.simulate.spec import ObservationSpec
from rossi.simulate.truth import good_rows

_GZIP = b"\x1f\x8b"


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
    good = good_rows(spec, rows.time) & pcu_on(spec, rows.time)[:, 2]
    files = [housekeeping_file(spec, samples) for samples in (*acs, *pcus)]
    files.append(orbit_file(spec))
    made = [net_light_curve(spec, rows, good)]
    for run in segments(rows.time):
        made += [standard2_file(spec, rows[run]), standard1_file(spec, rows[run], rng)]
    files += [file for file in made if file is not None]
    files += hexte_files(spec)
    filter_name = f"stdprod/x{spec.obsid.stem}.xfl"
    named = index_files(spec, [*(path for path, _ in files), filter_name])
    named |= {path + ".gz" * content.startswith(_GZIP): content for path, content in files}
    inputs = {path: named[path] for path in needed_files(named)}
    named[filter_name + ".gz" * spec.compress] = build_filter_file(inputs, None, compress=spec.compress)
    return named
