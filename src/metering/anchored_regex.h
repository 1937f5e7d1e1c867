// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"
#include "promtally/metering/regex_check.h"

namespace promtally::metering {

/// A regular expression that matches whole texts, as Prometheus' matchers and label_replace do.
/// Movable; any thread may match. Time and memory are bounded.
class AnchoredRegex {
 public:
  /// kInvalidArgument with what is wrong.
  [[nodiscard]] static base::Result<AnchoredRegex> Make(std::string_view expression,
                                                        DotMatchesNewline dot);
  AnchoredRegex(AnchoredRegex&& other) noexcept;
  AnchoredRegex& operator=(AnchoredRegex&& other) noexcept;
  ~AnchoredRegex();

  [[nodiscard]] bool Matches(std::string_view text) const;
  /// The whole match and its groups, empty ones included; nullopt: no match.
  [[nodiscard]] std::optional<std::vector<std::string>> Groups(std::string_view text) const;
  /// The number of a group that has a name.
  [[nodiscard]] std::optional<std::size_t> GroupNumber(const std::string& name) const;

 private:
  struct Compiled;
  explicit AnchoredRegex(std::unique_ptr<const Compiled> compiled);

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace promtally::metering
