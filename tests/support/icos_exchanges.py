# SPDX-License-Identifier: Apache-2.0
"""Exchanges recorded from the ICOS Metrics Export service (tests/data/icos), replayed against promtally.

A row that is to be kept must be answered as recorded; every other one as its `wanted` says. Rows of a case are steps on
one server."""
import base64
import gzip
import http.client
import json
import math
import re

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: # .*)?$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)')
SUFFIXES = ("_total", "_created", "_info")


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def send(address, request):
    """Status, headers (lower case) and body with gzip undone."""
    body = request.get("body")
    if "body_base64" in request:
        body = base64.b64decode(request["body_base64"])
    elif body is not None:
        for mark, key in (("@@", "repeat"), ("@]@", "repeat2")):
            if key in request:
                text, times = request[key]
                body = body.replace(mark, text * times)
        body = body.encode("utf-8", "surrogatepass")
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.putrequest(request["method"], request["path"], skip_accept_encoding=True)
        for name, value in request["headers"].items():
            connection.putheader(name, value)
        if body is not None and "Content-Length" not in request["headers"]:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()
    if headers.get("content-encoding") == "gzip":
        data = gzip.decompress(data)
    return answer.status, headers, data.decode("utf-8", "replace")


def family_of(name):
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name[:-len(suffix)]
    return name


def number(text):
    value = float(text)
    return "NaN" if math.isnan(value) else value


def page_facts(text, families=None):
    """Samples, HELP and TYPE of the families, without `_created`, in no order."""
    facts = set()
    for line in text.split("\n"):
        parts = line.split(" ", 3)
        if line.startswith(("# HELP", "# TYPE")) and not parts[2].endswith("_created"):
            if families is None or family_of(parts[2]) in families:
                facts.add((parts[1], parts[2], parts[3] if len(parts) > 3 else ""))
        elif line and not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            if not name.endswith("_created") and (families is None or family_of(name) in families):
                facts.add((name, frozenset(LABEL.findall(labels or "")), number(value)))
    return facts


def findings(body):
    """type, loc, msg and input of a `detail` list, in any order."""
    value = json.loads(body)
    if isinstance(value, dict) and isinstance(value.get("detail"), list):
        return sorted(json.dumps([one["type"], one["loc"], one["msg"], one["input"]], sort_keys=True)
                      for one in value["detail"])
    return value


def difference_kept(row, status, headers, body):
    """What is not as recorded; None: nothing."""
    recorded = row["response"]
    if status != recorded["status"]:
        return f"status {status}, recorded {recorded['status']}: {body[:300]}"
    compare = row["compare"]
    if compare == "json" and findings(body) != findings(recorded["body"]):
        return f"body {body[:400]}, recorded {recorded['body'][:400]}"
    if compare == "json_invalid":
        mine, theirs = json.loads(body)["detail"][0], json.loads(recorded["body"])["detail"][0]
        if (mine["type"], mine["loc"][0]) != (theirs["type"], theirs["loc"][0]):
            return f"body {body[:300]}"
    if compare == "location" and headers.get("location") != recorded["headers"]["location"]:
        return f"location {headers.get('location')}"
    if compare == "page":
        for name in ("content-type", "content-encoding"):
            if headers.get(name) != recorded["headers"].get(name):
                return f"{name} {headers.get(name)}, recorded {recorded['headers'].get(name)}"
        families = set(row.get("families", [])) or None
        mine, theirs = page_facts(body, families), page_facts(recorded["body"], families)
        if mine != theirs:
            return f"page lacks {theirs - mine}, has {mine - theirs}"
    return None


def difference_wanted(row, status, headers, body):
    wanted = row["wanted"]
    if status not in wanted["status"]:
        return f"status {status}, wanted {wanted['status']}: {body[:300]}"
    if 400 <= status < 500 and status not in (404, 405) and len(body) < 3:
        return "no reason in the body"
    if "json" in wanted and json.loads(body) != wanted["json"]:
        return f"body {body[:300]}"
    if "page" in wanted and not page_facts(wanted["page"]) <= page_facts(body):
        return f"page lacks {page_facts(wanted['page']) - page_facts(body)}"
    names = {fact[0] for fact in page_facts(body) if len(fact) == 3 and fact[0] not in ("HELP", "TYPE")} \
        if "absent" in wanted or "only" in wanted else set()
    if set(wanted.get("absent", [])) & names:
        return f"page has {set(wanted['absent']) & names}"
    if "only" in wanted and {family_of(name) for name in names} != set(wanted["only"]):
        return f"page has {names}, wanted only {wanted['only']}"
    for name, value in wanted.get("headers", {}).items():
        if headers.get(name.lower()) != value:
            return f"header {name}: {headers.get(name.lower())}"
    for name in wanted.get("not_headers", []):
        if name.lower() in headers:
            return f"header {name} is there"
    return None


def difference(row, answer):
    return (difference_kept if row["keep"] else difference_wanted)(row, *answer)
