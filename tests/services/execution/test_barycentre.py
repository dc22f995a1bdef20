"""Light curves of 16 s with times at the barycentre: PCA and HEXTE, with what may be missing."""

import numpy as np
import pytest

from flows.core.settings import make_settings
from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.product import About, Kind
from rossi.simulate import ObservationSpec
from rossi.simulate.clock import timezero
from rossi.simulate.housekeeping import orbit_file
from rossi.simulate.path import barycentric_delay
from services.contract import Caveat, File, Outputs
from services.contract.barycentre import BARYCENTRE_INPUTS, BarycentreConfig, Times
from services.contract.configuration import validate
from services.execution.barycentre import at_barycentre
from services.hexte_dead.stage import STAGE as HEXTE_DEAD
from services.pca_extract.stage import STAGE as PCA_EXTRACT
from services.pca_extract.stage import PcaExtractConfig

#: The ephemerides differ by 41 us at most, and 14 mas between FK5 and ICRS are 34 us.
AGREE = 75e-6
SPEC = ObservationSpec(ObsID("20101-01-01-00"), 110_145_600, 1600)
ZERO = timezero(SPEC.start)
TIME = SPEC.start + ZERO + 16.0 * np.arange(100)
ORBIT = File(*orbit_file(SPEC))


def curve(time=TIME, **position):
    """Return a light curve of the PCA, which has its position in the primary header."""
    columns = [(Column("TIME", "D", "s"), time), (Column("RATE", "D", "count/s"), np.ones(len(time)))]
    cards = [("TIMESYS", "TT"), ("TIMEZERO", 0.0), ("TSTART", time[0]), ("TSTOP", time[-1] + 16), ("INSTRUME", "PCA")]
    good = [(Column("START", "D", "s"), time[:1]), (Column("STOP", "D", "s"), time[-1:] + 16)]
    primary = primary_hdu([*position.items(), ("RADECSYS", "FK5")])
    data = fits_bytes(primary, [table_hdu("RATE", columns, cards), table_hdu("STDGTI", good, cards)])
    return File("a.lc", data, about=About(Kind.LIGHT_CURVE, "ch5-10"))


TARGET = {"RA_PNT": 245.5, "DEC_PNT": 25.0, "RA_OBJ": SPEC.ra, "DEC_OBJ": SPEC.dec}


def made(times, *files, orbit=(ORBIT,), **position):
    config = PcaExtractConfig(barycentre={"times": times, **position})
    outputs = Outputs({"light_curve": files, "spectrum": (File("a.pha", b"x"),)}, (Caveat(code="old", message="x"),))
    return at_barycentre(config, {"orbit": orbit}, outputs)


def expected():
    """Return what the simulation, which has another ephemeris, says."""
    return TIME + barycentric_delay(TIME - ZERO, SPEC.ra, SPEC.dec, ZERO)


def test_a_column_beside_times_that_stay():
    given = curve(**TARGET)
    found = made("column", given)
    assert found.caveats == (Caveat(code="old", message="x"),)
    assert found.files["spectrum"][0].data == b"x"
    (file,) = found.files["light_curve"]
    assert (file.name, file.about) == (given.name, given.about)
    table = open_fits(file.data, "a.lc").table()
    assert np.abs(table.column("BARYTIME") - expected()).max() < AGREE
    assert np.array_equal(table.column("TIME"), TIME) and table.header["TIMESYS"] == "TT"


def test_all_times_are_replaced():
    (file,) = made("replace", curve(**TARGET)).files["light_curve"]
    rate, good = open_fits(file.data, "a.lc").tables
    assert np.abs(rate.column("TIME") - expected()).max() < AGREE
    assert good.column("START")[0] == pytest.approx(rate.column("TIME")[0], abs=1e-6)
    assert (rate.header["TIMESYS"], good.header["TIMESYS"]) == ("TDB", "TDB")


def test_the_position_is_that_of_the_source():
    (given,) = made("column", curve(**TARGET), ra=246.0, dec=25.0).files["light_curve"]
    shift = open_fits(given.data, "a.lc").table().column("BARYTIME") - expected()
    assert np.abs(shift).min() > 0.1  # a degree away, seconds
    pointing = made("column", curve(RA_PNT=245.0, DEC_PNT=25.0))
    assert "RA_PNT and DEC_PNT (245, 25) are where the telescope pointed" in pointing.caveats[1].message
    nowhere = made("column", curve())
    assert "there is no position" in nowhere.caveats[1].message


OTHER_DAY = File(*orbit_file(ObservationSpec(ObsID("20101-01-01-00"), 110_145_600 + 5 * 86400, 1600)))


@pytest.mark.parametrize(
    ("orbit", "said"),
    [
        ((), "No orbit file is given"),
        ((OTHER_DAY,), r"not covered by the orbit of orbit/FPorbit_Day1279 .* give FPorbit_Day1274"),
        ((File("orbit/FPorbit_Day1274", b"SIMPLE"),), "FPorbit_Day1274"),
    ],
)
def test_without_an_orbit_there_is_a_caveat_or_an_error(orbit, said):
    given = curve(**TARGET)
    found = made("column", given, orbit=orbit)
    assert found.files["light_curve"] == (given,)
    (caveat,) = found.caveats[1:]
    assert caveat.code == "no_barytime"
    with pytest.raises(DataError, match=said):
        made("replace", given, orbit=orbit)


def test_one_curve_beyond_the_orbit_does_not_take_it_from_others():
    late = curve(TIME + 10 * 86400, **TARGET)
    found = made("column", curve(**TARGET), late)
    first, second = found.files["light_curve"]
    assert "BARYTIME" in open_fits(first.data, "a").table()
    assert second is late
    assert [caveat.code for caveat in found.caveats] == ["old", "no_barytime"]


def test_off_leaves_everything_as_it_was():
    plain = PcaExtractConfig()
    assert "barycentre" not in plain.model_dump(mode="json")  # so that fingerprints stay
    outputs = Outputs({"light_curve": (curve(),)})
    for config in (plain, PcaExtractConfig(barycentre="off")):
        assert at_barycentre(config, {}, outputs) is outputs
    for stage in (PCA_EXTRACT, HEXTE_DEAD):
        assert not {one.name for one in BARYCENTRE_INPUTS} & {one.name for one in stage.inputs_for(stage.config())}
        wanted = stage.inputs_for(stage.config(barycentre="column"))
        assert {one.name for one in BARYCENTRE_INPUTS} <= {one.name for one in wanted}


def test_the_setting_reaches_the_stages():
    settings = make_settings({"timing": {"barycentre": "replace", "ra": 83.63, "dec": 22.01}}, "x")
    for name in ("pca_extract", "hexte_dead"):
        assert settings.stages[name].barycentre == BarycentreConfig(times=Times.REPLACE, ra=83.63, dec=22.01)
    assert make_settings({}, "x").stages["pca_extract"].barycentre is None
    for wrong in ({"barycentre": "colum"}, {"barycentre": "column", "ra": 10.0}, {"ra": 400, "dec": 0}):
        with pytest.raises(ConfigError, match=r"\[timing\]"):
            make_settings({"timing": wrong}, "x")
    assert validate(PcaExtractConfig, {"barycentre": "column"}, "x").barycentre == BarycentreConfig()
