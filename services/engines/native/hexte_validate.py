"""Stage ``hexte_validate``, whoever split the data."""

from __future__ import annotations

from rossi.calibration_roles import Role
from rossi.hexte.parts import Part
from rossi.hexte.science import Cluster
from rossi.validate.hexte import HexteData, compare_hexte
from services.contract import Inputs, Outputs
from services.engines.native.validation import standard_products, validation_outputs
from services.hexte_validate.stage import HexteValidateConfig


def hexte_validate(_config: HexteValidateConfig, inputs: Inputs) -> Outputs:
    """Compare light curves and spectra of HEXTE with those of the mission's pipeline.

    Raises
    ------
    NoGoodTime
        If the archive has no standard products of the observation.
    """
    products, problems = standard_products(inputs)
    parts = [Part.of(item) for item in inputs["science"]]
    roles = {Cluster.A: Role.DEAD_TIME_A, Cluster.B: Role.DEAD_TIME_B}
    coefficients = {cluster: inputs[role][0].opened().table() for cluster, role in roles.items()}
    found = compare_hexte(
        products, HexteData(parts, [item.opened() for item in inputs.get("rocking", ())], coefficients)
    )
    obsid = str(parts[0].table.header.get("OBS_ID", "observation")).strip()
    return validation_outputs(obsid, "hexte", products, [*found, *problems])
