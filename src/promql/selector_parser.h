// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "promql/duration_parser.h"
#include "promql/token_reader.h"
#include "promtally/promql/parser.h"

namespace promtally::promql {

/// Reads selectors, and what stands behind them: ranges, subqueries, `offset`, `@`, `anchored`,
/// `smoothed`.
class SelectorParser {
 public:
  SelectorParser(TokenReader* reader, const RegexCheck* check_regex)
      : reader_(reader), durations_(reader), check_regex_(check_regex) {}

  /// The next token is the metric's name or `{`.
  Node ParseSelector();
  /// Takes every modifier behind `node`.
  Node ParseModifiers(Node node);

 private:
  struct ReadMatcher {
    Matcher matcher;
    bool matches_empty = false;
  };

  bool ParseMatchers(std::size_t begin, Selector* selector, bool* selects_something);
  std::optional<ReadMatcher> ParseMatcher();
  std::optional<ReadMatcher> JudgeRegex(std::size_t begin, Matcher matcher);
  Node ParseBrackets(Node node);
  bool CheckRange(const Expression& node, std::size_t bracket);
  Node ParseOffset(Node node);
  Node ParseAt(Node node);
  bool ParseInstant(At* at);
  Node ParseEdges(Node node);

  TokenReader* reader_;
  DurationParser durations_;
  const RegexCheck* check_regex_;
};

}  // namespace promtally::promql
