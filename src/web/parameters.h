// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/time.h"
#include "web/http.h"
#include "web/url_text.h"

namespace promtally::web {

/// The parameters of a request behind `?`, read once each; collects what is wrong with them. An
/// unknown parameter, and a value that cannot be one, is an error.
class Parameters {
 public:
  Parameters(const Request& request, std::vector<std::string_view> known);

  /// The only value, nullopt without one; given twice is an error.
  [[nodiscard]] std::optional<std::string> Text(std::string_view name);
  /// All values.
  [[nodiscard]] std::vector<std::string> Texts(std::string_view name) const;
  /// An instant as the command line takes them (`now` is what relative ones count from).
  [[nodiscard]] std::optional<base::Instant> Time(std::string_view name, base::Instant now);
  /// `true` or `false`.
  [[nodiscard]] bool Flag(std::string_view name);
  /// `limit`: 1 to 10000, 1000 when it is absent.
  [[nodiscard]] std::size_t Limit();

  void Add(std::string problem) { problems_.push_back(std::move(problem)); }
  [[nodiscard]] bool IsSound() const { return problems_.empty(); }
  /// 400 with every problem.
  [[nodiscard]] Response Refusal() const;

 private:
  QueryParameters given_;
  std::vector<std::string> problems_;
};

}  // namespace promtally::web
