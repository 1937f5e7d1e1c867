# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of a running promtally: its operations, and whether an answer is one that it documents.

    document = Document(json.loads(text))
    for operation in document.operations: operation.method, operation.path, operation.id
    operation.problem_with(answer)       # None, or what of status, type or body is not documented
    document.problem_with(value, schema) # of a JSON value; a keyword that is not known here is an AssertionError
"""
import dataclasses
import json
import re

METHODS = ("get", "put", "post", "delete")
ANNOTATIONS = {"description", "default", "examples", "example", "deprecated", "title"}
TYPES = {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    @property
    def media_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip()

    @property
    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.headers} {self.body[:600]!r}"


class Operation:
    def __init__(self, document, path, method, entry, shared):
        self.document, self.path, self.method, self.entry = document, path, method.upper(), entry
        self.id = entry["operationId"]
        self.group = entry["x-promtally-group"]
        self.parameters = [document.resolve(each) for each in (*shared, *entry.get("parameters", ()))]
        content = entry.get("requestBody", {}).get("content", {}).get("application/json", {})
        self.body_schema = content.get("schema")
        self.body_examples = [each["value"] for each in content.get("examples", {}).values()]

    def problem_with(self, answer):
        documented = self.entry["responses"].get(str(answer.status))
        if documented is None:
            return f"status {answer.status} is not documented"
        content = self.document.resolve(documented).get("content")
        if content is None:
            return "a body is not documented" if answer.body else None
        media = content.get(answer.media_type)
        if media is None:
            return f"type {answer.media_type!r} is not documented for {answer.status}"
        if "json" not in answer.media_type:
            return None
        try:
            value = answer.json
        except ValueError as error:
            return f"no JSON: {error}"
        return self.document.problem_with(value, media["schema"])


class Document:
    def __init__(self, value):
        self.value = value
        self.operations = [Operation(self, path, method, entry[method], entry.get("parameters", ()))
                           for path, entry in value["paths"].items() for method in METHODS if method in entry]

    def operation(self, operation_id):
        return next(each for each in self.operations if each.id == operation_id)

    def resolve(self, value):
        while "$ref" in value:
            pointer, value = value["$ref"], self.value
            for key in pointer.removeprefix("#/").split("/"):
                value = value[key]
        return value

    def problem_with(self, value, schema, place="body"):
        schema = self.resolve(schema)
        for keyword, wanted in schema.items():
            if keyword in ANNOTATIONS:
                continue
            problem = getattr(self, "_check_" + re.sub(r"\W", "_", keyword))(value, wanted, schema, place)
            if problem:
                return problem
        return None

    def _check_type(self, value, wanted, _schema, place):
        def fits(name):
            if name in ("number", "integer"):
                is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
                return is_number and (name == "number" or float(value).is_integer())
            return isinstance(value, TYPES[name])
        names = [wanted] if isinstance(wanted, str) else wanted
        return None if any(fits(name) for name in names) else f"{place} is no {wanted}: {value!r}"

    def _check_enum(self, value, wanted, _schema, place):
        return None if value in wanted and not isinstance(value, bool) else f"{place} is none of {wanted}: {value!r}"

    def _check_const(self, value, wanted, _schema, place):
        return None if value == wanted else f"{place} is not {wanted!r}"

    def _check_anyOf(self, value, wanted, _schema, place):
        problems = [self.problem_with(value, each, place) for each in wanted]
        return None if None in problems else f"{place} fits none of {len(wanted)}: {problems}"

    def _check_allOf(self, value, wanted, _schema, place):
        return next(filter(None, (self.problem_with(value, each, place) for each in wanted)), None)

    def _check_required(self, value, wanted, _schema, place):
        missing = [name for name in wanted if isinstance(value, dict) and name not in value]
        return f"{place} lacks {missing}" if missing else None

    def _check_properties(self, value, wanted, _schema, place):
        members = value.items() if isinstance(value, dict) else ()
        return next(filter(None, (self.problem_with(member, wanted[name], f"{place}.{name}")
                                  for name, member in members if name in wanted)), None)

    def _check_additionalProperties(self, value, wanted, schema, place):
        for name, member in value.items() if isinstance(value, dict) else ():
            if name in schema.get("properties", {}):
                continue
            problem = f"{place}.{name} is not known" if wanted is False else self.problem_with(member, wanted, f"{place}.{name}")
            if problem:
                return problem
        return None

    def _check_items(self, value, wanted, _schema, place):
        items = value if isinstance(value, list) else ()
        return next(filter(None, (self.problem_with(item, wanted, f"{place}[{i}]") for i, item in enumerate(items))), None)

    def _check_uniqueItems(self, value, _wanted, _schema, place):
        texts = [json.dumps(item) for item in value] if isinstance(value, list) else []
        return None if len(texts) == len(set(texts)) else f"{place} has an item twice"

    def _bound(self, value, kinds, is_within, place):
        is_judged = isinstance(value, kinds) and not isinstance(value, bool)
        return None if not is_judged or is_within(value) else f"{place} is out of bounds: {value!r}"

    def _check_minimum(self, value, wanted, _schema, place):
        return self._bound(value, (int, float), lambda number: number >= wanted, place)

    def _check_maximum(self, value, wanted, _schema, place):
        return self._bound(value, (int, float), lambda number: number <= wanted, place)

    def _check_exclusiveMaximum(self, value, wanted, _schema, place):
        return self._bound(value, (int, float), lambda number: number < wanted, place)

    def _check_minLength(self, value, wanted, _schema, place):
        return self._bound(value, str, lambda text: len(text) >= wanted, place)

    def _check_maxLength(self, value, wanted, _schema, place):
        return self._bound(value, str, lambda text: len(text) <= wanted, place)

    def _check_minItems(self, value, wanted, _schema, place):
        return self._bound(value, list, lambda items: len(items) >= wanted, place)

    def _check_maxItems(self, value, wanted, _schema, place):
        return self._bound(value, list, lambda items: len(items) <= wanted, place)

    def _check_pattern(self, value, wanted, _schema, place):
        return self._bound(value, str, lambda text: re.search(wanted, text), place)
