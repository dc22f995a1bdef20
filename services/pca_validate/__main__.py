from services.execution.entry import main
from services.pca_validate.stage import STAGE

main(STAGE)
