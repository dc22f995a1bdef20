from services.execution.entry import main
from services.pca_prep.stage import STAGE

main(STAGE)
