"""Results of a campaign, packed: those of 120,000 observations take 1.6 GB as objects, and 0.1 GB so."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar, overload

from services.contract import VANISHED, ObservationResult, Outcome, StageResult
from services.contract.reasons import Group, Reasons
from services.execution.observation import NotInArchive
from services.execution.stages import STAGES


class _Named(Protocol):
    @property
    def obsid(self) -> str: ...

    def model_dump_json(self) -> str: ...


Model = TypeVar("Model", bound=_Named)


def _sample() -> bytes:
    """Return what results look like: the more of a text stands in it, the smaller that is packed."""
    band = {"rate": 12.345678, "error": 0.1234567, "exposure": 12345.0, "rows": 123}
    measured = {"target": "", "tstart": 1.1e8, "tstop": 1.2e8, "mjd": 50000.0, "bands": {"ch5-10": band}}
    summary = {"files": 1, **measured, "ontime": 1000.0, "pcus": 4.82, "clusters": {"pwa": {"dwell": 16.0}}}
    told = {"outcome": Outcome.SUCCEEDED, "obsid": "20402-01-45-03", "fingerprint": "0" * 64}
    place = "20402-01-45-03/{}/0123456789abcdef/manifest.json"
    stages = [
        StageResult(stage=name, manifest=place.format(name), summary=summary, seconds=0.123456, **told)
        for name in STAGES
    ]
    return ObservationResult.of("20402-01-45-03", stages).model_dump_json().encode()


_SAMPLE = _sample()


def packed(model: _Named) -> bytes:
    """Return a model of results as few bytes."""
    packing = zlib.compressobj(zdict=_SAMPLE)
    return packing.compress(model.model_dump_json().encode()) + packing.flush()


def unpacked(data: bytes) -> bytes:
    """Return the JSON of what was packed."""
    return zlib.decompressobj(zdict=_SAMPLE).decompress(data)


class Packed(Sequence[Model], Generic[Model]):
    """Models of observations, in an order, each made anew whenever it is looked at.

    Parameters
    ----------
    kind : type
    models : iterable
    """

    def __init__(self, kind: type[Model], models: Iterable[Model] = ()) -> None:
        self._kind: Any = kind
        self._packed: dict[str, bytes] = {}
        for model in models:
            self.add(model)

    def add(self, model: Model) -> None:
        """Add one; another of the same observation is replaced."""
        self._packed[model.obsid] = packed(model)

    def extend(self, others: Packed[Model]) -> None:
        """Add all of others."""
        self._packed.update(others._packed)

    def get(self, obsid: str) -> Model | None:
        """Return that of an observation, None if there is none."""
        return self._unpacked(self._packed[obsid]) if obsid in self._packed else None

    def text(self, obsid: str) -> bytes:
        """Return that of an observation in JSON."""
        return unpacked(self._packed[obsid])

    @property
    def obsids(self) -> Sequence[str]:
        """Of which observations they are."""
        return tuple(self._packed)

    def __iter__(self) -> Iterator[Model]:
        return map(self._unpacked, self._packed.values())

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> Model: ...

    @overload
    def __getitem__(self, index: slice) -> list[Model]: ...

    def __getitem__(self, index: int | slice) -> Model | list[Model]:
        chosen = list(self._packed.values())[index]
        return self._unpacked(chosen) if isinstance(chosen, bytes) else list(map(self._unpacked, chosen))

    def _unpacked(self, data: bytes) -> Model:
        found: Model = self._kind.model_validate_json(unpacked(data))
        return found


class Results(Packed[ObservationResult]):
    """How observations ended, and what is asked of all of them again and again.

    Parameters
    ----------
    results : iterable of ObservationResult
    """

    def __init__(self, results: Iterable[ObservationResult] = ()) -> None:
        self._outcomes: dict[str, Outcome] = {}
        self._reused = Counter[Outcome]()
        self._reasons = Reasons()
        #: Those of which these are the last products, and those that the archive does not have.
        self.vanished: list[str] = []
        self.absent: list[str] = []
        super().__init__(ObservationResult, results)

    def add(self, model: ObservationResult) -> None:
        """Add one.

        Raises
        ------
        ValueError
            If there is one of the same observation.
        """
        if model.obsid in self._outcomes:
            raise ValueError(f"{model.obsid} has a result already.")
        super().add(model)
        self._outcomes[model.obsid] = model.outcome
        self._reused[model.outcome] += model.reused
        self._reasons.add(model)
        if any(caveat.code == VANISHED for stage in model.stages for caveat in stage.caveats):
            self.vanished.append(model.obsid)
        if any(stage.code == NotInArchive.code for stage in model.stages):
            self.absent.append(model.obsid)

    def extend(self, others: Packed[ObservationResult]) -> None:
        """Add all of others; raises as `add` does."""
        if not isinstance(others, Results):
            others = Results(others)
        if both := self._outcomes.keys() & others._outcomes.keys():
            raise ValueError(f"{min(both)} has a result already.")
        super().extend(others)
        self._outcomes.update(others._outcomes)
        self._reused.update(others._reused)
        self._reasons.extend(others._reasons)
        self.vanished += others.vanished
        self.absent += others.absent

    @classmethod
    def of(cls, results: Iterable[ObservationResult]) -> Results:
        """Return results packed, as they are if they are packed."""
        return results if isinstance(results, Results) else cls(results)

    def outcome(self, obsid: str) -> Outcome | None:
        """Return how an observation ended, None if that is not known."""
        return self._outcomes.get(obsid)

    def number(self, outcome: Outcome) -> int:
        """Return how many ended in one way."""
        return sum(how is outcome for how in self._outcomes.values())

    def reused(self, *outcomes: Outcome) -> int:
        """Return how many of those that ended in these ways, or at all, were there already."""
        return sum(self._reused[outcome] for outcome in outcomes or Outcome)

    def ended(self, outcome: Outcome) -> Iterator[ObservationResult]:
        """Iterate over those that ended in one way."""
        return (self._unpacked(self._packed[obsid]) for obsid, how in self._outcomes.items() if how is outcome)

    @property
    def groups(self) -> list[Group]:
        """Return them by what went wrong; see `Reasons`."""
        return self._reasons.groups
