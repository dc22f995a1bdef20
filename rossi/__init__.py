"""Reduction of the archive of the Rossi X-ray Timing Explorer, from the archive's files to light curves and spectra.

    import rossi

    obs = rossi.open("20402-01-45-03", archive="/data/rxte")
    result = rossi.reduce(obs, bands=[(5, 10)], calibration="$CALDB")
    result.pca["ch5-10"].plot()

`open`, `reduce` and `read` are for sessions and notebooks; `rossi.ftools` has tasks under their FTOOLS names. What is
behind a name is imported when it is used.
"""

from importlib import import_module

#: As in `typing`, which takes several times as long to import as all this.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from rossi.archive import ObsID
    from rossi.errors import ConfigError, DataError, NoGoodTime, RossiError
    from rossi.front.observation import Observation
    from rossi.front.observation import open_observation as open
    from rossi.front.reading import read
    from rossi.front.reducing import reduce
    from rossi.front.reduction import Reduction
    from rossi.goodtime import GoodTime
    from rossi.spectra.pha import Spectrum
    from rossi.timeseries.series import LightCurve
    from rossi.version import __version__

__all__ = [
    "ConfigError",
    "DataError",
    "GoodTime",
    "LightCurve",
    "NoGoodTime",
    "ObsID",
    "Observation",
    "Reduction",
    "RossiError",
    "Spectrum",
    "__version__",
    "open",
    "read",
    "reduce",
]

#: Where each name is, and what it is called there.
_HOMES = {
    "ConfigError": "rossi.errors:ConfigError",
    "DataError": "rossi.errors:DataError",
    "GoodTime": "rossi.goodtime:GoodTime",
    "LightCurve": "rossi.timeseries.series:LightCurve",
    "NoGoodTime": "rossi.errors:NoGoodTime",
    "ObsID": "rossi.archive:ObsID",
    "Observation": "rossi.front.observation:Observation",
    "Reduction": "rossi.front.reduction:Reduction",
    "RossiError": "rossi.errors:RossiError",
    "Spectrum": "rossi.spectra.pha:Spectrum",
    "__version__": "rossi.version:__version__",
    "open": "rossi.front.observation:open_observation",
    "read": "rossi.front.reading:read",
    "reduce": "rossi.front.reducing:reduce",
}


if not TYPE_CHECKING:  # a checker knows the names from above, and that there are no others

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            hint = import_module("rossi.errors").did_you_mean(name, __all__)
            raise AttributeError(f"module 'rossi' has no attribute {name!r}{hint and '; '}{hint}")
        module, _, called = _HOMES[name].partition(":")
        value = getattr(import_module(module), called)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    rooms = {name for name, value in globals().items() if getattr(value, "__name__", "").startswith("rossi.")}
    return sorted({*__all__, *rooms, *(name for name in globals() if name.startswith("__"))})
