// SPDX-License-Identifier: Apache-2.0
#include "inference/trained_tag.h"

#include <nlohmann/json.hpp>

#include "inference/predicted_values.h"

namespace promtally::inference {

base::Result<std::string> TrainedTag(std::string_view body) {
  const base::Result<nlohmann::json> answer = ParseAnswer(body);
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  const auto tag = answer->is_object() ? answer->find("Trained Model") : answer->end();
  if (!answer->is_object() || tag == answer->end() || !tag->is_string() ||
      tag->get_ref<const std::string&>().empty()) {
    return base::Fail(base::ErrorCode::kParse, "the answer to /train names no \"Trained Model\"");
  }
  return tag->get<std::string>();
}

std::string SummaryText(const ModelRecord& record) {
  return SummaryJson(record).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace promtally::inference
