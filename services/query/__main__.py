from services.execution.entry import main
from services.query.stage import STAGE, execute_query

_REQUEST = """{"stage": "query", "obsid": "", "archive": "/data/rxte", "store": "/data/products",
   "config": {"targets": ["GRS 1915+105"]}}"""

main(STAGE, execute_query, example=_REQUEST)
