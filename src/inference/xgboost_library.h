// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <xgboost/c_api.h>

#include "promtally/base/result.h"

namespace promtally::inference {

/// The functions of libxgboost that are called, each by its own type.
struct XgboostLibrary {
  decltype(&XGBGetLastError) last_error = nullptr;
  decltype(&XGDMatrixCreateFromMat) create_matrix = nullptr;
  decltype(&XGDMatrixSetFloatInfo) set_float_info = nullptr;
  decltype(&XGDMatrixFree) free_matrix = nullptr;
  decltype(&XGBoosterCreate) create_booster = nullptr;
  decltype(&XGBoosterFree) free_booster = nullptr;
  decltype(&XGBoosterSetParam) set_parameter = nullptr;
  decltype(&XGBoosterUpdateOneIter) update = nullptr;
  decltype(&XGBoosterEvalOneIter) evaluate = nullptr;
  decltype(&XGBoosterSaveModelToBuffer) save_model = nullptr;
  decltype(&XGBoosterLoadModelFromBuffer) load_model = nullptr;
  decltype(&XGBoosterPredictFromDMatrix) predict = nullptr;
};

/// libxgboost, loaded by the first call and kept until the process ends: one that trains nothing
/// does not carry its 5 MiB. The error names the file that is missing. Any thread.
[[nodiscard]] base::Result<const XgboostLibrary*> LoadXgboost();

}  // namespace promtally::inference
