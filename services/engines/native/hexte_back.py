"""Stage ``hexte_back`` on the native engine."""

from __future__ import annotations

from rossi.hexte.observation import split_observation
from services.contract import Inputs, Outputs
from services.engines.hexte import contents, split_outputs
from services.engines.native.files import contents_of, filter_file
from services.hexte_back.stage import HexteBackConfig


def hexte_back(config: HexteBackConfig, inputs: Inputs) -> Outputs:
    """Split the science files of an observation by position, and make its filter file.

    Raises
    ------
    NoGoodTime
        If the observation has no HEXTE data that can be reduced.
    """
    made = split_observation(contents(inputs, "events"), contents(inputs, "archive"), inputs.get("rocking", ()))
    return split_outputs(made, *filter_file(config.filter_file, inputs, contents_of(inputs.get("housekeeping", ()))))
