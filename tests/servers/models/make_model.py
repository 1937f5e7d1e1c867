# SPDX-License-Identifier: Apache-2.0
"""Trains a small model of 12 lags and writes what a test compares with: model.json, rows.csv and predictions.json."""
import json
import pathlib
import sys

import numpy
import xgboost

LAGS = 12


def windows(series):
    return numpy.stack([series[i:i + LAGS] for i in range(len(series) - LAGS)]), series[LAGS:]


def main(folder):
    folder = pathlib.Path(folder)
    step = numpy.arange(300)
    series = (50 + 20 * numpy.sin(step / 12) + step % 7).astype(numpy.float32)
    rows, targets = windows(series)
    booster = xgboost.train({"max_depth": 4, "eta": 0.3, "seed": 1}, xgboost.DMatrix(rows, targets), 20)
    booster.save_model(folder / "model.json")
    names = [f"lag_{LAGS - i}" for i in range(LAGS)]
    lines = [",".join(names)] + [",".join(repr(float(value)) for value in row) for row in rows[:50]]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "predictions.json").write_text(json.dumps([float(y) for y in booster.inplace_predict(rows[:50])]))


if __name__ == "__main__":
    main(sys.argv[1])
