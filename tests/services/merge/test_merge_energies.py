"""Merges through gain epochs: a band in keV is one curve, one in channels tells by how much its energies moved."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rossi.energy.band_energies import hexte_energies, pca_energies
from rossi.energy.bands import EnergyBand
from rossi.energy.built_in import built_in_table
from rossi.extract.energies import energies_of, with_energies
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.met import met_to_mjd
from rossi.product import About, BandEnergies, Content, File, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import Outputs
from services.merge.config import MergeConfig
from services.merge.stage import merge_files
from tests.services.merge.made import product

CONFIG = MergeConfig(title="SIM")
#: MET [s] of 1996-02-20, 1998-03-01 and 2001-01-15.
STARTS = (67392000.0, 131328000.0, 222134400.0)
OBSIDS = ("10101-01-01-00", "30101-01-01-00", "50101-01-01-00")


def curve(start: float, obsid: str, low: int, high: int) -> bytes:
    """Return a curve of channels; those of pcaextlc2 and of stages say so."""
    time = start + 16.0 * np.arange(5)
    cards = {"TELESCOP": "XTE", "INSTRUME": "PCA", "OBJECT": "SIM X-1", "RA_OBJ": 10.0, "DEC_OBJ": 20.0}
    cards |= {"OBS_ID": obsid, "MINCHAN": low, "MAXCHAN": high, "HDUCLAS2": "NET", "BACKAPP": True}
    live = {"LiveTime": np.full(5, 80.0)}
    good, rate = filled_intervals(time, 16.0), np.full(5, 100.0)
    made = LightCurve("x", time, rate, rate / 50, np.ones(5), 16.0, good, Header(list(cards.items())), Header(), live)
    return write_light_curve(made)


def in_kev(start: float, obsid: str) -> tuple[bytes, BandEnergies]:
    energies = pca_energies(EnergyBand(2, 9), built_in_table(), float(met_to_mjd(start)))
    name = f"{obsid}_2-9keV.lc"
    return with_energies(curve(start, obsid, *energies.channels), name, energies), energies


def files(*, told: bool) -> list[File]:
    """Return curves of 2-9 keV of three epochs, as stages hand them on or as somebody's own files."""
    found = []
    for start, obsid in zip(STARTS, OBSIDS, strict=True):
        data, energies = in_kev(start, obsid)
        about = About(Kind.LIGHT_CURVE, "2-9keV", "PCA", Content.NET, None, 16.0, energies=energies)
        found.append(File(f"{obsid}_2-9keV.lc", data, about=about if told else About()))
    return found


def written(outputs: Outputs, folder: Path) -> Path:
    (file,) = outputs.files["light_curve"]
    path = folder / file.name
    path.write_bytes(file.data)
    return path


@pytest.mark.parametrize("told", [True, False])
def test_a_band_in_kev_is_one_curve(told: bool, tmp_path: Path) -> None:
    outputs = merge_files(CONFIG, files(told=told))
    assert outputs.summary["bands"] == {"2-9keV": {"rows": 15, "unit": "count/s/PCU"}}
    assert outputs.caveats == ()
    path = written(outputs, tmp_path)
    assert path.name == "sim_2-9keV.lc"
    made = open_fits(path.read_bytes(), path.name)
    keywords = ("E_MIN", "E_MAX", "EUNIT", "E2CFILE", "MINCHAN", "MAXCHAN")
    assert [made.table("RATE").header[name] for name in keywords] == [2, 9, "keV", "e05v03 (built in)", 5, 36]
    energies = energies_of(made)
    assert energies is not None
    assert outputs.files["light_curve"][0].about.energies == energies
    of_pcu2 = [(edge.epoch, edge.first, edge.last) for edge in energies.of("PCU2").edges]
    assert of_pcu2 == [(1, 7, 33), (3, 6, 24), (5, 5, 21)]
    assert "PCA 2–9 keV" in outputs.files["report"][0].data.decode()


def test_a_band_in_channels_tells_by_how_much_its_energies_moved() -> None:
    """E_MIN of channel 5 and of 11 of PCU 2: 1.35182 and 2.94169 keV in epoch 1, 2.05442 and 4.53631 in epoch 5."""
    given = [
        product(f"{o}_ch5-10.lc", curve(start, o, 5, 10)) for o, start in zip(OBSIDS[::2], STARTS[::2], strict=True)
    ]
    (caveat,) = merge_files(CONFIG, given).caveats
    assert caveat.code == "energies_moved"
    for part in ("1.35–2.94 keV in epoch 1, 2.05–4.54 keV in epoch 5", "by 0.70 keV, the upper one by 1.59 keV"):
        assert part in caveat.message
    assert merge_files(CONFIG, given[:1]).caveats == ()
    whole = [product(f"{o}_ch0-255.lc", curve(start, o, 0, 255)) for o, start in zip(OBSIDS, STARTS, strict=True)]
    assert merge_files(CONFIG, whole).caveats == ()


def test_names_and_order_of_bands() -> None:
    """Channels come before energies, HEXTE after the PCA."""
    hexte = hexte_energies(EnergyBand(15, 60), ("PWA",))
    about = About(Kind.LIGHT_CURVE, "pwa_15-60keV", "HEXTE", Content.NET, cluster="A", energies=hexte)
    narrow = replace(files(told=True)[0].about, label="1-3keV", energies=BandEnergies(1, 3, "x"))
    given = [
        File(
            "a_pwa_15-60keV.lc", curve(STARTS[0], OBSIDS[0], 16, 59).replace(b"'PCA     '", b"'HEXTE   '"), about=about
        ),
        *(files(told=True)[0], File("a_1-3keV.lc", curve(STARTS[0], OBSIDS[0], 3, 10), about=narrow)),
        product(f"{OBSIDS[0]}_ch40-50.lc", curve(STARTS[0], OBSIDS[0], 40, 50)),
    ]
    outputs = merge_files(CONFIG, given)
    assert list(outputs.summary["bands"]) == ["ch40-50", "1-3keV", "2-9keV", "pwa_15-60keV"]
    page = outputs.files["report"][0].data.decode()
    for label in ("PCA channels 40–50", "PCA 1–3 keV", "PCA 2–9 keV", "HEXTE A 15–60 keV"):
        assert label in page
