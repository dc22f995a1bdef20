from services.execution.entry import main
from services.pca_fast.stage import STAGE

main(STAGE)
