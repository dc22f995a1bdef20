"""What the stages share that compare with the archive's standard products."""

from __future__ import annotations

from services.contract import Output

#: The names of the outputs.
VALIDATION = "validation"
#: Code of the caveat on a product that differs.
DIFFERS = "validation_differs"

VALIDATION_OUTPUTS = (
    Output(VALIDATION, "a row a product: how it compares, and what is known of why"),
    Output("figure", "both, and their differences", at_least=0),
)
