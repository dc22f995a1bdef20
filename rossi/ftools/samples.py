"""Files of the simulated archive on which the tasks' examples work."""

#: An observation.
OBSERVATION = "archive/AO9/P90101/90101-01-01-04"
STANDARD1 = f"{OBSERVATION}/pca/FS46_1521c390-1521cc90.gz"
STANDARD2 = f"{OBSERVATION}/pca/FS4a_1521c390-1521cce0.gz"
FILTER = f"{OBSERVATION}/stdprod/x90101010104.xfl.gz"
LIGHT_CURVE = f"{OBSERVATION}/stdprod/xp90101010104_n2a.lc.gz"
EARLIER_LIGHT_CURVE = "archive/AO1/P10101/10101-01-01-03/stdprod/xp10101010103_n2a.lc.gz"
HEXTE = f"{OBSERVATION}/hexte"
#: Span of time in the names of HEXTE's files.
SPAN = "1521c390-1521cce0"
HOUSEKEEPING = "1521c370-1521cd10"
CALIBRATION = "archive/calibration"
PCA_CALIBRATION = (
    f"modelfile={CALIBRATION}/sim_pca_background.mdl breakfile={CALIBRATION}/sim_pca_breakdown.fits saahfile=NONE"
)
