// SPDX-License-Identifier: Apache-2.0
#include "metering/anchored_regex.h"

#include <utility>

#include <re2/re2.h>

namespace promtally::metering {

struct AnchoredRegex::Compiled {
  Compiled(std::string_view expression, const RE2::Options& options)
      : regex(re2::StringPiece(expression.data(), expression.size()), options) {}
  RE2 regex;
};

AnchoredRegex::AnchoredRegex(std::unique_ptr<const Compiled> compiled)
    : compiled_(std::move(compiled)) {}
AnchoredRegex::AnchoredRegex(AnchoredRegex&& other) noexcept = default;
AnchoredRegex& AnchoredRegex::operator=(AnchoredRegex&& other) noexcept = default;
AnchoredRegex::~AnchoredRegex() = default;

base::Result<AnchoredRegex> AnchoredRegex::Make(std::string_view expression,
                                                DotMatchesNewline dot) {
  // A batch of scopes is one long alternation.
  constexpr std::int64_t kMemory = std::int64_t{64} << 20;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(dot == DotMatchesNewline::kYes);
  options.set_max_mem(kMemory);
  auto compiled = std::make_unique<const Compiled>(expression, options);
  if (!compiled->regex.ok()) {
    return base::Fail(base::ErrorCode::kInvalidArgument, compiled->regex.error());
  }
  return AnchoredRegex(std::move(compiled));
}

bool AnchoredRegex::Matches(std::string_view text) const {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled_->regex);
}

std::optional<std::vector<std::string>> AnchoredRegex::Groups(std::string_view text) const {
  const RE2& regex = compiled_->regex;
  std::vector<re2::StringPiece> parts(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) +
                                      1);
  const re2::StringPiece whole(text.data(), text.size());
  if (!regex.Match(whole, 0, text.size(), RE2::ANCHOR_BOTH, parts.data(),
                   static_cast<int>(parts.size()))) {
    return std::nullopt;
  }
  std::vector<std::string> groups;
  groups.reserve(parts.size());
  for (const re2::StringPiece& part : parts) {
    groups.emplace_back(part);
  }
  return groups;
}

std::optional<std::size_t> AnchoredRegex::GroupNumber(const std::string& name) const {
  const auto& named = compiled_->regex.NamedCapturingGroups();
  const auto found = named.find(name);
  return found == named.end() ? std::nullopt
                              : std::optional(static_cast<std::size_t>(found->second));
}

}  // namespace promtally::metering
