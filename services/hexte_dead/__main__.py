from services.execution.entry import main
from services.hexte_dead.stage import STAGE

main(STAGE)
