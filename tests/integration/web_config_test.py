# SPDX-License-Identifier: Apache-2.0
"""`--web.config.file`: TLS with real certificates that rotate, client certificates, users, headers, limits; and that
promtool and promtally find the same files right and wrong."""
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.exchange import ask, trusting  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.waiting import until  # noqa: E402

HASH = "$2b$04$IG4ReKXqYGUy44sU701WbekXaMdK1hGnqzOJm7heAXUys4NOK2TGy"  # pw
TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key%s}\n"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificate(folder, name, alternative="IP:127.0.0.1", authority=None, kind=("-newkey", "ec", "-pkeyopt",
                                                                               "ec_paramgen_curve:P-256")):
    """name.pem and name.key: signed by itself, or by authority (another name)."""
    signer = [] if authority is None else ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"]
    extension = ["-addext", f"subjectAltName={alternative}"] if alternative else []
    openssl(folder, "req", "-x509", *kind, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
            "-subj", f"/CN={name}", *extension, *signer)


class Folder(unittest.TestCase):
    def setUp(self):
        self.site = Site(self)
        self.folder = self.site.folder
        self.site.config.write_text("web: {config_file: web.yml}\n", encoding="utf-8")

    def write(self, text):
        other = self.folder / "web.yml.new"
        other.write_text(text, encoding="utf-8")
        os.replace(other, self.folder / "web.yml")

    def serve(self, text, *arguments, address="127.0.0.1:0"):
        self.write(text)
        service = Serving(self.site, address, *arguments)
        self.addCleanup(service.kill)
        return service

    def until(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline)


class Tls(Folder):
    def setUp(self):
        super().setUp()
        certificate(self.folder, "server")
        self.trusted = trusting(self.folder / "server.pem")

    def test_is_spoken_and_plain_http_is_told_so(self):
        service = self.serve(TLS % "" + "http_server_config: {http2: true, headers: {X-Frame-Options: deny}}\n")
        answer = ask(service, "/-/healthy", tls=self.trusted)
        self.assertEqual((answer.status, answer.headers["X-Frame-Options"]), (200, "deny"))
        plain = ask(service, "/-/healthy")
        self.assertEqual((plain.status, plain.text), (400, "Client sent an HTTP request to an HTTPS server.\n"))
        http_config = self.folder / "http.yml"
        http_config.write_text("tls_config: {ca_file: server.pem}\n", encoding="utf-8")
        url = f"https://{service.address}"
        self.assertEqual(promtally_cli.run("health", "--url", url, "--http.config.file", http_config).returncode, 0)
        self.assertEqual(promtally_cli.run("health", "--url", url).returncode, 1)

    def test_works_with_curl_and_keeps_connections(self):
        service = self.serve(TLS % "")
        url = f"https://{service.address}/"
        outcome = subprocess.run(
            ["curl", "-sv", "--cacert", "server.pem", url + "metrics", url + "-/ready", "-d", "x" * 100_000, "-X", "POST"],
            cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(outcome.returncode, 0)
        self.assertIn("TLSv1.3", outcome.stderr)
        self.assertIn("ALPN: server accepted http/1.1", outcome.stderr)
        self.assertIn("Re-using existing connection", outcome.stderr)

    def test_takes_a_new_certificate_without_a_restart(self):
        service = self.serve(TLS % "")
        open_before = socket.create_connection(service.address.rsplit(":", 1), timeout=10)
        kept = self.trusted.wrap_socket(open_before, server_hostname="127.0.0.1")
        self.addCleanup(kept.close)
        certificate(self.folder, "fresh")
        # The key first: the pair does not fit for a moment.
        os.replace(self.folder / "fresh.key", self.folder / "server.key")
        self.assertEqual(ask(service, "/-/healthy", tls=self.trusted).status, 200)  # the old pair still
        until(lambda: "key values mismatch" in "".join(service.log), "the log line")
        os.replace(self.folder / "fresh.pem", self.folder / "server.pem")
        with self.assertRaises(ssl.SSLError):
            ask(service, "/-/healthy", tls=self.trusted)
        self.assertEqual(ask(service, "/-/healthy", tls=trusting(self.folder / "server.pem")).status, 200)
        kept.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b"200 OK", kept.recv(4096))

    def test_asks_clients_for_certificates(self):
        for name in ("ca", "other-ca"):
            certificate(self.folder, name, alternative="")
        certificate(self.folder, "prometheus", "DNS:prometheus.example", "ca")
        certificate(self.folder, "guest", "DNS:guest.example,IP:192.0.2.7", "ca")
        certificate(self.folder, "stranger", "DNS:prometheus.example", "other-ca")

        def works(service, client):
            pair = client and (self.folder / f"{client}.pem", self.folder / f"{client}.key")
            try:
                return ask(service, "/-/healthy", tls=trusting(self.folder / "server.pem", pair)).status == 200
            except OSError:
                return False

        def served(policy, *clients):
            service = self.serve(TLS % (", client_auth_type: " + policy))
            worked = [works(service, client) for client in clients]
            service.terminate()
            return worked

        clients = (None, "stranger", "guest", "prometheus")
        self.assertEqual(served("RequestClientCert", *clients), [True, True, True, True])
        self.assertEqual(served("RequireAnyClientCert", *clients), [False, True, True, True])
        self.assertEqual(served("VerifyClientCertIfGiven, client_ca_file: ca.pem", *clients), [True, False, True, True])
        verified = "RequireAndVerifyClientCert, client_ca_file: ca.pem"
        self.assertEqual(served(verified, *clients), [False, False, True, True])
        self.assertEqual(served(verified + ", client_allowed_sans: [prometheus.example]", *clients),
                         [False, False, False, True])
        self.assertEqual(served(verified + ", client_allowed_sans: [192.0.2.7]", *clients), [False, False, True, False])
        # A change of the rules holds for the next connection.
        service = self.serve(TLS % ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem")
        self.assertTrue(works(service, "guest"))
        self.write(TLS % ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: other-ca.pem")
        self.assertEqual([works(service, client) for client in clients], [False, True, False, False])

    def test_speaks_the_versions_and_ciphers_of_the_file(self):
        certificate(self.folder, "server", kind=("-newkey", "rsa:2048"))

        def negotiated(service, *arguments):
            outcome = subprocess.run(["openssl", "s_client", "-connect", service.address, *arguments], cwd=self.folder,
                                     input="", capture_output=True, text=True, check=False)
            return next((line for line in outcome.stdout.splitlines() if "Cipher is" in line), "")

        service = self.serve(TLS % "")
        self.assertIn("TLSv1.3", negotiated(service))
        self.assertIn("TLSv1.2", negotiated(service, "-tls1_2"))
        self.assertIn("NONE", negotiated(service, "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"))
        self.assertIn("NONE", negotiated(service, "-alpn", "h2"))
        self.write(TLS % ", max_version: TLS12, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]")
        self.assertIn("TLSv1.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384", negotiated(service))
        self.assertIn("NONE", negotiated(service, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"))
        self.write(TLS % ", min_version: TLS13, curve_preferences: [CurveP384]")
        self.assertIn("NONE", negotiated(service, "-tls1_2"))
        self.assertIn("NONE", negotiated(service, "-groups", "X25519"))
        self.write(TLS % ", min_version: TLS10, max_version: TLS11")
        self.assertIn("Cipher is ECDHE", negotiated(service, "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"))

    def test_cuts_off_a_slow_handshake_and_answers_others_meanwhile(self):
        service = self.serve(TLS % "")
        address = service.address.rsplit(":", 1)
        begun = time.monotonic()
        silent, half = [socket.create_connection(address, timeout=30) for _ in range(2)]
        half.sendall(b"\x16\x03\x01\x02\x00\x01")
        for _ in range(5):
            self.assertEqual(ask(service, "/-/healthy", tls=self.trusted).status, 200)
        for connection in (silent, half):
            with connection:
                self.assertEqual(connection.recv(100), b"")
        self.assertLess(time.monotonic() - begun, 15)

    def test_survives_junk(self):
        service = self.serve(TLS % "")
        for junk in (b"\x16\x03\x01\xff\xff" + b"a" * 1000, b"\x80junk", b"\x00" * 100, b"\x16" * 20_000, b"\r\n"):
            with socket.create_connection(service.address.rsplit(":", 1), timeout=10) as connection:
                connection.sendall(junk)
                try:
                    while connection.recv(1000):
                        pass
                except ConnectionResetError:
                    pass
        self.assertEqual(ask(service, "/-/healthy", tls=self.trusted).status, 200)

    def test_is_decided_at_the_start(self):
        service = self.serve(TLS % "")
        self.write("")
        self.assertEqual(ask(service, "/-/healthy", tls=self.trusted).status, 200)
        until(lambda: "needs a restart" in "".join(service.log), "the log line")
        self.assertEqual(service.terminate(), 0)


class Users(Folder):
    FILE = f"basic_auth_users: {{alice: '{HASH}'}}\n"

    def test_are_asked_for_a_password_on_every_path_but_health(self):
        service = self.serve(self.FILE, "--web.enable-lifecycle")
        for path in ("/metrics", "/", "/api/v1/status/config"):
            answer = ask(service, path)
            self.assertEqual((answer.status, answer.challenges()), (401, ["Basic"]), path)
            self.assertEqual(ask(service, path, user="alice:pw").status, 200, path)
        self.assertEqual(ask(service, "/-/healthy").status, 200)
        self.assertEqual(ask(service, "/nowhere").status, 401)
        self.assertEqual(ask(service, "/nowhere", user="alice:pw").status, 404)
        self.assertEqual(ask(service, "/metrics", "DELETE").status, 401)
        self.assertEqual(ask(service, "/metrics", "DELETE", user="alice:pw").status, 405)
        self.assertEqual(ask(service, "/-/reload", "POST", user="alice:pw").status, 200)
        self.assertEqual(ask(service, "/metrics", token="x").status, 401)
        self.assertNotIn(HASH, ask(service, "/api/v1/status/config", user="alice:pw").text)

    def test_are_remembered_and_wrong_passwords_limited(self):
        service = self.serve(self.FILE)
        self.assertEqual(ask(service, "/metrics", user="alice:pw").status, 200)
        statuses = [ask(service, "/metrics", user=f"{name}:{number}").status
                    for number in range(6) for name in ("alice", "nobody")]
        self.assertEqual(statuses, [401] * 10 + [429] * 2)
        blocked = ask(service, "/metrics", user="alice:pw")
        self.assertEqual(blocked.status, 429)
        self.assertLessEqual(int(blocked.headers["Retry-After"]), 60)
        self.assertEqual(ask(service, "/-/healthy").status, 200)

    def test_change_with_the_file(self):
        service = self.serve(self.FILE)
        self.assertEqual(ask(service, "/metrics", user="alice:pw").status, 200)
        made = promtally_cli.run("hash-password", stdin="other\n")
        self.assertEqual(made.returncode, 0)
        self.write(f"basic_auth_users: {{alice: '{made.stdout.strip()}'}}\n")
        self.assertEqual(ask(service, "/metrics", user="alice:pw").status, 401)
        self.assertEqual(ask(service, "/metrics", user="alice:other").status, 200)
        self.write("basic_auth_users: {alice: other}\n")  # cannot be used: what was there stays
        self.assertEqual(ask(service, "/metrics", user="alice:other").status, 200)
        self.until(lambda: "no bcrypt hash" in "".join(service.log))
        self.write("rate_limit: {interval: 1h, burst: 1}\n")
        self.assertEqual([ask(service, "/metrics").status for _ in range(2)], [200, 429])

    def test_hash_password_refuses_what_bcrypt_would_cut(self):
        self.assertEqual(promtally_cli.run("hash-password", stdin="a" * 73 + "\n").returncode, 2)
        self.assertEqual(promtally_cli.run("hash-password", stdin="\n").returncode, 2)


class Agreement(Folder):
    """promtool of Prometheus 2.42 knows all but cert, key, client_ca, client_allowed_sans and rate_limit."""

    VALID = (
        "", "{}\n", "tls_server_config: {}\n", f"basic_auth_users: {{a: '{HASH}'}}\n",
        "http_server_config: {http2: false}\n",
        "http_server_config: {headers: {X-Frame-Options: sameorigin, X-Content-Type-Options: nosniff, "
        "Content-Security-Policy: x, X-XSS-Protection: '0', Strict-Transport-Security: max-age=1}}\n",
        TLS % "", TLS % ", min_version: TLS13", TLS % ", client_auth_type: RequestClientCert",
        TLS % ", client_auth_type: RequireClientCert", TLS % ", client_auth_type: RequireAnyClientCert",
        TLS % ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: server.pem",
        TLS % ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: server.pem",
        TLS % ", cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]",
        TLS % ", curve_preferences: [CurveP256, X25519], prefer_server_cipher_suites: false",
    )
    INVALID = (
        "tls_server_confi: {}\n", TLS % ", cert_fil: x", "tls_server_config: {cert_file: server.pem}\n",
        "tls_server_config: {key_file: server.key}\n", "tls_server_config: {cert_file: nope, key_file: server.key}\n",
        "tls_server_config: {cert_file: server.pem, key_file: other.key}\n",
        "tls_server_config: {cert_file: server.key, key_file: server.pem}\n",
        TLS % ", client_auth_type: Maybe", TLS % ", client_ca_file: server.pem", TLS % ", min_version: TLS14",
        TLS % ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: nope",
        TLS % ", cipher_suites: [RC4]", TLS % ", curve_preferences: [P256]",
        "http_server_config: {headers: {Server: x}}\n", "http_server_config: {headers: {X-Frame-Options: allow}}\n",
        "basic_auth_users: {a: plain}\n", "basic_auth_users: [a]\n", "tls_server_config: x\n", "a: b: c\n",
        f"basic_auth_users: {{a: '{HASH}', a: '{HASH}'}}\n",
    )

    def test_promtool_and_promtally_say_the_same(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed")
        for name in ("server", "other"):
            certificate(self.folder, name)
        for expected, texts in ((True, self.VALID), (False, self.INVALID)):
            for text in texts:
                self.write(text)
                promtool = subprocess.run(["promtool", "check", "web-config", "web.yml"], cwd=self.folder,
                                          capture_output=True, text=True, check=False)
                ours = promtally_cli.run("serve", "--config", self.site.config, "--config.check")
                self.assertEqual(promtool.returncode == 0, expected, text + promtool.stderr)
                self.assertEqual(ours.returncode, 0 if expected else 3, text + ours.stderr)

    def test_check_reads_what_newer_ones_know(self):
        certificate(self.folder, "server")
        cert, key = [(self.folder / f"server.{end}").read_text(encoding="utf-8") for end in ("pem", "key")]

        def block(text):
            return "|\n" + "".join(f"    {line}\n" for line in text.splitlines())

        self.write(f"tls_server_config:\n  cert: {block(cert)}  key: {block(key)}  client_ca: {block(cert)}"
                   "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [a]\n"
                   "rate_limit: {interval: 1s, burst: 20}\n")
        outcome = promtally_cli.run("check", self.folder / "web.yml")
        self.assertEqual(outcome.returncode, 0, str(outcome))
        self.write("basic_auth_users: {alice: secret-word}\nrate_limit: {bust: 1}\n")
        outcome = promtally_cli.run("check", self.folder / "web.yml")
        self.assertEqual(outcome.returncode, 3)
        self.assertIn('web.yml:2:14: error: unknown key "bust" in rate_limit', outcome.stderr)
        self.assertNotIn("secret-word", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
