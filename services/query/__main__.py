from services.contract import StageRequest
from services.execution.entry import serve
from services.query.stage import NAME, QueryConfig, execute_query

_REQUEST = """{"stage": "query", "obsid": "", "archive": "/data/rxte", "store": "/data/products",
   "config": {"targets": ["GRS 1915+105"]}}"""

serve(NAME, QueryConfig, StageRequest, execute_query, _REQUEST)
