# SPDX-License-Identifier: Apache-2.0
"""Requests derived from the schemas of an OpenAPI document: valid ones, ones at bounds, wrong ones.

    for request in requests_of(operation, random.Random(seed), 60): send(address, request)
"""
import dataclasses
import http.client
import json
import urllib.parse

from .api_document import Answer

NAMES = ("checkouts", "latency_seconds", "mode", "room", "up_time", "grüße/ß", "a b")
TEXTS = ("", "a", "x", "r1", "on", "off", "shop", "le", "__x", "ümlaut", "\u2028", "'\"\\\n", "0", "-24h", "now", "%2F", "NaN", "10m")
NUMBERS = (0, 1, -1, 0.5, 1e-9, 1.5e300, -0.0, 2**53, 2**64, 3)
ANYTHING = (None, True, 0, -1, 1e308, "", "x", [], [None], {}, {"a": {"b": []}}, "\x00", "x" * 5000)
BAD_BODIES = (b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"a":1}{', b"[" * 100 + b"]" * 100, b'{"value":1e999}', b'"\\ud800"')
OTHER_TYPES = ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", None)


@dataclasses.dataclass
class Request:
    method: str
    target: str
    body: bytes = None
    content_type: str = None
    headers: dict = dataclasses.field(default_factory=dict)


def send(address, request):
    connection = http.client.HTTPConnection(address, timeout=20)
    headers = dict(request.headers) if request.content_type is None else {"Content-Type": request.content_type, **request.headers}
    try:
        connection.request(request.method, request.target, body=request.body, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Values:
    """Values of a schema. `is_edge`: bounds and empty things in the place of the usual."""

    def __init__(self, document, chance, is_edge):
        self.document, self.chance, self.is_edge = document, chance, is_edge

    def of(self, schema, depth=0):
        schema = self.document.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        for keyword in ("anyOf", "allOf"):
            if keyword in schema and "properties" not in schema:
                return self.of(self.chance.choice(schema[keyword]), depth)
        kinds = schema.get("type", "string")
        return getattr(self, "_" + (kinds if isinstance(kinds, str) else self.chance.choice(kinds)))(schema, depth)

    def _null(self, _schema, _depth):
        return None

    def _boolean(self, _schema, _depth):
        return self.chance.choice((True, False))

    def _number(self, schema, _depth):
        bounds = [schema[key] for key in ("minimum", "maximum", "exclusiveMaximum") if key in schema]
        return self.chance.choice(bounds if bounds and self.is_edge else NUMBERS)

    def _integer(self, schema, _depth):
        low, high = schema.get("minimum", 0), schema.get("maximum", 100)
        return self.chance.choice((low, high) if self.is_edge else (low, high, self.chance.randint(low, high)))

    def _string(self, schema, _depth):
        most = min(schema.get("maxLength", 300), 5000)
        if self.is_edge:
            return self.chance.choice(("", "y" * most, "ü" * (most // 2)))
        examples = schema.get("examples", [])
        return self.chance.choice((*TEXTS, *examples, *examples, *examples))

    def _array(self, schema, depth):
        count = self.chance.choice((0, schema.get("maxItems", 40)) if self.is_edge else (0, 1, 2, 3)) if depth < 4 else 0
        return [self.of(schema["items"], depth + 1) for _ in range(count)]

    def _object(self, schema, depth):
        properties, made = schema.get("properties", {}), {}
        for name, member in properties.items():
            if name in schema.get("required", ()) or self.chance.random() < 0.4:
                made[name] = self.of(member, depth + 1)
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            for _ in range(self.chance.choice((0, 1, 2))):
                made[self.chance.choice(("shop", "room", "a", "0.5", "0.99", "", "a-b"))] = self.of(more, depth + 1)
        for choice in schema.get("anyOf", ())[:1]:
            for name in choice.get("required", ()):
                made.setdefault(name, self.of(properties[name], depth + 1))
        return made


def spoiled(value, chance):
    """The value with one thing in it wrong."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(list(value))
        what = chance.choice(("gone", "other", "deeper", "more"))
        rest = {key: member for key, member in value.items() if key != name}
        return {"gone": rest, "other": {**value, name: chance.choice(ANYTHING)}, "more": {**value, "unknown": 1},
                "deeper": {**value, name: spoiled(value[name], chance)}}[what]
    if isinstance(value, list) and value and chance.random() < 0.8:
        return [*value[1:], spoiled(value[0], chance)]
    return chance.choice(ANYTHING)


def quoted(text):
    return urllib.parse.quote(text, safe="")


def target_of(operation, values, chance, is_wrong):
    path, query = operation.path, []
    for parameter in operation.parameters:
        name = parameter["name"]
        if parameter["in"] == "path":
            odd = values.is_edge or (is_wrong and chance.random() < 0.2)
            text = values.of(parameter["schema"]) if odd else chance.choice(NAMES)
            path = path.replace("{" + name + "}", quoted(text or "n"))
        elif parameter.get("required") or chance.random() < 0.4:
            is_json = "content" in parameter
            value = values.of(parameter["content"]["application/json"]["schema"] if is_json else parameter["schema"])
            value = spoiled(value, chance) if is_wrong and chance.random() < 0.5 else value
            for each in value if isinstance(value, list) and not is_json else [value]:
                query.append((name, each if isinstance(each, str) and not is_json else json.dumps(each)))
    if is_wrong and chance.random() < 0.2:
        query.append((chance.choice(("unknown", "limit", "after")), chance.choice(TEXTS)))
    return path + ("?" + "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query) if query else "")


def one_request(operation, chance):
    kind = chance.choice(("valid", "valid", "edge", "wrong", "wrong"))
    values = Values(operation.document, chance, kind == "edge")
    request = Request(operation.method, target_of(operation, values, chance, kind == "wrong"))
    if operation.body_schema is None:
        return request
    is_example = operation.body_examples and chance.random() < 0.3
    body = chance.choice(operation.body_examples) if is_example else values.of(operation.body_schema)
    body = spoiled(body, chance) if kind == "wrong" else body
    request.body = json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    request.content_type = "application/json"
    if kind == "wrong" and chance.random() < 0.2:
        request.body = chance.choice(BAD_BODIES)
    if kind == "wrong" and chance.random() < 0.1:
        request.content_type = chance.choice(OTHER_TYPES)
    return request


def requests_of(operation, chance, count):
    return (one_request(operation, chance) for _ in range(count))
