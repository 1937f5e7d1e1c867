# SPDX-License-Identifier: Apache-2.0
"""/openapi.json is true: it lists the routes that there are, and every answer to requests derived from its schemas is one
that it documents. Schemathesis does the same where it is at hand."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.api_document import Document  # noqa: E402: the path is set above
from support.api_requests import Request, quoted, requests_of, send  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.waiting import until  # noqa: E402

REQUESTS_PER_OPERATION = 80
LIFECYCLE = "--web.enable-lifecycle"


def schemathesis():
    """The program: $PROMTALLY_SCHEMATHESIS, on PATH, or where tools/test-schemathesis puts it; else None."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    built = cache / "promtally" / "schemathesis" / "bin" / "schemathesis"
    return os.environ.get("PROMTALLY_SCHEMATHESIS") or shutil.which("schemathesis") or (str(built) if built.exists() else None)


class ApiTest(unittest.TestCase):
    def serve(self, *arguments, prefix="", web=""):
        site = Site(self)
        site.config.write_text(f"web: {{listen: 'localhost:0'{web}}}\n", encoding="utf-8")
        service = Serving(site, "127.0.0.1:0", *arguments)
        self.addCleanup(service.kill)
        until(lambda: service.get(prefix + "/-/ready")[0] == 200, "ready")
        return service

    def document(self, service, path="/openapi.json"):
        return Document(send(service.address, Request("GET", path)).json)

    def put(self, service, name, definition):
        return send(service.address, Request("PUT", "/api/v1/metrics/" + name, json.dumps(definition).encode(), "application/json"))


class TheDocument(ApiTest):
    def test_is_valid_openapi(self):
        value = self.document(self.serve()).value
        self.assertTrue(value["openapi"].startswith("3.1."))
        try:
            from openapi_spec_validator import validate
        except ImportError:
            self.skipTest("openapi-spec-validator is not installed: only this test's own checks judge the document")
        validate(value)

    def test_names_each_operation_once_and_says_what_it_is(self):
        document = self.document(self.serve())
        names = [operation.id for operation in document.operations]
        self.assertEqual(len(names), len(set(names)))
        for operation in document.operations:
            self.assertTrue(operation.entry["summary"] and operation.entry["tags"] and operation.entry["responses"], operation.id)
            for example in operation.body_examples:
                self.assertIsNone(document.problem_with(example, operation.body_schema), operation.id)

    def test_has_the_paths_that_there_are_and_no_other(self):
        service = self.serve()
        routes = {dict(labels)["route"] for (name, labels), _ in service.page().samples
                  if name == "promtally_http_requests_in_flight"} - {"unmatched"}
        self.assertEqual(set(self.document(service).value["paths"]), routes)

    def test_has_the_methods_that_there_are_and_no_other(self):
        service = self.serve()
        self.put(service, "there", {"type": "gauge"})
        document = self.document(service)
        for path, entry in document.value["paths"].items():
            documented = {operation.method for operation in document.operations if operation.path == path}
            for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
                answer = send(service.address, Request(method, path.replace("{name}", "there")))
                with self.subTest(path=path, method=method, answer=str(answer)):
                    self.assertEqual(answer.status == 405, method not in documented)
                    if method in documented:
                        self.assertTrue(answer.status != 404 or path == "/api/v1/jobs/{id}")  # there is none
                        self.put(service, "there", {"type": "gauge"})  # DELETE took it away
                    else:
                        allowed = set(answer.headers["allow"].split(", "))
                        self.assertEqual(allowed - {"HEAD"}, documented)
                        self.assertEqual("HEAD" in allowed, "get" in entry)

    def test_knows_version_prefix_and_telemetry_path(self):
        service = self.serve("--web.route-prefix=/x", "--web.telemetry-path=/stats", prefix="/x")
        value = self.document(service, "/x/openapi.json").value
        self.assertEqual(value["servers"], [{"url": "/x"}])
        self.assertIn("/stats", value["paths"])
        self.assertNotIn("/metrics", value["paths"])
        built = json.loads(service.get("/x/api/v1/status/buildinfo")[1])
        self.assertEqual(value["info"]["version"], built["data"]["version"])
        self.assertEqual(service.get("/x/docs")[0], 200)

    def test_no_other_page_shows_it(self):
        self.assertEqual(self.serve().get("/redoc")[0], 404)


class Answers(ApiTest):
    def judge(self, operation, answer):
        """None, or what is wrong with the answer."""
        return f"{answer.status}" if answer.status >= 500 else operation.problem_with(answer)

    def test_the_examples_are_taken(self):
        service = self.serve()
        document = self.document(service)
        for number, body in enumerate(document.operation("createMetric").body_examples):
            self.assertEqual(self.put(service, f"example_{number}", body).status, 201, body)
        for name in ("icosCreateMetric", "icosUnregisterMetric"):
            operation = document.operation(name)
            for body in operation.body_examples:
                answer = send(service.address, Request("POST", operation.path, json.dumps(body).encode(), "application/json"))
                self.assertEqual(answer.status, 200, str(answer))
                self.assertIsNone(operation.problem_with(answer))

    def test_each_answer_to_derived_requests_is_documented(self):
        seed = int(os.environ.get("PROMTALLY_SEED") or random.SystemRandom().randrange(2**32))
        print(f"seed {seed}: PROMTALLY_SEED repeats the run", flush=True)
        chance = random.Random(seed)
        service = self.serve()
        document = self.document(service)
        for body, name in zip(document.operation("createMetric").body_examples, ("checkouts", "up_time", "latency_seconds", "mode")):
            self.put(service, name, body)
        requests = [(operation, request) for operation in document.operations
                    for request in requests_of(operation, chance, REQUESTS_PER_OPERATION)]
        chance.shuffle(requests)  # so that what one made another one meets
        seen = {}
        for operation, request in requests:
            answer = send(service.address, request)
            seen.setdefault(operation.id, set()).add(answer.status)
            self.assertIsNone(self.judge(operation, answer), f"seed {seed}: {request}\n{answer}")
        for operation in document.operations:
            # What removes needs something that chance has made just before; http_metrics_test removes on purpose.
            # Without a model nothing is predicted, and there are neither jobs nor models to remove: icos_models_test has them.
            needs_models = operation.id in ("icosCreateModelMetric", "icosRemoveModel", "showJob")
            if operation.group != "admin" and operation.method != "DELETE" and not needs_models:
                self.assertTrue(seen[operation.id] & {200, 201, 204}, f"{operation.id} never succeeded: {seen[operation.id]}")
        self.assertEqual(service.get("/metrics")[0], 200)
        self.assertEqual(service.terminate(), 0)

    def test_head_is_answered_as_get_without_the_body(self):
        service = self.serve()
        for operation in self.document(service).operations:
            if operation.method == "GET":
                target = operation.path.replace("{name}", quoted("not there"))
                got, headed = (send(service.address, Request(method, target)) for method in ("GET", "HEAD"))
                self.assertEqual((headed.status, headed.media_type, headed.body), (got.status, got.media_type, b""), target)

    def test_the_lifecycle_is_as_documented(self):
        service = self.serve(LIFECYCLE)
        document = self.document(service)
        for name in ("reload", "reloadByPut", "quit"):
            operation = document.operation(name)
            answer = send(service.address, Request(operation.method, operation.path))
            self.assertEqual(answer.status, 200, str(answer))
            self.assertIsNone(operation.problem_with(answer))
        self.assertEqual(service.wait(10), 0)


class Refusals(ApiTest):
    """What is said before a route is asked is documented as well."""
    OIDC = ", oidc: {issuer: 'https://id.invalid/realms/x', audience: promtally}"

    def check_all(self, web, headers, expected, guarded_only=True):
        service = self.serve(web=f"{web}, access: {{public: [health]}}")
        document = self.document(self.serve())
        for operation in document.operations:
            if operation.group == "health" and guarded_only:
                continue
            body = None if operation.body_schema is None else json.dumps(operation.body_examples[0]).encode()
            request = Request(operation.method, operation.path.replace("{name}", "n"), body, body and "application/json", headers)
            answer = send(service.address, request)
            with self.subTest(operation=operation.id, answer=str(answer)):
                self.assertEqual(answer.status, expected)
                self.assertIsNone(operation.problem_with(answer))
                self.assertEqual("www-authenticate" in answer.headers, expected == 401)

    def test_where_nobody_is_let_in_yet(self):
        self.check_all(", authentication: required", {}, 403)

    def test_without_a_token(self):
        self.check_all(self.OIDC, {}, 401)

    def test_with_a_token_that_is_none(self):
        self.check_all(self.OIDC, {"Authorization": "Bearer e30.e30.e30"}, 401)

    def test_for_another_host_on_a_loopback_listener(self):
        self.check_all("", {"Host": "evil.example"}, 403, guarded_only=False)

    def test_for_too_long_a_target_and_header(self):
        self.check_all("", {f"X-{number}": "y" * 1000 for number in range(40)}, 431, guarded_only=False)
        document, service = self.document(self.serve()), self.serve()
        for operation in document.operations:
            answer = send(service.address, Request(operation.method, operation.path.replace("{name}", "n") + "?x=" + "y" * 9000))
            self.assertEqual((operation.id, answer.status, operation.problem_with(answer)), (operation.id, 414, None))

    def test_for_too_long_a_body(self):
        service = self.serve(web=", limits: {body_bytes: 1000, import_bytes: 1000}")
        for operation in self.document(service).operations:
            if operation.body_schema is not None:
                request = Request(operation.method, operation.path.replace("{name}", "n"), b" " * 2000, "application/json")
                answer = send(service.address, request)
                self.assertEqual((operation.id, answer.status, operation.problem_with(answer)), (operation.id, 413, None))


class Schemathesis(ApiTest):
    @unittest.skipUnless(schemathesis(), "Schemathesis is not installed: tools/test-schemathesis puts it into a folder of its own")
    def test_finds_nothing(self):
        service = self.serve()
        command = [schemathesis(), "run", service.url + "/openapi.json", "--phases", "examples,coverage,fuzzing", "--max-examples", "40",
                   "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                   "--no-color", "--continue-on-failure"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                              check=False, timeout=800, cwd=Site(self).folder)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])


if __name__ == "__main__":
    unittest.main()
