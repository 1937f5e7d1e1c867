# SPDX-License-Identifier: Apache-2.0
"""Requests to the own routes of `promtally serve`, by a plain client."""
import http.client
import json
import urllib.parse


class Answer:
    def __init__(self, response, data):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.data = data

    @property
    def text(self):
        return self.data.decode()

    @property
    def json(self):
        return json.loads(self.data)


def call(service, method, path, body=None, headers=None):
    """body: text as it is, anything else as JSON."""
    sent = {} if body is None else {"Content-Type": "application/json"}
    sent.update(headers or {})
    if body is not None and not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    connection = http.client.HTTPConnection(service.address, timeout=60)
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


def query(**parameters):
    return "?" + urllib.parse.urlencode(parameters, doseq=True)


def pages(service, path, member, **parameters):
    """All items of a list, page by page."""
    items, after = [], None
    while True:
        answer = call(service, "GET", path + query(**parameters, **({"after": after} if after else {})))
        assert answer.status == 200, answer.text
        items += answer.json[member]
        after = answer.json["next"]
        if after is None:
            return items
