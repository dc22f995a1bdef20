"""The part of ADQL that is needed, translated to SQLite: a grammar and a transformer."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Lark, Transformer, v_args
from lark.exceptions import LarkError

_GRAMMAR = r"""
query: "SELECT"i [DISTINCT] [top] items "FROM"i name [["AS"i] NAME] ["WHERE"i condition] [order]
DISTINCT: "DISTINCT"i
top: "TOP"i INT
items: "*" -> everything | item ("," item)*
item: value [["AS"i] NAME]
order: "ORDER"i "BY"i ordered ("," ordered)*
ordered: value [DIRECTION]
DIRECTION: "ASC"i | "DESC"i
?condition: conjunction | condition "OR"i conjunction -> either
?conjunction: test | conjunction "AND"i test -> both
?test: "NOT"i test -> negation
     | "(" condition ")" -> group
     | value COMPARISON value -> comparison
     | value "IS"i "NULL"i -> is_null
     | value "IS"i "NOT"i "NULL"i -> is_not_null
     | value "IN"i "(" value ("," value)* ")" -> among
     | value "BETWEEN"i value "AND"i value -> between
     | value "LIKE"i value -> like
COMPARISON: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
?value: contains | function | "-" value -> minus | NUMBER -> number | TEXT -> text | name
contains: "CONTAINS"i "(" point "," circle ")"
point: "POINT"i "(" TEXT "," value "," value ")"
circle: "CIRCLE"i "(" TEXT "," value "," value "," value ")"
function: FUNCTION "(" (STAR | value) ")"
STAR: "*"
FUNCTION.2: /(COUNT|MIN|MAX|SUM|UPPER|LOWER)(?=\s*\()/i
name: _part ("." _part)*
_part: NAME | QUOTED
QUOTED: /"[^"]+"/
NAME: /(?!(SELECT|FROM|WHERE|AND|OR|NOT|ORDER|BY|AS|IN|IS|NULL|TOP|BETWEEN|LIKE|DISTINCT|ASC|DESC)\b)[A-Za-z_]\w*/i
TEXT: /'([^']|'')*'/
%import common.NUMBER
%import common.INT
%import common.WS
%ignore WS
"""


class AdqlError(Exception):
    """The query is none, or goes beyond this small part of the language."""


@dataclass
class Query:
    """A translated query."""

    table: str
    columns: list[str]
    names: list[str]
    where: str
    order: str
    limit: int | None

    def sql(self, *, part: int | None = None) -> str:
        """Return it as SQL; with `part`, a random part of so many rows."""
        chosen = f"SELECT {', '.join(f'{c} AS {n}' for c, n in zip(self.columns, self.names, strict=True))}"
        chosen = "SELECT *" if not self.columns else chosen
        source = f"{chosen} FROM {self.table}{self.where}"
        if part is None:
            return source + self.order + (f" LIMIT {self.limit}" if self.limit is not None else "")
        return f"SELECT * FROM ({source} ORDER BY random() LIMIT {part}){self.order}"


@v_args(inline=True)
class _ToSql(Transformer):
    def query(self, distinct, top, items, table, _alias, condition, order):
        where = f" WHERE {condition}" if condition else ""
        columns, names = ([], []) if items is None else items
        if distinct:
            columns[0] = f"DISTINCT {columns[0]}"
        return Query(table, columns, names, where, order or "", top)

    def top(self, number):
        return int(number)

    def everything(self):
        return None

    def items(self, *items):
        columns = [c for c, _ in items]
        return columns, [n or (c if c.isidentifier() else f"col{k}") for k, (c, n) in enumerate(items)]

    def item(self, value, name):
        return value, name and str(name)

    def order(self, *values):
        return f" ORDER BY {', '.join(values)}"

    def ordered(self, value, direction):
        return f"{value} {direction or 'ASC'}"

    def either(self, a, b):
        return f"({a} OR {b})"

    def both(self, a, b):
        return f"{a} AND {b}"

    def negation(self, a):
        return f"NOT {a}"

    def group(self, a):
        return f"({a})"

    def comparison(self, a, sign, b):
        return f"{a} {sign} {b}"

    def is_null(self, a):
        return f"{a} IS NULL"

    def is_not_null(self, a):
        return f"{a} IS NOT NULL"

    def among(self, value, *values):
        return f"{value} IN ({', '.join(values)})"

    def between(self, value, low, high):
        return f"{value} BETWEEN {low} AND {high}"

    def like(self, a, b):
        return f"{a} LIKE {b}"

    def minus(self, a):
        return f"-{a}"

    def number(self, text):
        return str(text)

    def text(self, text):
        return str(text)

    def contains(self, point, circle):
        return f"adql_contains({point}, {circle})"

    def point(self, _frame, ra, dec):
        return f"{ra}, {dec}"

    def circle(self, _frame, ra, dec, radius):
        return f"{ra}, {dec}, {radius}"

    def function(self, name, value):
        return f"{name.upper()}({value})"

    def name(self, *parts):
        return str(parts[-1]).strip('"').lower()  # without the schema


_PARSER = Lark(_GRAMMAR, start="query", parser="earley", maybe_placeholders=True)


def translate(text: str) -> Query:
    """Return a query that SQLite understands."""
    try:
        return _ToSql().transform(_PARSER.parse(text.strip().rstrip(";")))
    except LarkError as error:
        raise AdqlError(f"Syntax error: {str(error).splitlines()[0]}") from None
