// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/scope_range.h"

#include <array>
#include <charconv>
#include <utility>

#include "promtally/base/time.h"
#include "promtally/promql/expression.h"

namespace promtally::metering {

namespace {

constexpr char32_t kLastAscii = 0x7F;
constexpr char32_t kLast = 0x10FFFF;

std::string Utf8(char32_t code) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  if (code < 0x80) {
    return {byte(code)};
  }
  if (code < 0x800) {
    return {byte(0xC0 | code >> 6U), byte(0x80 | (code & 0x3F))};
  }
  if (code < 0x10000) {
    return {byte(0xE0 | code >> 12U), byte(0x80 | (code >> 6U & 0x3F)), byte(0x80 | (code & 0x3F))};
  }
  return {byte(0xF0 | code >> 18U), byte(0x80 | (code >> 12U & 0x3F)),
          byte(0x80 | (code >> 6U & 0x3F)), byte(0x80 | (code & 0x3F))};
}

std::string HexEscape(char32_t code) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                 static_cast<std::uint32_t>(code), 16)
                       .ptr;
  return "\\x{" + std::string(digits.data(), end) + "}";
}

}  // namespace

std::vector<ScopeRange> SplitRange(const ScopeRange& range) {
  if (range.exact) {
    return {};
  }
  if (range.first == range.last) {
    const std::string longer = range.prefix + Utf8(range.first);
    return {{longer, 0, 0, true}, {longer, 0, kLastAscii}, {longer, kLastAscii + 1, kLast}};
  }
  // Ids are mostly ASCII: halves of all characters would find that out in thirteen steps.
  const bool crosses = range.first <= kLastAscii && range.last > kLastAscii;
  const char32_t middle = crosses ? kLastAscii : range.first + (range.last - range.first) / 2;
  return {{range.prefix, range.first, middle}, {range.prefix, middle + 1, range.last}};
}

std::string WithinRange(std::string selector, const std::string& scope_key,
                        const ScopeRange& range) {
  if (range.IsWhole()) {
    return selector;
  }
  promql::Matcher matcher{scope_key, promql::MatchOperator::kEqual, range.prefix};
  if (!range.exact) {
    matcher.op = promql::MatchOperator::kRegex;
    // Without the flag a point is no line break, which an id may have.
    matcher.value = promql::QuoteRegex(range.prefix) + "[" + HexEscape(range.first) + "-" +
                    HexEscape(range.last) + "](?s:.*)";
  }
  // A printed selector ends with its last matcher and a brace; so does the one made here.
  const std::string more =
      promql::Print(*promql::MakeSelector({"", {std::move(matcher)}, {base::Seconds(0)}}));
  selector.back() = ',';
  return selector + more.substr(1);
}

}  // namespace promtally::metering
