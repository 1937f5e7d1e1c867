// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "promtally/base/time.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::metering {

/// Most scopes and most bytes of one query when scopes are named in it.
inline constexpr std::size_t kScopesPerQuery = 100;
inline constexpr std::size_t kQueryBytes = 16 * 1024;

/// The text that is sent: `[prefix ]method(query_function(range_function(metric{…}[Ns]))) by (…)[
/// suffix]`, byte for byte CloudKitty's for a given scope key and scope. No scopes: no matcher
/// (`{}`). One scope: `key="scope"`. Several: `key=~"a|b"` of RE2-quoted values. `without_begin`:
/// for a server whose windows are closed at both ends, a `*_over_time` takes a millisecond less.
[[nodiscard]] std::string BuildQuery(const MetricSpec& spec,
                                     const std::optional<std::string>& scope_key,
                                     std::span<const std::string> scopes, base::Seconds period,
                                     bool without_begin = false);

/// Splits scopes into batches of at most `most` that keep the query within kQueryBytes; a scope
/// that is too long for that is a batch of its own.
[[nodiscard]] std::vector<std::span<const std::string>> BatchScopes(
    const MetricSpec& spec, const std::string& scope_key, std::span<const std::string> scopes,
    std::size_t most);

}  // namespace promtally::metering
