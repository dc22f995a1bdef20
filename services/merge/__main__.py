from services.execution.entry import serve
from services.merge.config import NAME, MergeConfig, MergeRequest
from services.merge.stage import execute_merge

_REQUEST = """{"store": "/data/products", "prefix": "run1", "asked": ["20402-01-45-03"],
   "results": [{"obsid": "20402-01-45-03", "outcome": "succeeded", "stages": [...]}],
   "config": {"title": "GRS 1915+105"}}"""

serve(NAME, MergeConfig, MergeRequest, execute_merge, _REQUEST)
