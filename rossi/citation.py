"""What to cite: the papers on the observatory, its instruments and their calibration, and the software."""

from __future__ import annotations

from types import MappingProxyType

from rossi.version import __version__

#: As CITATION.cff has them.
AUTHORS = "The rossi developers"
TITLE = "rossi: light curves and spectra of the Rossi X-ray Timing Explorer's whole archive"

#: By what they are about.
REFERENCES = MappingProxyType(
    {
        "rxte": "Bradt, H. V., Rothschild, R. E., & Swank, J. H. 1993, A&AS, 97, 355",
        "pca": "Jahoda, K., Markwardt, C. B., Radeva, Y., et al. 2006, ApJS, 163, 401",
        "hexte": "Rothschild, R. E., Blanco, P. R., Gruber, D. E., et al. 1998, ApJ, 496, 538",
        "caldb": "George, I. M., & Corcoran, M. F. 2005, The HEASARC Calibration Database, CAL/GEN/91-001",
        "heasoft": "NASA High Energy Astrophysics Science Archive Research Center 2014, HEAsoft, ascl:1408.004",
        "astropy": "Astropy Collaboration, Price-Whelan, A. M., Lim, P. L., et al. 2022, ApJ, 935, 167",
        "numpy": "Harris, C. R., Millman, K. J., van der Walt, S. J., et al. 2020, Nature, 585, 357",
        "rossi": f"{AUTHORS}, {TITLE}, version {__version__}",
    }
)
