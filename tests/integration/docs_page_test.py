# SPDX-License-Identifier: Apache-2.0
"""/docs in a real browser: it shows every operation, asks for nothing from outside, breaks no policy of its own, can be used
with a keyboard, and fits a phone in light and dark. PROMTALLY_SCREENSHOTS=folder keeps what it looks like."""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.browser import Browser, find_browser  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402

CONTRAST = """(() => {
  const light = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const shade = (element) => { for (let at = element; at; at = at.parentElement) {
    const found = getComputedStyle(at).backgroundColor; if (!found.endsWith(', 0)')) return found; } return 'rgb(255, 255, 255)'; };
  const words = document.querySelectorAll('nav a, main p, summary, summary .method, td, th, code, pre, label, .soft, button');
  return Math.min(...[...words].filter((each) => each.checkVisibility()).map((each) => {
    const [a, b] = [light(getComputedStyle(each).color), light(shade(each))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); })); })()"""


@unittest.skipUnless(find_browser(), "no browser: Debian's chromium, or PROMTALLY_BROWSER, is needed to look at /docs")
class DocsPage(unittest.TestCase):
    def setUp(self):
        site = Site(self)
        site.config.write_text("web: {listen: 'localhost:0'}\n", encoding="utf-8")
        self.service = Serving(site, "127.0.0.1:0", "--web.route-prefix=/x")
        self.addCleanup(self.service.kill)
        self.browser = Browser(find_browser())
        self.addCleanup(self.browser.close)
        self.browser.resize(1200, 900)
        self.browser.open(self.service.url + "/x/docs")
        self.browser.wait_for("document.body.dataset.shown === 'yes'")

    def keep(self, name):
        folder = os.environ.get("PROMTALLY_SCREENSHOTS")
        if folder:
            self.browser.screenshot(pathlib.Path(folder) / f"{name}.png")

    def open_part(self, name):
        self.browser.value(f"location.hash = '#{name}'")
        self.browser.wait_for(f"document.getElementById('{name}').open")

    def test_shows_every_operation_and_schema_and_fetches_only_the_document(self):
        document = json.loads(self.service.get("/x/openapi.json")[1])
        names = {"operation-" + operation["operationId"] for entry in document["paths"].values()
                 for method, operation in entry.items() if method != "parameters"}
        names |= {"schema-" + name for name in document["components"]["schemas"]}
        shown = self.browser.value("[...document.querySelectorAll('details')].map((each) => each.id)")
        self.assertEqual((set(shown), len(shown)), (names, len(names)))
        links = self.browser.value("[...document.querySelectorAll('main a')].map((each) => each.getAttribute('href'))")
        self.assertLessEqual({link[1:] for link in links if link.startswith("#")}, names)
        self.assertEqual(self.browser.requested, [self.service.url + "/x/docs", self.service.url + "/x/openapi.json"])
        self.assertEqual(self.browser.complaints, [])
        self.keep("wide")

    def test_runs_nothing_that_is_not_its_own(self):
        self.browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=\"http://192.0.2.1/x\" onerror=\"window.hit = 1\">')")
        self.browser.value("(() => { const code = document.createElement('script'); code.textContent = 'window.hit = 1'; document.body.append(code); })()")
        self.assertIsNone(self.browser.value("window.hit"))
        self.assertTrue(self.browser.complaints)

    def test_makes_a_metric_with_the_keyboard_alone(self):
        self.open_part("operation-createMetric")
        self.assertEqual(self.browser.value("document.activeElement.tagName"), "SUMMARY")
        for _ in range(30):
            self.browser.press("Tab")
            if self.browser.value("document.activeElement.type") == "submit":
                break
        self.assertIn("Send PUT", self.browser.value("document.activeElement.textContent"))
        self.assertNotEqual(self.browser.value("getComputedStyle(document.activeElement).outlineStyle"), "none")
        self.browser.press("Enter")
        answer = "document.querySelector('#operation-createMetric form pre[role=status]').textContent"
        self.browser.wait_for(f"/^[0-9]/.test({answer})")
        self.assertIn("201 Created", self.browser.value(answer))
        self.assertEqual(self.service.get("/x/api/v1/metrics/checkouts")[0], 200)
        self.keep("answer")

    def test_the_command_that_it_shows_is_the_request(self):
        self.open_part("operation-removeSeries")
        command = self.browser.value("document.querySelector('#operation-removeSeries form pre').textContent")
        self.assertEqual(command, f"curl -X DELETE '{self.service.url}/x/api/v1/metrics/checkouts/series?labels=%7B%22shop%22%3A%22a%22%7D'")

    def test_fits_a_phone_and_can_be_read_in_light_and_dark(self):
        self.open_part("operation-createMetric")
        for scheme in ("light", "dark"):
            for width in (1200, 360):
                with self.subTest(scheme=scheme, width=width):
                    self.browser.use_colours(scheme)
                    self.browser.resize(width, 800)
                    self.browser.wait_for(f"innerWidth === {width}")
                    self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
                    self.assertGreaterEqual(self.browser.value(CONTRAST), 4.5)
                    self.keep(f"{scheme}-{width}")

    def test_says_when_the_document_cannot_be_read_and_tries_again(self):
        self.browser.value("window.fetch = () => Promise.resolve(new Response('', {status: 401, statusText: 'Unauthorized'}))")
        self.browser.value("read()")
        self.browser.wait_for("!document.getElementById('again').hidden")
        self.assertIn("401", self.browser.value("document.getElementById('state').textContent"))

    def test_the_landing_page_breaks_no_policy_and_leads_here(self):
        self.browser.open(self.service.url + "/x/")
        self.assertIn("/x/docs", self.browser.value("[...document.links].map((each) => each.getAttribute('href'))"))
        self.assertEqual([each for each in self.browser.complaints if "favicon" not in each], [])
        self.browser.resize(360, 800)
        self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), 360)
        self.keep("landing")


if __name__ == "__main__":
    unittest.main()
