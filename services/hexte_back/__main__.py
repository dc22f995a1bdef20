from services.execution.entry import main
from services.hexte_back.stage import STAGE

main(STAGE)
