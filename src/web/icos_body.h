// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "promtally/base/result.h"
#include "web/http.h"

namespace promtally::web {

/// `metric_type` of the ICOS Metrics Export service.
enum class IcosType { kCounter = 1, kGauge = 2, kInfo = 3, kEnum = 4 };

/// `c_total` is the sample of the counter `c`, `i_info` that of the info `i`.
[[nodiscard]] std::string IcosFamilyName(std::string name, IcosType type);

using IcosTexts = std::vector<std::pair<std::string, std::string>>;

/// Body of `/create_metric`. Numbers that stand for texts (labels, values of an info) are written
/// as the service wrote them: `1`, `2.5`, `1e+20`.
struct IcosMetric {
  IcosType type = IcosType::kGauge;
  std::string name;  ///< as sent
  std::optional<std::string> info;
  std::variant<double, std::string, IcosTexts> value;
  bool labels_are_null = false;
  IcosTexts labels;
  std::vector<std::string> states;
};

/// Body of `/unregister_metric`.
struct IcosUnregister {
  IcosType type = IcosType::kGauge;
  std::string name;
};

/// Reads and checks a body as the service does: field names, which types a field takes, what wins
/// where something is given twice. The error is the whole answer: 422 with the places and kinds of
/// pydantic 2.6, 400 for bytes that cannot be text. `type` is read where `metric_type` is absent.
[[nodiscard]] tl::expected<IcosMetric, Response> ReadIcosMetric(const Request& request,
                                                                std::size_t max_depth);
[[nodiscard]] tl::expected<IcosUnregister, Response> ReadIcosUnregister(const Request& request,
                                                                        std::size_t max_depth);

}  // namespace promtally::web
