from services.execution.entry import main
from services.hexte_validate.stage import STAGE

main(STAGE)
