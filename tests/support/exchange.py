# SPDX-License-Identifier: Apache-2.0
"""One HTTP request to promtally, over TLS or not, and its whole answer.

    answer = ask(service, "/metrics", token=token)
    answer.status, answer.headers, answer.text
"""
import base64
import http.client
import ssl


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    def challenges(self):
        return self.headers.get_all("WWW-Authenticate") or []


def ask(service, path, method="GET", token=None, user=None, headers=None, tls=None):
    """user: name:password. tls: an SSL context."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if user is not None:
        sent["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
    address, _, port = service.address.rpartition(":")
    address = "127.0.0.1" if address == "0.0.0.0" else address
    connection = (http.client.HTTPConnection(address, int(port), timeout=20) if tls is None else
                  http.client.HTTPSConnection(address, int(port), timeout=20, context=tls))
    try:
        connection.request(method, path, headers=sent)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def trusting(certificate, client=None):
    """An SSL context that believes this certificate; client: (certificate, key) to show."""
    context = ssl.create_default_context(cafile=str(certificate))
    if client is not None:
        context.load_cert_chain(*[str(path) for path in client])
    return context
