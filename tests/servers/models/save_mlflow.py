# SPDX-License-Identifier: Apache-2.0
"""Saves model.json of a folder as an MLflow model below it, with the names of its columns: save_mlflow.py FOLDER."""
import sys

import mlflow
import numpy
import pandas
import xgboost
from mlflow.models import infer_signature

LAGS = 12


class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.booster = xgboost.Booster(model_file=context.artifacts["model"])

    def predict(self, context, model_input, params=None):
        if (model_input.iloc[:, 0] < 0).any():
            raise ValueError("negative lag: a stack trace follows")
        return self.booster.inplace_predict(model_input.to_numpy(dtype=numpy.float32))


def main(folder):
    table = pandas.DataFrame([[0.5] * LAGS], columns=[f"lag_{LAGS - i}" for i in range(LAGS)])
    mlflow.pyfunc.save_model(f"{folder}/mlflow", python_model=Model(), artifacts={"model": f"{folder}/model.json"},
                             signature=infer_signature(table, numpy.array([0.5])),
                             pip_requirements=["mlflow", "xgboost-cpu"])


if __name__ == "__main__":
    main(sys.argv[1])
