// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::metering {

/// `scopes: {include, exclude}` of a job: which scopes are metered. An entry is an id, or `/regular
/// expression/` (RE2, anchored at both ends). Absent include: all. What is left out is counted, and
/// is not unattributed. Any thread.
class ScopeFilter {
 public:
  ScopeFilter();  // all scopes
  ~ScopeFilter();
  ScopeFilter(ScopeFilter&&) noexcept;
  ScopeFilter& operator=(ScopeFilter&&) noexcept;

  /// kParse for a bad expression, naming it.
  [[nodiscard]] static base::Result<ScopeFilter> Make(const std::vector<std::string>& include,
                                                      const std::vector<std::string>& exclude);

  [[nodiscard]] bool Admits(std::string_view scope) const;
  [[nodiscard]] bool AdmitsAll() const;
  /// The included ids, when include is a list of plain ids: then nothing else needs to be asked
  /// for. Else empty.
  [[nodiscard]] const std::vector<std::string>& ListedScopes() const;

 private:
  struct Patterns;
  std::unique_ptr<const Patterns> patterns_;
};

}  // namespace promtally::metering
