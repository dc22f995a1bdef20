"""Row-filter expressions: the language of ``maketime``, with its types and its NULL logic.

>>> compile_expression("(ELV > 4) && .NOT. ISNULL(ELV)").select(table)  # doctest: +SKIP
array([ True, False, ...])
"""

from rossi.expression.evaluate import Expression, compile_expression
from rossi.expression.scene import Scene

__all__ = ["Expression", "Scene", "compile_expression"]
