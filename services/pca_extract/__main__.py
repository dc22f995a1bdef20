from services.execution.entry import main
from services.pca_extract.stage import STAGE

main(STAGE)
