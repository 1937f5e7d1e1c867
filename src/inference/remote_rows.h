// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/remote_protocol.h"
#include "inference/rows.h"
#include "promtally/config/remote_model.h"

namespace promtally::inference {

/// Rows as the policy for gaps lets them go out.
struct SentRows {
  RemoteBatch kept;
  std::vector<std::size_t> places;   ///< of the kept rows among all
  std::vector<std::string> reasons;  ///< of all rows; empty: kept
};

[[nodiscard]] SentRows ApplyMissingPolicy(const Rows& rows, config::MissingPolicy policy);

/// Rows [begin, begin + count) with their mask and an id of their own: a digest of the shape and
/// the values.
[[nodiscard]] RemoteBatch Slice(const RemoteBatch& all, std::size_t begin, std::size_t count);

/// The shortest decimal that is read back as this number; `single`: as this float.
enum class NumberWidth { kDouble, kSingle };
void AppendNumber(std::string& text, double value, NumberWidth width = NumberWidth::kDouble);
/// `[1,2.5]`
void AppendList(std::string& text, std::span<const double> values);
/// `[[1,2],[3,4]]`
[[nodiscard]] std::string NestedRows(const Rows& rows);
/// `"text"` in JSON; broken UTF-8 is replaced.
[[nodiscard]] std::string JsonQuoted(std::string_view text);

}  // namespace promtally::inference
