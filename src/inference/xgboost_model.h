// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "inference/model.h"
#include "inference/model_record.h"
#include "inference/xgboost_document.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// How far the prediction of a trained model may be off: an interval of split conformal prediction
/// (Lei et al., "Distribution-Free Predictive Inference for Regression", JASA 2018). `half_width`
/// is the quantile of absolute errors on rows that the training did not see.
struct ConformalInterval {
  double level = 0.9;
  double half_width = 0;
};

/// A tree model in process, predictions by TreeEnsemble, contributions by libxgboost's TreeSHAP on
/// a model that is written here. Immutable; any thread.
[[nodiscard]] base::Result<std::unique_ptr<Model>> MakeXgboostModel(
    XgboostDocument document, std::optional<ConformalInterval> interval);

/// Of a record of the store: the payload is WriteXgboostUbj's, checked again as every file is.
[[nodiscard]] base::Result<std::unique_ptr<Model>> OpenXgboostModel(const ModelRecord& record);

/// The document of such a record, checked.
[[nodiscard]] base::Result<XgboostDocument> ReadStoredDocument(const ModelRecord& record);

/// The record of a document, without name, digest and metrics: type, features, what `import`
/// prints and the payload.
[[nodiscard]] ModelRecord RecordOf(const XgboostDocument& document);

}  // namespace promtally::inference
