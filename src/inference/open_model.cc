// SPDX-License-Identifier: Apache-2.0
#include "inference/open_model.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "inference/arima_model.h"
#include "inference/holt_winters_model.h"
#include "inference/naive_model.h"
#include "inference/xgboost_model.h"

namespace promtally::inference {
namespace {

struct ModelKind {
  std::string_view type;
  base::Result<std::unique_ptr<Model>> (*open)(const ModelRecord& record);
};

/// One line a kind.
const std::vector<ModelKind>& Kinds() {
  static const std::vector<ModelKind> kKinds{
      {"xgboost", OpenXgboostModel},
      {"arima", OpenArima},
      {"naive", OpenNaive},
      {"seasonal_naive", OpenSeasonalNaive},
      {"holt_winters", OpenHoltWinters},
  };
  return kKinds;
}

}  // namespace

base::Result<std::unique_ptr<Model>> OpenModel(const ModelRecord& record) {
  const auto& kinds = Kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&record](const ModelKind& candidate) {
    return candidate.type == record.type;
  });
  if (kind == kinds.end()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "this version has no models of the type \"" + record.type + "\"");
  }
  return kind->open(record);
}

}  // namespace promtally::inference
