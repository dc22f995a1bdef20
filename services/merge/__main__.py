from services.execution.entry import main
from services.merge.config import MergeRequest
from services.merge.stage import STAGE, execute_merge

_REQUEST = """{"store": "/data/products", "prefix": "run1", "asked": ["20402-01-45-03"],
   "results": [{"obsid": "20402-01-45-03", "outcome": "succeeded", "stages": [...]}],
   "config": {"title": "GRS 1915+105"}}"""

main(STAGE, execute_merge, MergeRequest, _REQUEST)
