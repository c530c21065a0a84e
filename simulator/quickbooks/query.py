"""The query language: `SELECT * | COUNT(*) FROM Entity [WHERE …] [ORDERBY …] [STARTPOSITION n] [MAXRESULTS m]`.

Conditions are joined by AND only; there is no OR, NOT or `!=`. Strings are in single quotes with `\\'` inside.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property, partial
from itertools import islice
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.currency import shown_rate
from simulator.quickbooks.fields import CLASSES
from simulator.quickbooks.state import CURRENCIES, Record, State
from simulator.quickbooks.wire import JsonObject

_PAGE = 100
_MOST = 1000
_KEYWORD_LIST = "select from where and orderby order by asc desc startposition maxresults in like null"
_KEYWORDS = frozenset(_KEYWORD_LIST.split())
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:\\.|[^'\\])*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)
    |(?P<symbol><=|>=|[=<>(),*]))""",
    re.VERBOSE,
)

_META = "MetaData.CreateTime MetaData.LastUpdatedTime"
_SALE = f"Id DocNumber TxnDate CustomerRef TotalAmt Balance DueDate SalesTermRef {_META}"
_PERSON = f"Id DisplayName GivenName MiddleName FamilyName CompanyName PrintOnCheckName Active {_META}"
_LIST = f"Id Name Active FullyQualifiedName {_META}"
FILTERABLE: Mapping[str, frozenset[str]] = {
    entity: frozenset(names.split())
    for entity, names in {
        "SalesReceipt": _SALE,
        "Invoice": _SALE,
        "CreditMemo": _SALE,
        "RefundReceipt": _SALE,
        "Payment": f"Id PaymentRefNum TotalAmt CustomerRef TxnDate {_META}",
        "Purchase": f"Id DocNumber TxnDate TotalAmt {_META}",
        "Transfer": f"Id TxnDate {_META}",
        "Deposit": f"Id TxnDate TotalAmt {_META}",
        "Customer": f"{_PERSON} FullyQualifiedName PrimaryEmailAddr Balance",
        "Vendor": f"{_PERSON} Balance",
        "Employee": _PERSON,
        "Item": f"{_LIST} Type SubItem Sku",
        "Account": f"{_LIST} AccountType AccountSubType Classification",
        "Class": _LIST,
        "Department": _LIST,
        "PaymentMethod": f"Id Name Active Type {_META}",
        "Term": f"Id Name Active {_META}",
        "TaxCode": f"Id Name Active {_META}",
        "TaxRate": f"Id Name Active {_META}",
        "TaxAgency": f"Id DisplayName {_META}",
        "ExchangeRate": "SourceCurrencyCode AsOfDate",
        "CompanyInfo": f"Id {_META}",
        "Preferences": f"Id {_META}",
    }.items()
}
_ENTITIES = {entity.casefold(): entity for entity in FILTERABLE}


@dataclass(frozen=True, kw_only=True)
class Token:
    kind: str  # string, number, word, symbol or end
    image: str
    column: int

    @property
    def keyword(self) -> str:
        folded = self.image.casefold()
        return folded if self.kind == "word" and folded in _KEYWORDS else ""

    @property
    def shown_kind(self) -> str:
        kinds = {"string": "<STRING>", "number": "<NUMBER>", "word": "<IDENTIFIER>", "end": "<EOF>"}
        return f'"{self.keyword or self.image}"' if self.keyword or self.kind == "symbol" else kinds[self.kind]


@dataclass(frozen=True, kw_only=True)
class Condition:
    property: str
    operator: str  # = < > <= >= in like
    values: tuple[Any, ...]  # str, Decimal or bool

    @cached_property
    def texts(self) -> frozenset[str] | None:
        """What a text or a flag must be one of; None where another comparison is asked for."""
        return frozenset(str(value).casefold() for value in self.values) if self.operator in {"=", "in"} else None


@dataclass(kw_only=True)
class Query:
    entity: str
    count: bool = False
    where: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)  # property, descending
    start: int = 1
    most: int = _PAGE


def run(state: State, statement: str) -> JsonObject:
    """The `QueryResponse`. Raises 4000 or 4001."""
    query = parse(statement)
    if query.entity == "ExchangeRate":
        return _exchange_rates(state, query)
    if query.count:
        return {"totalCount": sum(1 for _ in _matching(state, state.records(query.entity), query))}
    found = _matching(state, _ordered(state, state.records(query.entity), query), query)
    page = list(islice(found, query.start - 1, query.start - 1 + query.most))
    if not page:
        return {}
    shown = [state.show(record) for record in page]
    return {query.entity: shown, "startPosition": query.start, "maxResults": len(shown)}


def _exchange_rates(state: State, query: Query) -> JsonObject:
    """Of the day and the currencies asked for: today and all that are known where the statement does not say."""
    wanted = {condition.property: condition.values for condition in query.where}
    day = str(wanted.get("AsOfDate", (state.now().date().isoformat(),))[0])
    shown = [shown_rate(state, str(code), day) for code in wanted.get("SourceCurrencyCode", CURRENCIES)]
    return {"ExchangeRate": shown, "startPosition": 1, "maxResults": len(shown)}


# -- parsing


def parse(statement: str) -> Query:
    return _Parser(_tokens(statement)).query()


def _tokens(statement: str) -> list[Token]:
    tokens = []
    position = 0
    text = statement.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            column = position + 1 + len(text[position:]) - len(text[position:].lstrip())
            raise errors.unparsable_query("<INVALID>", text[column - 1], column, "<IDENTIFIER>")
        kind = found.lastgroup or ""
        tokens.append(Token(kind=kind, image=found[kind], column=found.start(kind) + 1))
        position = found.end()
    return [*tokens, Token(kind="end", image="<EOF>", column=len(text) + 1)]


class _Parser:
    """Recursive descent; every `_expect…` raises 4000 where it meets something else."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def query(self) -> Query:
        self._expect_keyword("select")
        count = self._projection()
        self._expect_keyword("from")
        query = Query(entity=_entity(self._expect_name().image), count=count)
        if self._accept("where"):
            query.where.append(self._condition(query.entity))
            while self._accept("and"):
                query.where.append(self._condition(query.entity))
        self._tail(query)
        self._expect("end", "<EOF>")
        return query

    def _tail(self, query: Query) -> None:
        while True:
            if self._accept("startposition"):
                query.start = max(1, self._number())
            elif self._accept("maxresults"):
                query.most = _page_size(self._number())
            elif self._accept("orderby") or (self._accept("order") and self._expect_keyword("by")):
                query.order = self._order(query.entity)
            else:
                return

    def _projection(self) -> bool:
        if self._peek.image == "*":
            self._take()
            return False
        if self._peek.image.casefold() != "count":
            self._refuse('"*"')
        self._take()
        for symbol in "(*)":
            self._expect_symbol(symbol)
        return True

    def _condition(self, entity: str) -> Condition:
        name = _filterable(entity, self._expect_name().image)
        token = self._take()
        operator = token.keyword or token.image
        if operator not in {"=", "<", ">", "<=", ">=", "in", "like"}:
            self._refuse('"="', token)
        if name == "Id" and operator not in {"=", "in"}:
            raise errors.invalid_query(f"operator {token.image} is not supported for property 'Id'")
        values = self._values() if operator == "in" else (self._value(),)
        return Condition(property=name, operator=operator, values=values)

    def _values(self) -> tuple[Any, ...]:
        self._expect_symbol("(")
        values = [self._value()]
        while self._peek.image == ",":
            self._take()
            values.append(self._value())
        self._expect_symbol(")")
        return tuple(values)

    def _value(self) -> Any:
        token = self._take()
        if token.kind == "string":
            return re.sub(r"\\(.)", r"\1", token.image[1:-1])
        if token.kind == "number":
            return Decimal(token.image)
        if token.image.casefold() in {"true", "false"}:
            return token.image.casefold() == "true"
        return self._refuse("<STRING>", token)

    def _order(self, entity: str) -> list[tuple[str, bool]]:
        order = []
        while True:
            name = _filterable(entity, self._expect_name().image)
            descending = self._accept("desc")
            if not descending:
                self._accept("asc")
            order.append((name, descending))
            if self._peek.image != ",":
                return order
            self._take()

    def _number(self) -> int:
        token = self._expect("number", "<NUMBER>")
        return int(Decimal(token.image))

    @property
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._peek
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _accept(self, keyword: str) -> bool:
        found = self._peek.keyword == keyword
        if found:
            self._take()
        return found

    def _expect(self, kind: str, shown: str) -> Token:
        return self._take() if self._peek.kind == kind else self._refuse(shown)

    def _expect_name(self) -> Token:
        return self._refuse("<IDENTIFIER>") if self._peek.keyword else self._expect("word", "<IDENTIFIER>")

    def _expect_keyword(self, keyword: str) -> bool:
        return self._accept(keyword) or self._refuse(f'"{keyword}"')

    def _expect_symbol(self, symbol: str) -> Token:
        return self._take() if self._peek.image == symbol else self._refuse(f'"{symbol}"')

    def _refuse(self, expected: str, token: Token | None = None) -> Any:
        met = token or self._peek
        image = met.image.upper() if met.keyword else met.image
        raise errors.unparsable_query(met.shown_kind, image, met.column, expected)


def _entity(name: str) -> str:
    if name.casefold() not in _ENTITIES:
        raise errors.invalid_query(f"invalid context declaration: {name}")
    return _ENTITIES[name.casefold()]


def _filterable(entity: str, name: str) -> str:
    name = re.sub(r"^Metadata\.", "MetaData.", name)
    if entity == "ExchangeRate":  # documented in lower case
        name = {"sourcecurrencycode": "SourceCurrencyCode", "asofdate": "AsOfDate"}.get(name.casefold(), name)
    if name in FILTERABLE[entity]:
        return name
    if name.partition(".")[0] in CLASSES[entity]:
        raise errors.invalid_query(f"property '{name}' is not queryable")
    raise errors.invalid_query(f"Property {name} not found for Entity {entity}")


def _page_size(asked: int) -> int:
    if asked > _MOST:
        raise errors.invalid_query(f"value {asked} is too large. Max allowed value is {_MOST}.")
    return asked


# -- evaluation


def _matching(state: State, records: Iterable[Record], query: Query) -> Iterator[Record]:
    """Inactive names are left out unless the statement asks about Active itself."""
    inactive_too = any(condition.property == "Active" for condition in query.where)
    where = [condition for condition in query.where if condition.property != "Type" or state.type_filter]
    for record in records:
        if (inactive_too or record.active) and all(
            _holds(_property(state, record, condition.property), condition) for condition in where
        ):
            yield record


def _property(state: State, record: Record, name: str) -> Any:
    if name == "Id":
        return record.id
    if name == "MetaData.CreateTime":
        return record.created.replace(microsecond=0)
    if name == "MetaData.LastUpdatedTime":
        return record.updated.replace(microsecond=0)
    value = state.value(record, name)
    if isinstance(value, dict):
        return value.get("value") or value.get("Address")
    return value


def _holds(value: Any, condition: Condition) -> bool:
    if value is None:
        return False
    if condition.texts is not None and isinstance(value, str | bool):
        return str(value).casefold() in condition.texts
    if condition.operator == "like":
        return _like(str(value), str(condition.values[0]))
    compare = _COMPARISONS["=" if condition.operator == "in" else condition.operator]
    return any(compare(*_comparable(value, wanted)) for wanted in condition.values)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, wanted: bool(value == wanted),
    "<": lambda value, wanted: bool(value < wanted),
    ">": lambda value, wanted: bool(value > wanted),
    "<=": lambda value, wanted: bool(value <= wanted),
    ">=": lambda value, wanted: bool(value >= wanted),
}


def _comparable(value: Any, wanted: Any) -> tuple[Any, Any]:
    """Both sides in the property's own type; quoted numbers and times are understood, texts compare without case."""
    try:
        if isinstance(value, int | Decimal):
            return Decimal(value), Decimal(str(wanted))
        if isinstance(value, dt.datetime):
            return value, _moment(str(wanted), value)
    except (InvalidOperation, ValueError):
        raise errors.invalid_query(f"value {wanted!r} is not valid here") from None
    return str(value).casefold(), str(wanted).casefold()


def _moment(text: str, like: dt.datetime) -> dt.datetime:
    """A time without an offset is the company's own."""
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=like.tzinfo)


def _like(value: str, pattern: str) -> bool:
    parts = (re.escape(part) for part in pattern.split("%"))
    return re.fullmatch(".*".join(parts), value, re.IGNORECASE | re.DOTALL) is not None


def _ordered(state: State, found: Iterable[Record], query: Query) -> list[Record]:
    """Without an order names come alphabetically and transactions latest first, which is no order to page by."""
    default = [("TxnDate", True), ("Id", True)] if "TxnDate" in FILTERABLE[query.entity] else [("", False)]
    ordered = list(found)
    for name, descending in reversed(query.order or default):
        key = _by_id if name == "Id" else partial(_sort_key, state, name)
        ordered.sort(key=key, reverse=descending)
    return ordered


def _by_id(record: Record) -> tuple[int, str]:
    """As numbers, after those that are none."""
    return len(record.id) if record.id.isdigit() else 0, record.id


def _sort_key(state: State, name: str, record: Record) -> tuple[bool, Any]:
    value = _property(state, record, name) if name else record.shown.get("Name") or record.shown.get("DisplayName")
    return value is not None, value.casefold() if isinstance(value, str) else value or 0
