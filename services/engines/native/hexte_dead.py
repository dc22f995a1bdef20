"""Stage ``hexte_dead`` on the native engine."""

from __future__ import annotations

from rossi.calibration_roles import Role
from rossi.hexte.observation import reduce_observation
from rossi.hexte.parts import Part
from rossi.hexte.science import Cluster, cluster_of
from rossi.maketime import find_good_time
from services.contract import Inputs, Outputs
from services.engines.hexte import attitude_of, outputs_of, wanted_of
from services.engines.native.files import opened_calibration
from services.hexte_dead.stage import HexteDeadConfig


def hexte_dead(config: HexteDeadConfig, inputs: Inputs) -> Outputs:
    """Extract, correct for dead time, and subtract the background; see `reduce_observation` for what is raised."""
    filter_file = inputs["filter_file"][0].opened()
    good_time = find_good_time(filter_file, config.expression, config.prefr, config.postfr)
    parts = [Part.of(item) for item in inputs["science"]]
    roles = {Cluster.A: Role.DEAD_TIME_A, Cluster.B: Role.DEAD_TIME_B}
    there = {cluster_of(part.table) for part in parts}
    coefficients = {
        cluster: opened_calibration(inputs[role][0]).table() for cluster, role in roles.items() if cluster in there
    }
    correction = next((opened_calibration(item).table() for item in inputs.get(Role.BACKGROUND_A, ())), None)
    rocking = [item.opened() for item in inputs.get("rocking", ())]
    made = reduce_observation(parts, good_time.gti, rocking, coefficients, wanted_of(config), correction)
    attitude = attitude_of(filter_file, good_time.gti)
    return outputs_of(config, made, good_time.file, inputs, attitude, good_time.remarks)
