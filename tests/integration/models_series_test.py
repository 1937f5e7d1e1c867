# SPDX-License-Identifier: Apache-2.0
"""promtally models of one series: ARIMA, Holt-Winters and the naive ones trained, predicted and evaluated through the program itself.
PROMTALLY_SCREENSHOTS=folder keeps what the report looks like."""
import json
import math
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.browser import Browser, find_browser  # noqa: E402

DATA = promtally_cli.ROOT / "tests" / "data" / "models"


def cases(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def case(identifier):
    return next(each for each in cases("arima.jsonl") if each["id"] == identifier)


class SeriesModels(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = self.folder / "models"

    def run_models(self, status, *arguments):
        outcome = promtally_cli.run("models", *arguments, "--store", self.store, "--format", "json")
        self.assertEqual(outcome.returncode, status, str(outcome))
        return outcome

    def one(self, *arguments):
        lines = self.run_models(0, *arguments).lines
        self.assertEqual(len(lines), 1)
        return lines[0]

    def series(self, values, header="value"):
        path = self.folder / "series.csv"
        path.write_text("\n".join([header] + ["" if value is None else repr(value) for value in values]) + "\n", encoding="utf-8")
        return path

    def row(self, values):
        path = self.folder / "rows.csv"
        header = ",".join(f"v{i}" for i in range(len(values)))
        path.write_text(header + "\n" + ",".join("" if value is None else repr(value) for value in values) + "\n", encoding="utf-8")
        return path

    def train(self, values, kind, *arguments, name="m"):
        return self.one("train", name, "--type", kind, "--input", self.series(values), *arguments)


class Arima(SeriesModels):
    def test_every_case_agrees_with_r(self):
        for each in cases("arima.jsonl"):
            with self.subTest(each["id"]):
                order, seasonal = each["order"], each["seasonal"]
                options = ["--order", ",".join(map(str, order))]
                if seasonal[3] > 1:
                    options += ["--seasonal", ",".join(map(str, seasonal))]
                line = self.train(each["y"], "arima", *options)
                self.assertEqual((line["order"], line["seasonal"], line["n_used"]), (order, seasonal, each["n_used"]))
                self.assertAlmostEqual(line["loglik"], each["loglik_best"], delta=0.002)
                k = len(line["coefficients"]) + 1
                self.assertAlmostEqual(line["aic"], 2 * k - 2 * line["loglik"], places=9)
                self.assertAlmostEqual(line["aicc"], line["aic"] + 2 * k * (k + 1) / (line["n_used"] - k - 1), places=9)
                self.assertEqual(list(line["coefficients"]), list(line["stderr"]))
                self.assertEqual(set(line["coefficients"]), set(each["coefficients"]))
                if line["loglik"] > each["loglik_exact"] + 0.002:
                    continue  # a better optimum than R's
                for name, value in each["coefficients"].items():
                    error = each["stderr"][name]
                    self.assertAlmostEqual(line["coefficients"][name], value, delta=max(1e-4 * abs(value), 0.01 * error))
                    self.assertAlmostEqual(line["stderr"][name], error, delta=0.1 * error)
                for step, (mean, error) in zip(line["forecast"], zip(each["forecast"]["mean"], each["forecast"]["se"])):
                    self.assertAlmostEqual(step["mean"], mean, delta=max(1e-4 * abs(mean), 0.01 * error))
                    self.assertAlmostEqual(step["se"], error, delta=0.002 * error)

    def test_a_stored_model_goes_on_as_it_was_trained(self):
        values = case("airpassengers-airline")["y"]
        line = self.train(values, "arima", "--order", "0,1,1", "--seasonal", "0,1,1,12", "--horizon", "6")
        predicted = self.one("predict", "m", "--input", self.row(values), "--horizon", "6")
        self.assertEqual(len(predicted["prediction"]), 6)
        for step, value in zip(line["forecast"], predicted["prediction"]):
            self.assertAlmostEqual(step["mean"], value, places=9)
        self.assertAlmostEqual(predicted["lower"], line["forecast"][0]["lower95"], places=9)

    def test_gaps_are_skipped_and_a_window_of_gaps_says_why_it_has_no_forecast(self):
        values = case("airpassengers-airline")["y"]
        gaps = [None if 30 <= i < 35 or i == 100 else value for i, value in enumerate(values)]
        line = self.train(gaps, "arima", "--order", "0,1,1", "--seasonal", "0,1,1,12")
        self.assertEqual(line["n_used"], 144 - 6 - 13)
        rows = self.row([None] * 20)
        outcome = self.run_models(1, "predict", "m", "--input", rows)
        self.assertIsNone(outcome.lines[0]["prediction"])
        self.assertIn("at least 14 values", outcome.lines[0]["reason"])

    def test_orders_are_found_as_auto_arima_finds_them(self):
        chosen = next(each for each in cases("auto.jsonl") if each["series"] == "Nile")["chosen"]
        line = self.train(case("nile-111")["y"], "arima", "--order", "auto")
        self.assertEqual(line["order"], chosen["order"])
        self.assertAlmostEqual(line["aicc"], chosen["aicc"], delta=0.01)
        self.assertEqual(len(line["candidates"]), 21)
        part = self.train(case("nile-111")["y"], "arima", "--order", "0,auto,1")
        self.assertEqual(part["order"], [0, 1, 1])

    def test_a_mean_is_there_only_where_nothing_is_differenced(self):
        values = case("nile-100")["y"]
        self.assertIn("intercept", self.train(values, "arima", "--order", "1,0,0")["coefficients"])
        self.assertNotIn("intercept", self.train(values, "arima", "--order", "1,0,0", "--mean", "none")["coefficients"])
        self.assertNotIn("intercept", self.train(values, "arima", "--order", "1,1,0")["coefficients"])

    def test_what_cannot_be_fitted_leaves_nothing_in_the_store(self):
        for status, values, options, text in (
                (1, [3.0] * 40, ["--order", "1,0,0"], "constant"),
                (1, [1.0, 2.0, 4.0], ["--order", "2,1,2"], "needs at least"),
                (2, [1.0, 2.0, 4.0] * 20, ["--order", "1,x,0"], "--order"),
                (2, [1.0, 2.0, 4.0] * 20, ["--order", "1,0,0", "--seasonal", "1,0,0"], "--seasonal")):
            with self.subTest(text):
                outcome = promtally_cli.run("models", "train", "m", "--type", "arima", "--input", self.series(values), *options,
                                            "--store", self.store)
                self.assertEqual(outcome.returncode, status, str(outcome))
                self.assertIn(text, outcome.stderr)
        self.assertEqual(self.run_models(0, "list").lines, [])

    def test_errors_stand_beside_the_best_baseline(self):
        values = case("airpassengers-airline")["y"]
        line = self.train(values, "arima", "--order", "0,1,1", "--seasonal", "0,1,1,12", "--test-size", "24", "--repeat", "3")
        self.assertEqual(set(line["metrics"]), {"mae", "rmse", "mape", "smape", "r2"})
        self.assertEqual(line["baseline"]["name"], "seasonal_naive")
        self.assertTrue(line["baseline"]["beaten"])
        self.assertLess(line["metrics"]["mae"], line["baseline"]["metrics"]["mae"])
        self.assertEqual(len(line["seconds"]), 3)
        self.assertIsNone(self.train(values, "arima", "--order", "0,1,1")["metrics"])


class Smoothing(SeriesModels):
    def test_holt_winters_and_naive_agree_with_r(self):
        for each in cases("baselines.jsonl"):
            with self.subTest(each["id"]):
                options = ["--period", str(each["period"])] if each["type"] != "naive" else []
                if each["type"] == "holt_winters":
                    options += ["--seasonal-kind", each["kind"]]
                line = self.train(each["y"], each["type"], *options)
                if each["type"] == "holt_winters":
                    self.assertLessEqual(line["sse"], each["sse"] * (1 + 1e-6))
                    self.assertEqual(set(line["parameters"]), {"alpha", "beta", "gamma"})
                    if line["sse"] < each["sse"] * (1 - 1e-4):
                        continue  # a better optimum than R's
                for step, mean in zip(line["forecast"], each["forecast"]):
                    self.assertAlmostEqual(step["mean"], mean, delta=2e-3 * abs(mean))


class Report(SeriesModels):
    HOSTILE = '"><script>alert(1)</script><img src=http://127.0.0.1:9/x>'

    def report(self):
        source = case("airpassengers-airline")["y"]
        path = self.series([math.exp(value) for value in source], '"' + self.HOSTILE.replace('"', '""') + '"')
        self.one("train", "air", "--type", "arima", "--order", "0,1,1", "--seasonal", "0,1,1,12", "--test-size", "24", "--input", path)
        output = self.folder / "report.html"
        line = self.one("evaluate", "air", "--input", path, "--test-size", "24", "--output", output)
        return line, output

    def test_prints_the_errors_and_writes_one_document(self):
        line, output = self.report()
        self.assertEqual(line["report"], str(output))
        self.assertEqual(line["baseline"]["name"], "seasonal_naive")
        self.assertTrue(0 <= line["coverage"] <= 1)
        text = output.read_text(encoding="utf-8")
        self.assertNotIn("<script", text)
        self.assertEqual(text.count("<svg"), 5)

    def test_a_model_that_is_not_there_writes_nothing(self):
        output = self.folder / "none.html"
        self.run_models(1, "evaluate", "gone", "--input", self.series([1.0, 2.0, 3.0]), "--output", output)
        self.assertFalse(output.exists())

    @unittest.skipUnless(find_browser(), "no browser: Debian's chromium, or PROMTALLY_BROWSER, is needed to look at the report")
    def test_a_browser_shows_it_and_asks_for_nothing(self):
        _, output = self.report()
        with_browser = Browser(find_browser())
        self.addCleanup(with_browser.close)
        folder = os.environ.get("PROMTALLY_SCREENSHOTS")
        for width, colours in ((1200, "light"), (1200, "dark"), (390, "light")):
            with_browser.resize(width, 900)
            with_browser.use_colours(colours)
            with_browser.open(output.as_uri())
            if folder:
                with_browser.screenshot(pathlib.Path(folder) / f"evaluation-{width}-{colours}.png")
            self.assertLessEqual(with_browser.value("document.documentElement.scrollWidth"), width)
            self.assertEqual(with_browser.value("document.querySelectorAll('svg').length"), 5)
            self.assertIn(self.HOSTILE, with_browser.value("document.querySelector('header').textContent"))
        self.assertEqual([url for url in with_browser.requested if not url.startswith(("file:", "data:"))], [])
        self.assertEqual(with_browser.complaints, [])


if __name__ == "__main__":
    unittest.main()
