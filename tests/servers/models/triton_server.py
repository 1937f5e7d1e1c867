# SPDX-License-Identifier: Apache-2.0
"""Serves model.json of a folder by Triton: triton_server.py FOLDER PORT. Models: lags, and masked (says what it was told
to be missing)."""
import sys

import numpy
import xgboost
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

LAGS = 12


def main(folder, port):
    booster = xgboost.Booster(model_file=f"{folder}/model.json")

    @batch
    def predict(input_series):
        return {"forecast": booster.inplace_predict(input_series).reshape(-1, 1)}

    @batch
    def count_missing(input_series, input_series_mask):
        return {"forecast": input_series_mask.sum(axis=1, keepdims=True).astype(numpy.float32)}

    config = TritonConfig(http_address="127.0.0.1", http_port=port, allow_grpc=False, allow_metrics=False)
    with Triton(config=config) as triton:
        rows = Tensor(name="input_series", dtype=numpy.float32, shape=(LAGS,))
        mask = Tensor(name="input_series_mask", dtype=numpy.bool_, shape=(LAGS,))
        outputs = [Tensor(name="forecast", dtype=numpy.float32, shape=(1,))]
        model_config = ModelConfig(max_batch_size=200000)
        triton.bind(model_name="lags", infer_func=predict, inputs=[rows], outputs=outputs, config=model_config)
        triton.bind(model_name="masked", infer_func=count_missing, inputs=[rows, mask], outputs=outputs,
                    config=model_config)
        triton.serve()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
