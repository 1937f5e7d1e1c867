# SPDX-License-Identifier: Apache-2.0
"""promtally models: import, predict, export, train, list, show and remove, through the program itself."""
import json
import math
import pathlib
import random
import shutil
import signal
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above

DATA = promtally_cli.ROOT / "tests" / "data" / "models" / "xgboost"
NAMES = [f"{kind}-v{version}" for kind in ("sqerr", "sqerr-missing", "logistic", "pruned")
         for version in ("1_7_6", "2_1_4", "3_2_0")]


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def expectation(name):
    return json.loads((DATA / f"{name}.expect.json").read_text())


def csv_of(rows, header):
    lines = [",".join(header)]
    lines += [",".join("" if value is None else repr(value) for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def npy_of(rows, kind="<f4"):
    values = [math.nan if value is None else value for row in rows for value in row]
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    letter = {"<f4": "f", "<f8": "d"}[kind]
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
            + struct.pack(f"<{len(values)}{letter}", *values))


def read_npy(path):
    content = path.read_bytes()
    length = struct.unpack("<H", content[8:10])[0]
    header = content[10:10 + length].decode()
    data = content[10 + length:]
    return header, list(struct.unpack(f"<{len(data) // 4}f", data))


class Store(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = self.folder / "models"

    def models(self, status, *arguments, form="json"):
        outcome = promtally_cli.run("models", *arguments, "--store", self.store, "--format", form)
        self.assertEqual(outcome.returncode, status, str(outcome))
        return outcome

    def one(self, *arguments):
        lines = self.models(0, *arguments).lines
        self.assertEqual(len(lines), 1)
        return lines[0]

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class Imported(Store):
    def test_every_version_predicts_as_python_did(self):
        for name in NAMES:
            expected = expectation(name)
            rows = self.file("rows.csv", csv_of(expected["rows"], [f"f{i}" for i in range(12)]))
            for suffix in ("json", "ubj"):
                line = self.one("import", DATA / f"{name}.{suffix}", "--name", "m")
                self.assertEqual((line["name"], line["type"], line["trees"], line["features"]), ("m", "xgboost", 12, 12))
                self.assertEqual(line["saved_by"], [int(part) for part in name.rsplit("-v", 1)[1].split("_")])
                outcome = self.models(0, "predict", "m", "--input", rows)
                self.assertEqual([line["row"] for line in outcome.lines], list(range(60)))
                self.assertEqual([float32(line["prediction"]) for line in outcome.lines],
                                 [float32(value) for value in expected["prediction"]], name)

    def test_prints_the_shortest_decimal_of_the_float32(self):
        self.one("import", DATA / "sqerr-v3_2_0.json", "--name", "m")
        rows = self.file("rows.csv", csv_of(expectation("sqerr-v3_2_0")["rows"], list("abcdefghijkl")))
        for line in self.models(0, "predict", "m", "--input", rows).stdout.splitlines():
            self.assertLessEqual(len(line.split(":")[-1].strip("}")), 10, line)

    def test_npy_goes_in_and_out(self):
        expected = expectation("sqerr-missing-v2_1_4")
        self.one("import", DATA / "sqerr-missing-v2_1_4.ubj", "--name", "m")
        for kind in ("<f4", "<f8"):
            rows = self.file("rows.npy", npy_of(expected["rows"], kind))
            out = self.folder / "y.npy"
            line = self.one("predict", "m", "--input", rows, "--output", out, "--threads", "2", "--repeat", "3")
            self.assertEqual((line["rows"], line["features"], line["threads"], len(line["seconds"])), (60, 12, 2, 3))
            header, values = read_npy(out)
            self.assertIn("'shape': (60, 1)", header)
            self.assertEqual(values, [float32(value) for value in expected["prediction"]])

    def test_contributions_add_up_to_the_margin(self):
        expected = expectation("logistic-v3_2_0")
        self.one("import", DATA / "logistic-v3_2_0.json", "--name", "m")
        rows = self.file("rows.csv", csv_of(expected["rows"][:5], list("abcdefghijkl")))
        for line, margin, contributions in zip(self.models(0, "predict", "m", "--input", rows, "--contributions").lines,
                                               expected["margin"], expected["contribs_first5"]):
            self.assertEqual(len(line["contributions"]), 13)
            self.assertAlmostEqual(sum(line["contributions"]), margin, places=4)
            for ours, theirs in zip(line["contributions"], contributions):
                self.assertAlmostEqual(ours, theirs, places=4)

    def test_features_with_names_are_found_by_name(self):
        model = json.loads((DATA / "sqerr-v2_1_4.json").read_text())
        names = [f"lag {i}" for i in range(12)]
        model["learner"]["feature_names"] = names
        self.one("import", self.file("named.json", json.dumps(model)), "--name", "m")
        expected = expectation("sqerr-v2_1_4")
        turned = [list(reversed(row)) + [7] for row in expected["rows"]]
        rows = self.file("rows.csv", csv_of(turned, list(reversed(names)) + ["other"]))
        self.assertEqual([float32(line["prediction"]) for line in self.models(0, "predict", "m", "--input", rows).lines],
                         [float32(value) for value in expected["prediction"]])
        rows = self.file("rows.csv", csv_of(expected["rows"], list("abcdefghijkl")))
        self.assertIn("lag 0", self.models(1, "predict", "m", "--input", rows).stderr)

    def test_what_is_exported_is_the_model(self):
        expected = expectation("pruned-v3_2_0")
        rows = self.file("rows.csv", csv_of(expected["rows"], list("abcdefghijkl")))
        self.one("import", DATA / "pruned-v3_2_0.ubj", "--name", "m")
        for name in ("out.json", "out.ubj"):
            self.one("export", "m", "--output", self.folder / name)
            self.one("import", self.folder / name, "--name", "again")
            self.assertEqual([float32(line["prediction"]) for line in
                              self.models(0, "predict", "again", "--input", rows).lines],
                             [float32(value) for value in expected["prediction"]])

    def test_a_refused_file_is_named_with_its_place_and_leaves_nothing(self):
        model = json.loads((DATA / "sqerr-v2_1_4.json").read_text())
        model["learner"]["gradient_booster"]["model"]["trees"][2]["left_children"][0] = 99999
        path = self.file("bad.json", json.dumps(model))
        outcome = self.models(1, "import", path, "--name", "m")
        self.assertTrue(outcome.stderr.startswith(
            f"{path}: /learner/gradient_booster/model/trees/2/left_children/0: "), outcome.stderr)
        self.assertEqual(outcome.stdout, "")
        self.assertEqual(self.models(0, "list").stdout, "")
        broken = self.file("cut.ubj", (DATA / "sqerr-v2_1_4.ubj").read_bytes()[:5000])
        self.assertRegex(self.models(1, "import", broken, "--name", "m").stderr, r"cut\.ubj: byte \d+: ")
        self.assertEqual(self.models(0, "list").stdout, "")


class Kept(Store):
    def test_versions_count_up_and_can_be_named(self):
        for version in (1, 2, 3):
            name = NAMES[version]
            self.assertEqual(self.one("import", DATA / f"{name}.json", "--name", "m")["version"], version)
        self.assertEqual([line["version"] for line in self.models(0, "list").lines], [1, 2, 3])
        heads = self.models(0, "list", form="csv").stdout.splitlines()[0]
        self.assertEqual(heads, "name,version,type,created,mae,baseline,baseline_mae,beaten")
        self.assertEqual(self.one("show", "m:latest")["version"], 3)
        self.assertEqual(self.one("show", "m:1")["version"], 1)
        self.assertEqual(self.one("remove", "m:2")["removed"], 1)
        self.models(1, "show", "m:2")
        self.assertEqual(self.one("remove", "m")["removed"], 2)
        self.assertEqual(self.models(0, "list").stdout, "")
        self.models(1, "remove", "m")

    def test_the_configuration_names_the_store_and_how_many_versions_stay(self):
        config = self.file("promtally.yml", "models: {store: here, max_models_count: 2}\n")
        for _ in range(4):
            outcome = promtally_cli.run("models", "import", DATA / "sqerr-v2_1_4.ubj", "--name", "m", "--config", config)
            self.assertEqual(outcome.returncode, 0, str(outcome))
        outcome = promtally_cli.run("models", "list", "--config", config, "--format", "json")
        self.assertEqual([line["version"] for line in outcome.lines], [3, 4])
        self.assertTrue((self.folder / "here").is_dir())
        bad = self.file("bad.yml", "models: {store: 1}\n")
        self.assertEqual(promtally_cli.run("models", "list", "--config", bad).returncode, 3)

    def test_a_changed_file_is_refused(self):
        self.one("import", DATA / "sqerr-v2_1_4.ubj", "--name", "m")
        path = self.store / "m" / "1.model"
        content = bytearray(path.read_bytes())
        content[-100] ^= 1
        path.write_bytes(content)
        self.assertIn("damaged", self.models(1, "show", "m").stderr)
        self.assertIn("damaged", self.models(1, "list").stderr)

    def test_wrong_usage_is_told_from_failure(self):
        self.assertEqual(promtally_cli.run("models", "list").returncode, 2)
        self.models(2, "import", DATA / "sqerr-v2_1_4.ubj", "--name", "../m")
        self.models(2, "show", "m:0")
        self.models(2, "show", ".m")
        self.models(1, "show", "m")
        self.models(1, "import", self.folder / "none.json", "--name", "m")
        series = self.file("s.csv", "value\n1\n2\n")
        self.models(2, "train", "m", "--type", "nothing", "--input", series)

    def test_a_killed_import_leaves_a_whole_store(self):
        for _ in range(5):
            process = promtally_cli.start("models", "import", DATA / "pruned-v3_2_0.json", "--name", "m", "--store",
                                          self.store)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        self.assertEqual(self.models(0, "list").stderr, "")
        self.one("import", DATA / "sqerr-v2_1_4.ubj", "--name", "m")
        self.one("show", "m")


def walk(steps, seed, weight=0.8):
    """A season of 12 with noise: lags know more of it than a naive forecast."""
    source = random.Random(seed)
    return [20 + 5 * math.sin(2 * math.pi * i / 12) + source.gauss(0, weight) for i in range(steps)]


class Trained(Store):
    def series(self, values, name="s.csv"):
        return self.file(name, "value\n" + "".join(f"{'' if v is None else repr(v)}\n" for v in values))

    def test_trees_beat_the_naive_forecasts_of_a_season(self):
        path = self.series(walk(1500, 1))
        line = self.one("train", "m", "--type", "xgboost", "--input", path, "--steps-back", "12", "--n-estimators", "60",
                        "--eta", "0.1", "--max-depth", "3", "--period", "12")
        self.assertEqual((line["name"], line["version"], line["type"]), ("m", 1, "xgboost"))
        self.assertEqual(set(line["metrics"]), {"mae", "rmse", "mape", "smape", "r2"})
        self.assertTrue(line["baseline"]["beaten"], line)
        self.assertLess(line["metrics"]["mae"], line["baseline"]["metrics"]["mae"])
        self.assertNotIn("note", line)
        self.assertEqual(line["rows"], {"train": 1188, "test": 300})
        self.assertAlmostEqual(line["interval"]["coverage"], 0.9, delta=0.06)
        shown = self.one("show", "m")
        self.assertEqual(shown["parameters"]["n_estimators"], 60)
        self.assertEqual(shown["feature_names"][0], "lag_12")
        self.assertEqual(len(shown["training_digest"]), 64)

    def test_its_predictions_are_those_of_its_metrics(self):
        values = walk(400, 2)
        line = self.one("train", "m", "--type", "xgboost", "--input", self.series(values), "--steps-back", "6",
                        "--n-estimators", "20")
        windows = [values[i:i + 6] for i in range(320 - 6, 400 - 6)]
        rows = self.file("rows.csv", csv_of(windows, [f"lag_{i}" for i in range(6, 0, -1)]))
        predicted = [line["prediction"] for line in self.models(0, "predict", "m", "--input", rows).lines]
        mae = sum(abs(a - p) for a, p in zip(values[320:], predicted)) / 80
        self.assertAlmostEqual(line["metrics"]["mae"], mae, places=4)
        naive = sum(abs(values[i] - values[i - 1]) for i in range(320, 400)) / 80
        self.assertAlmostEqual(line["baseline"]["metrics"]["mae"], naive, places=9)

    def test_one_seed_gives_one_model(self):
        path = self.series(walk(300, 3))
        digests = []
        for seed in ("7", "7", "8"):
            self.one("train", "m", "--type", "xgboost", "--input", path, "--seed", seed, "--subsample", "0.5",
                     "--n-estimators", "10")
            digests.append(self.one("show", "m")["payload_digest"])
        self.assertEqual(digests[0], digests[1])
        self.assertNotEqual(digests[0], digests[2])

    def test_a_model_that_is_worse_than_the_naive_forecast_says_so(self):
        source = random.Random(4)
        values = [0.0]
        for _ in range(300):
            values.append(values[-1] + source.gauss(0.5, 1))
        outcome = self.models(0, "train", "m", "--type", "xgboost", "--input", self.series(values), "--n-estimators", "5")
        self.assertFalse(outcome.lines[0]["baseline"]["beaten"])
        self.assertIn("does not beat the naive forecast", outcome.lines[0]["note"])
        self.assertIn("does not beat", outcome.stderr)

    def test_stops_early_and_repeats(self):
        line = self.one("train", "m", "--type", "xgboost", "--input", self.series(walk(500, 5)), "--n-estimators", "500",
                        "--early-stopping-rounds", "5", "--repeat", "2")
        self.assertLess(line["trees"], 500)
        self.assertEqual(len(line["seconds"]), 2)

    def test_several_series_and_missing_values(self):
        one, two = walk(300, 6), walk(300, 7)
        one[100] = one[250] = None
        rows = [[i, a, b] for i, (a, b) in enumerate(zip(one, two))]
        path = self.file("s.csv", csv_of(rows, ["time", "cpu", "mem"]))
        line = self.one("train", "m", "--type", "xgboost", "--input", path, "--column", "cpu", "--column", "mem",
                        "--steps-back", "4", "--horizon", "2", "--n-estimators", "5", "--test-size", "50")
        self.assertEqual((line["features"], line["rows"]), (8, {"train": 300 - 50 - 5 - 1, "test": 49}))

    def test_without_a_test_part_there_are_no_metrics(self):
        line = self.one("train", "m", "--type", "xgboost", "--input", self.series(walk(100, 8)), "--test-size", "0",
                        "--n-estimators", "5")
        self.assertIsNone(line["metrics"])
        self.assertIsNone(line["baseline"])

    def test_refuses_what_cannot_be_trained(self):
        path = self.series(walk(10, 9))
        self.models(2, "train", "m", "--type", "xgboost", "--input", path, "--steps-back", "12")
        self.models(2, "train", "m", "--type", "xgboost", "--input", path, "--eta", "0")
        self.models(2, "train", "m", "--type", "xgboost", "--input", path, "--test-size", "1.5")
        self.assertIn("s.csv:3:", self.models(1, "train", "m", "--type", "xgboost", "--input",
                                              self.file("s.csv", "value\n1\nx\n")).stderr)
        self.models(1, "train", "m", "--type", "xgboost", "--input", path, "--column", "none")
        self.assertEqual(self.models(0, "list").stdout, "")


if __name__ == "__main__":
    unittest.main()
