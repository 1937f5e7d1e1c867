// SPDX-License-Identifier: Apache-2.0
#include "collector/scope_discovery.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "promtally/metering/query_mode.h"
#include "promtally/metering/scope_range.h"

namespace promtally::collector {

namespace {

using metering::ScopeRange;
using source::Disposition;

constexpr std::size_t kRoundNumber = 1000;
/// A server that refuses whatever is asked is not asked without end.
constexpr int kMostRefused = 100;

bool MayBeCut(const std::vector<std::string>& names) {
  return !names.empty() && names.size() % kRoundNumber == 0;
}

/// Whether a server that looks at selectors may name this id in an answer for the range.
bool IsIn(const ScopeRange& range, std::string_view name) {
  if (range.IsWhole()) {
    return true;
  }
  if (!name.starts_with(range.prefix) || range.exact || name == range.prefix) {
    return range.exact && name == range.prefix;
  }
  const auto next = static_cast<unsigned char>(name[range.prefix.size()]);
  return range.last < 0x80 ? next >= range.first && next <= range.last : next >= 0x80;
}

class ScopeDiscovery : public std::enable_shared_from_this<ScopeDiscovery> {
 public:
  ScopeDiscovery(DiscoveryRequest request, std::function<void(Discovery)> done)
      : request_(std::move(request)), done_(std::move(done)), ranges_{ScopeRange()} {}

  /// One range after the other, in the order of the ids.
  void AskNext() {
    if (ranges_.empty()) {
      auto& scopes = result_.scopes;
      std::sort(scopes.begin(), scopes.end());
      scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
      done_(std::move(result_));
      return;
    }
    const ScopeRange range = std::move(ranges_.back());
    ranges_.pop_back();
    Ask(range, 1);
  }

 private:
  void Ask(const ScopeRange& range, int attempt) {
    result_.attempts = std::max(result_.attempts, attempt);
    metering::Discovery discovery =
        metering::DiscoveryOf(*request_.spec, request_.scope_key, request_.period);
    for (std::string& selector : discovery.selectors) {
      selector = metering::WithinRange(std::move(selector), request_.scope_key, range);
    }
    request_.retries.gate->ListLabelValues(
        request_.scope_key, std::move(discovery.selectors), discovery.window,
        [self = shared_from_this(), range, attempt](source::Source::LabelValues values) {
          self->OnValues(range, attempt, std::move(values));
        });
  }

  void OnValues(const ScopeRange& range, int attempt, source::Source::LabelValues values) {
    if (!values.failure) {
      const bool selected =
          std::all_of(values.values.begin(), values.values.end(),
                      [&range](const std::string& name) { return IsIn(range, name); });
      if (!selected) {
        ranges_.clear();  // the server does not look at the selector: each part would be the whole
      }
      if (!selected || !MayBeCut(values.values) || !Split(range)) {
        Keep(std::move(values.values));
      }
      AskNext();
    } else if (request_.retries.May(*values.failure, attempt)) {
      request_.retries.Later(*values.failure, attempt, [self = shared_from_this(), range, attempt] {
        self->Ask(range, attempt + 1);
      });
      if (request_.on_room) {
        request_.on_room();
      }
    } else if (values.failure->disposition == Disposition::kSplit && ++refused_ <= kMostRefused &&
               Split(range)) {
      AskNext();
    } else {
      result_.scopes.clear();
      result_.failure = Unsplittable(std::move(*values.failure));
      done_(std::move(result_));
    }
  }

  bool Split(const ScopeRange& range) {
    std::vector<ScopeRange> parts = metering::SplitRange(range);
    std::move(parts.rbegin(), parts.rend(), std::back_inserter(ranges_));
    return !parts.empty();
  }

  void Keep(std::vector<std::string> names) {
    for (std::string& name : names) {
      if (request_.filter == nullptr || request_.filter->Admits(name)) {
        result_.scopes.push_back(std::move(name));
      }
    }
  }

  DiscoveryRequest request_;
  std::function<void(Discovery)> done_;
  std::vector<ScopeRange> ranges_;  // not asked yet, the next one last
  Discovery result_;
  int refused_ = 0;
};

}  // namespace

void DiscoverScopes(DiscoveryRequest request, std::function<void(Discovery)> done) {
  std::make_shared<ScopeDiscovery>(std::move(request), std::move(done))->AskNext();
}

}  // namespace promtally::collector
