"""What a report shows, together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.merge.details import Details
from services.merge.fields import Fields
from services.merge.observations import Observation
from services.merge.products import MergedBand


@dataclass(frozen=True, slots=True)
class Shown:
    """Observations and their bands.

    Parameters
    ----------
    observations : sequence of Observation
        All that were asked for, in time order.
    bands : sequence of MergedBand
    details : mapping of ObsID to Details
    fields : Fields
        Where HEXTE looked beside the source.
    """

    observations: Sequence[Observation]
    bands: Sequence[MergedBand]
    details: Mapping[str, Details] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
