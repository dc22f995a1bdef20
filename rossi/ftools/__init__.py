"""FTOOLS tasks by their own names and parameters: file in, file out, no science of their own.

>>> from rossi import ftools
>>> ftools.maketime(infile="FP.xfl", outfile="good.gti", expr="ELV > 10", compact="no")  # doctest: +SKIP
Result(returncode=0, stdout='...', output=('good.gti',))
"""

from rossi.ftools.task import Result, maketime, pcadeadcalc2, pcaextlc2, run, saextrct

__all__ = ["Result", "maketime", "pcadeadcalc2", "pcaextlc2", "run", "saextrct"]
