from services.contract import StageRequest
from services.entry import serve
from services.query.stage import NAME, QueryConfig, execute_query

serve(NAME, QueryConfig, StageRequest, execute_query)
