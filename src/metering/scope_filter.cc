// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/scope_filter.h"

#include <set>
#include <utility>

#include <re2/re2.h>

namespace promtally::metering {

namespace {

/// Ids and expressions of one list.
struct ScopeList {
  std::set<std::string, std::less<>> ids;
  std::vector<std::unique_ptr<const RE2>> expressions;

  [[nodiscard]] bool empty() const { return ids.empty() && expressions.empty(); }
  [[nodiscard]] bool Has(std::string_view scope) const {
    if (ids.contains(scope)) {
      return true;
    }
    for (const auto& expression : expressions) {
      if (RE2::FullMatch(re2::StringPiece(scope.data(), scope.size()), *expression)) {
        return true;
      }
    }
    return false;
  }
};

base::Result<ScopeList> MakeList(const std::vector<std::string>& entries) {
  ScopeList list;
  for (const std::string& entry : entries) {
    if (entry.size() < 2 || entry.front() != '/' || entry.back() != '/') {
      list.ids.insert(entry);
      continue;
    }
    RE2::Options options;
    options.set_log_errors(false);
    auto expression = std::make_unique<const RE2>(entry.substr(1, entry.size() - 2), options);
    if (!expression->ok()) {
      return base::Fail(base::ErrorCode::kParse,
                        "bad regular expression " + entry + ": " + expression->error());
    }
    list.expressions.push_back(std::move(expression));
  }
  return list;
}

}  // namespace

struct ScopeFilter::Patterns {
  ScopeList include;
  ScopeList exclude;
  std::vector<std::string> listed;
};

ScopeFilter::ScopeFilter() : patterns_(std::make_unique<const Patterns>()) {}
ScopeFilter::~ScopeFilter() = default;
ScopeFilter::ScopeFilter(ScopeFilter&&) noexcept = default;
ScopeFilter& ScopeFilter::operator=(ScopeFilter&&) noexcept = default;

base::Result<ScopeFilter> ScopeFilter::Make(const std::vector<std::string>& include,
                                            const std::vector<std::string>& exclude) {
  auto included = MakeList(include);
  auto excluded = MakeList(exclude);
  if (!included || !excluded) {
    return tl::unexpected(included ? excluded.error() : included.error());
  }
  auto patterns = std::make_unique<Patterns>();
  patterns->include = std::move(*included);
  patterns->exclude = std::move(*excluded);
  if (patterns->include.expressions.empty()) {
    for (const std::string& id : patterns->include.ids) {
      if (!patterns->exclude.Has(id)) {
        patterns->listed.push_back(id);
      }
    }
  }
  ScopeFilter filter;
  filter.patterns_ = std::move(patterns);
  return filter;
}

bool ScopeFilter::Admits(std::string_view scope) const {
  return (patterns_->include.empty() || patterns_->include.Has(scope)) &&
         !patterns_->exclude.Has(scope);
}

bool ScopeFilter::AdmitsAll() const {
  return patterns_->include.empty() && patterns_->exclude.empty();
}

const std::vector<std::string>& ScopeFilter::ListedScopes() const { return patterns_->listed; }

}  // namespace promtally::metering
