// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "inference/model.h"
#include "inference/model_record.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// Makes a model of a stored record. The payload is checked again: kParse when it is not what its
/// type needs, kInvalidArgument for a type that this version does not know.
[[nodiscard]] base::Result<std::unique_ptr<Model>> OpenModel(const ModelRecord& record);

}  // namespace promtally::inference
