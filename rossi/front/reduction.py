"""What `rossi.reduce` returns: an observation's products as values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rossi.errors import ConfigError, NoGoodTime
from rossi.facts import Told, as_html
from rossi.fits.astropy_table import to_astropy
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.saving import save
from rossi.front.made import Made
from rossi.front.named import Named
from rossi.front.observation import Observation
from rossi.given import path_text
from rossi.goodtime import GoodTime, read_good_time
from rossi.product import Content, File, Kind
from rossi.remarks import Remark
from rossi.spectra.area import with_area
from rossi.spectra.mean_response import area_in
from rossi.spectra.pha import Spectrum, read_pha
from rossi.spectra.response_file import read_response
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.series import LightCurve
from rossi.timing.power_product import PowerSpectrum, read_power

if TYPE_CHECKING:
    from astropy import table as astropy_table


class Reduction(Told):
    """The products of an observation, in memory; made by `rossi.reduce`.

    Parameters
    ----------
    observation : Observation
    made : mapping of str to Made
        By instrument: ``pca``, ``hexte``; ``fast`` for the PCA's fast data.
    caveats : tuple of Remark
        What there is to know of the products.
    """

    def __init__(self, observation: Observation, made: Mapping[str, Made], caveats: tuple[Remark, ...]) -> None:
        self.observation, self.caveats, self._made = observation, caveats, dict(made)

    @cached_property
    def pca(self) -> Named[LightCurve]:
        """Light curves of the PCA by band: ``ch5-10``; net where a background was estimated, count/s/PCU."""
        return self._curves("pca")

    @cached_property
    def hexte(self) -> Named[LightCurve]:
        """Net light curves of HEXTE by cluster and band: ``pwa_ch15-61``; count/s."""
        return self._curves("hexte", Content.NET)

    @cached_property
    def parts(self) -> Named[LightCurve]:
        """HEXTE's light curves of source and background, dwell by dwell: ``pwa_ch15-61_src``, ``..._bkg``; count/s."""
        return self._curves("hexte", Content.TOTAL, Content.BACKGROUND)

    @cached_property
    def spectra(self) -> Named[Spectrum]:
        """Spectra: ``pca_src`` and ``pca_bkg`` (exposure in PCU s), HEXTE's ``pwa_src``, ``pwa_bkg``, ``pwa_p``, ...

        Those on source have their response, where there is one.
        """
        found = {f"pca_{label}": _opened(file) for label, file in self._files("pca", Kind.SPECTRUM).items()}
        found |= {label: _opened(file) for label, file in self._files("hexte", Kind.SPECTRUM).items()}
        spectra = {label: self._with_response(read_pha(file)) for label, file in found.items()}
        return Named(spectra, "spectrum", self._why_not())

    def _with_response(self, spectrum: Spectrum) -> Spectrum:
        names = [spectrum.text(keyword) for keyword in ("RESPFILE", "ANCRFILE")]
        if names[0] not in self.files:
            return spectrum
        response, _ = read_response(self.files[names[0]], names[0])
        if names[1] in self.files:
            response = with_area(response, area_in(self.files[names[1]], names[1]))
        return replace(spectrum, response=response)

    @cached_property
    def fast(self) -> Named[astropy_table.Table]:
        """Fast light curves: ``fast``, a row for each run of bins, with the counts of each band (table FAST)."""
        return self._tables(Kind.FAST_LIGHT_CURVE, "fast light curve")

    @cached_property
    def standard1(self) -> Named[LightCurve]:
        """Standard1, ``std1``: dead time corrected, net where a background was estimated; count/s/PCU."""
        return self._curves("fast")

    @cached_property
    def events(self) -> Named[astropy_table.Table]:
        """Screened events by mode: ``GoodXenon_2s``; TIME with TIMEZERO of ``meta`` added is MET (TT)."""
        return self._tables(Kind.EVENTS, "event list")

    @cached_property
    def power(self) -> Named[PowerSpectrum]:
        """Power spectra of the PCA by band: ``ch0-255``."""
        found = {label: read_power(_opened(file)) for label, file in self._files("fast", Kind.POWER_SPECTRUM).items()}
        return Named(found, "power spectrum", self._why_none("fast"))

    @cached_property
    def bursts(self) -> astropy_table.Table:
        """Candidates of bursts, a row each; those with a REASON are rejected.

        Raises
        ------
        NoSuchName
            If bursts were not looked for.
        """
        return self._tables(Kind.BURSTS, "table of bursts")["bursts"]

    @cached_property
    def gti(self) -> Named[GoodTime]:
        """The good time that was applied, by instrument: ``pca``, ``hexte``."""
        found = {
            instrument: read_good_time(_opened(file))
            for instrument in self._made
            for file in self._files(instrument, Kind.GOOD_TIME).values()
        }
        return Named(found, "good time of an instrument", self._why_not())

    @cached_property
    def filter_file(self) -> astropy_table.Table:
        """The filter file: where the satellite pointed and which PCUs were on, every 16 s, with units.

        ``Time`` is spacecraft clock [s]; TIMEZERO of ``meta`` added gives MET (TT).

        Raises
        ------
        NoGoodTime
            If there is none, as nothing was reduced.
        """
        for made in self._made.values():
            if made.filter_file is not None:
                return to_astropy(_opened(made.filter_file).table(hdu=1))
        raise NoGoodTime(f"There is no filter file. {self._why_not()}".rstrip())

    @property
    def files(self) -> dict[str, bytes]:
        """The products as files by name, as the command ``rossi reduce --out`` writes them."""
        return {file.name: file.data for made in self._made.values() for file in made.products}

    def write(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write all products into a folder, which is made.

        Parameters
        ----------
        folder : str or path-like
        overwrite : bool
            Whether files that are there already are replaced.

        Returns
        -------
        list of Path

        Raises
        ------
        ConfigError
            If there is such a file already (then none is written), or one can't be written.
        """
        place = Path(path_text(folder, "folder"))
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{place}: the folder can't be made ({error.strerror}); give another place.") from None
        if not overwrite and (there := [name for name in self.files if os.path.lexists(place / name)]):
            raise ConfigError(
                f"{place / there[0]}: there is such a file already; give another folder, or overwrite=True."
            )
        return [save(place / name, data, overwrite=overwrite) for name, data in self.files.items()]

    def _files(self, instrument: str, kind: Kind, *contents: Content) -> dict[str, File]:
        return self._made[instrument].of(kind, *contents) if instrument in self._made else {}

    def _curves(self, instrument: str, *contents: Content) -> Named[LightCurve]:
        found = {
            label: read_light_curve(file.data, file.name, quantity=None)
            for label, file in self._files(instrument, Kind.LIGHT_CURVE, *contents).items()
        }
        return Named(found, f"light curve of {instrument.upper()}", self._why_none(instrument))

    def _tables(self, kind: Kind, what: str) -> Named[astropy_table.Table]:
        found = {label: to_astropy(_opened(file).table(hdu=1)) for label, file in self._files("fast", kind).items()}
        return Named(found, what, self._why_none("fast"))

    def _why_none(self, instrument: str) -> str:
        asked = "products" if instrument == "fast" or set(self._made) == {"fast"} else "instruments"
        return self._made[instrument].why_not if instrument in self._made else f"It was not asked for ({asked})."

    def _why_not(self) -> str:
        return " ".join(made.why_not for made in self._made.values() if made.why_not)

    def _facts(self) -> dict[str, str]:
        products: list[LightCurve | Spectrum] = [*self.pca.values(), *self.parts.values(), *self.spectra.values()]
        targets = (product.text("OBJECT") for product in products)
        facts = {"observation": str(self.observation.obsid), "target": next(filter(None, targets), "")}
        for instrument, curves in (("pca", self.pca), ("hexte", self.hexte)):
            if instrument in self._made:
                facts[instrument] = f"{instrument.upper()}: {', '.join(curves) or 'nothing'}"
        if "fast" in self._made:
            kinds = dict.fromkeys(file.about.kind for file in self._made["fast"].products if file.about.kind)
            named = [str(kind).replace("_", " ") for kind in kinds if kind is not Kind.GOOD_TIME]
            facts["fast"] = f"fast data: {', '.join(named) or 'nothing'}"
        facts["spectra"] = f"spectra: {', '.join(self.spectra)}" if self.spectra else ""
        return facts | {"caveats": f"{len(self.caveats)} caveats" if self.caveats else ""}

    def _repr_html_(self) -> str:
        told = {f"caveat {number}": str(caveat) for number, caveat in enumerate(self.caveats, 1)}
        return as_html("Reduction", self._facts() | told)


def _opened(file: File) -> FitsFile:
    return open_fits(file.data, file.name)
