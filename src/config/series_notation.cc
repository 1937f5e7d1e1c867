// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <utility>

#include "promtally/config/test_file.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"

namespace promtally::config {
namespace {

/// Of one series; the year at one sample a second has more.
constexpr std::size_t kMostValues = 10'000'000;

tl::unexpected<base::Error> NotRead(std::size_t offset, const std::string& what) {
  return base::Fail(base::ErrorCode::kParse,
                    "at character " + std::to_string(offset + 1) + ": " + what);
}

/// One word of the notation.
class WordReader {
 public:
  WordReader(std::string_view word, std::size_t offset) : word_(word), offset_(offset) {}

  base::Result<SeriesRun> Read() {
    if (word_.starts_with("{{")) {
      return NotRead(offset_, "native histograms are not supported: write floats");
    }
    SeriesRun run;
    if (auto value = ReadValue(&run); !value) {
      return tl::unexpected(std::move(value).error());
    }
    const bool is_missing = run.kind == SeriesRun::Kind::kMissing;
    if (AtSign() && !is_missing) {
      if (auto step = ReadStep(&run); !step) {
        return tl::unexpected(std::move(step).error());
      }
    }
    if (Rest().empty()) {
      return run;
    }
    if (Rest().front() != 'x') {
      return NotRead(Offset(),
                     "expected + or -, x or a blank, not \"" + std::string(Rest()) + "\"");
    }
    ++at_;
    const auto count = ReadCount();
    if (!count) {
      return tl::unexpected(count.error());
    }
    run.count = *count + (is_missing ? 0 : 1);
    return run;
  }

 private:
  [[nodiscard]] std::string_view Rest() const { return word_.substr(at_); }
  [[nodiscard]] std::size_t Offset() const { return offset_ + at_; }
  [[nodiscard]] bool AtSign() const {
    return !Rest().empty() && (Rest().front() == '+' || Rest().front() == '-');
  }

  bool Take(std::string_view text) {
    if (!Rest().starts_with(text)) {
      return false;
    }
    at_ += text.size();
    return true;
  }

  base::Status ReadValue(SeriesRun* run) {
    using Kind = SeriesRun::Kind;
    constexpr std::pair<std::string_view, Kind> kWords[] = {
        {"_", Kind::kMissing},
        {"stale", Kind::kStale},
        {"NaN", Kind::kNan},
        {"nan", Kind::kNan},
        {"+Inf", Kind::kPositiveInfinity},
        {"-Inf", Kind::kNegativeInfinity},
        {"+inf", Kind::kPositiveInfinity},
        {"-inf", Kind::kNegativeInfinity},
        {"Inf", Kind::kPositiveInfinity},
        {"inf", Kind::kPositiveInfinity},
    };
    for (const auto& [word, kind] : kWords) {
      if (Take(word)) {
        run->kind = kind;
        return {};
      }
    }
    auto number = ReadNumber();
    if (!number) {
      return tl::unexpected(std::move(number).error());
    }
    run->first = *std::move(number);
    return {};
  }

  base::Status ReadStep(SeriesRun* run) {
    if (run->kind != SeriesRun::Kind::kNumber) {
      return NotRead(Offset(), "only a number can have a step");
    }
    auto step = ReadNumber();
    if (!step) {
      return tl::unexpected(std::move(step).error());
    }
    run->step = *std::move(step);
    if (Rest().empty()) {
      return NotRead(Offset(), "a step needs a count: 0+5x10");
    }
    return {};
  }

  /// `[+-]digits[.digits][e[+-]digits]`
  base::Result<base::Decimal> ReadNumber() {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::size_t begin = at_;
    at_ += AtSign() ? 1U : 0U;
    const auto take_digits = [&] {
      const std::size_t first = at_;
      while (at_ < word_.size() && (is_digit(word_[at_]) || word_[at_] == '.')) {
        ++at_;
      }
      return at_ > first;
    };
    const bool has_digits = take_digits();
    if (has_digits && !Rest().empty() && (Rest().front() == 'e' || Rest().front() == 'E')) {
      ++at_;
      at_ += AtSign() ? 1U : 0U;
      take_digits();
    }
    auto number = base::Decimal::Parse(word_.substr(begin, at_ - begin));
    if (!number) {
      return NotRead(offset_ + begin, "expected a number, _, stale, NaN or Inf, not \"" +
                                          std::string(word_.substr(begin)) + "\"");
    }
    return number;
  }

  base::Result<std::size_t> ReadCount() {
    std::size_t count = 0;
    const char* const begin = word_.data() + at_;
    const char* const end = word_.data() + word_.size();
    const auto [read, error] = std::from_chars(begin, end, count);
    if (error != std::errc() || read != end) {
      return NotRead(Offset(), "expected a count behind x, not \"" + std::string(Rest()) + "\"");
    }
    if (count > kMostValues) {
      return NotRead(Offset(), "more than " + std::to_string(kMostValues) + " values");
    }
    return count;
  }

  std::string_view word_;
  std::size_t offset_;
  std::size_t at_ = 0;
};

/// The selector that a text is, or what is wrong. A dummy name stands for one that is absent:
/// `{}` is no selector.
base::Result<promql::ExpressionPtr> ParseSelector(std::string_view text, bool* has_dummy) {
  auto parsed = promql::Parse(text, metering::CheckRegex);
  const bool begins_with_brace =
      text.find_first_not_of(" \t\n") < text.size() && text[text.find_first_not_of(" \t\n")] == '{';
  if (!parsed && begins_with_brace) {
    *has_dummy = true;
    parsed = promql::Parse("x" + std::string(text), metering::CheckRegex);
  }
  if (!parsed) {
    return base::Fail(base::ErrorCode::kParse, parsed.error().message);
  }
  return *std::move(parsed);
}

}  // namespace

base::Result<std::vector<SeriesRun>> ParseSeriesValues(std::string_view text) {
  std::vector<SeriesRun> runs;
  std::size_t values = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    constexpr std::string_view kBlanks = " \t\r\n";
    at = std::min(text.find_first_not_of(kBlanks, at), text.size());
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    if (at == end) {
      break;
    }
    auto run = WordReader(text.substr(at, end - at), at).Read();
    if (!run) {
      return tl::unexpected(std::move(run).error());
    }
    values += run->count;
    if (values > kMostValues) {
      return NotRead(at, "more than " + std::to_string(kMostValues) + " values");
    }
    runs.push_back(*std::move(run));
    at = end;
  }
  return runs;
}

base::Result<base::LabelSet> ParseSeriesLabels(std::string_view text) {
  bool has_dummy = false;
  const auto parsed = ParseSelector(text, &has_dummy);
  if (!parsed) {
    return tl::unexpected(parsed.error());
  }
  const auto* const selector = std::get_if<promql::Selector>(&(*parsed)->node);
  const bool is_plain = selector != nullptr && !selector->range.IsSet() &&
                        !selector->shift.offset.IsSet() &&
                        selector->shift.at.kind == promql::At::Kind::kNone &&
                        selector->edges == promql::RangeEdges::kPlain;
  if (!is_plain) {
    return base::Fail(base::ErrorCode::kParse, "expected a series such as name{label=\"value\"}");
  }
  base::LabelSet labels;
  if (!has_dummy && !selector->metric.empty()) {
    labels.emplace_back(metering::kMetricNameLabel, selector->metric);
  }
  for (const promql::Matcher& matcher : selector->matchers) {
    if (matcher.op != promql::MatchOperator::kEqual) {
      return base::Fail(base::ErrorCode::kParse,
                        "label \"" + matcher.name + "\" must be given by =");
    }
    if (base::Find(base::MakeLabelSet(labels), matcher.name) != nullptr) {
      return base::Fail(base::ErrorCode::kParse, "label \"" + matcher.name + "\" twice");
    }
    labels.emplace_back(matcher.name, matcher.value);
  }
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  return base::MakeLabelSet(std::move(labels));
}

}  // namespace promtally::config
