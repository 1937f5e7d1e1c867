// SPDX-License-Identifier: Apache-2.0
#include "metering/exact_group.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace promtally::metering {
namespace {

using base::Decimal;
using base::Fraction;

constexpr int kDigits = 34;

std::string DoubleText(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-Inf" : "+Inf";
  }
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

Fraction Of(Decimal whole) { return {std::move(whole), Decimal(1)}; }

/// The whole number below, above or next to a fraction.
Decimal FloorOf(const Fraction& value) {
  if (value.denominator == Decimal(1)) {
    return value.numerator.Floor();
  }
  // More digits than the denominator (milliseconds) can make differ from a whole number.
  const int digits = value.numerator.Digits() + value.denominator.Digits() + 40;
  return Decimal::Divide(value.numerator, value.denominator, digits, base::Rounding::kHalfEven)
      .Floor();
}

Fraction Negated(const Fraction& value) { return {-value.numerator, value.denominator}; }

/// A query function of PromQL on an exact value; false: `text` says what came instead of a number.
/// Powers and logarithms have no exact value: they are those of the nearest double.
bool Apply(std::string_view function, Fraction* value, std::string* text) {
  if (function.empty()) {
    return true;
  }
  if (function == "abs") {
    value->numerator = value->numerator.Abs();
  } else if (function == "floor") {
    *value = Of(FloorOf(*value));
  } else if (function == "ceil") {
    *value = Of(-FloorOf(Negated(*value)));
  } else if (function == "round") {  // halves up, as PromQL has it
    *value = Of(FloorOf(
        {value->numerator * Decimal(2) + value->denominator, value->denominator * Decimal(2)}));
  } else {
    const double x =
        Decimal::Divide(value->numerator, value->denominator, kDigits, base::Rounding::kHalfEven)
            .ToDouble();
    const double result = function == "sqrt"   ? std::sqrt(x)
                          : function == "exp"  ? std::exp(x)
                          : function == "ln"   ? std::log(x)
                          : function == "log2" ? std::log2(x)
                                               : std::log10(x);
    *text = DoubleText(result);
    if (!std::isfinite(result)) {
      return false;
    }
    *value = Of(*Decimal::Parse(*text));
  }
  return true;
}

bool IsLess(const Fraction& x, const Fraction& y) {
  return x.numerator * y.denominator < y.numerator * x.denominator;
}

/// The sum of fractions, by the least common denominator while that is small.
Fraction SumOf(const std::map<std::int64_t, Decimal>& sums) {
  Fraction total = Of(Decimal(0));
  for (const auto& [denominator, numerator] : sums) {
    if (total.denominator == Decimal(denominator)) {
      total.numerator += numerator;
      continue;
    }
    const auto known = total.denominator.ToInt64();
    const std::int64_t common = known ? std::gcd(*known, denominator) : 1;
    const Decimal to_total(denominator / common);
    const Decimal to_new = known ? Decimal(*known / common) : total.denominator;
    total.numerator = total.numerator * to_total + numerator * to_new;
    total.denominator = total.denominator * to_total;
  }
  return total;
}

std::string TextOf(const Fraction& value) {
  return value.denominator == Decimal(1) ? value.numerator.ToText()
                                         : Decimal::Divide(value.numerator, value.denominator,
                                                           kDigits, base::Rounding::kHalfEven)
                                               .ToText();
}

void Join(const UsageEvidence& from, UsageEvidence* to) {
  if (to->series == 0) {
    *to = from;
    return;
  }
  if (from.samples > 0) {
    to->first_ms = to->samples == 0 ? from.first_ms : std::min(to->first_ms, from.first_ms);
    to->last_ms = std::max(to->last_ms, from.last_ms);
  }
  to->series += from.series;
  to->samples += from.samples;
  to->largest_gap_ms = std::max(to->largest_gap_ms, from.largest_gap_ms);
  to->resets += from.resets;
  to->suspicious_resets += from.suspicious_resets;
  to->skipped += from.skipped;
  to->late += from.late;
  to->covered_ms = std::min(to->covered_ms, from.covered_ms);
  to->alive_ms = std::max(to->alive_ms, from.alive_ms);
  to->first_samples += from.first_samples;
  const std::string known = "," + to->replica + ",";
  if (!from.replica.empty() && known.find("," + from.replica + ",") == std::string::npos) {
    to->replica += (to->replica.empty() ? "" : ",") + from.replica;
  }
}

}  // namespace

UsageGroups::UsageGroups(const ExactRequest& request, const std::vector<RawAnswer>& answers)
    : request_(request),
      answers_(answers),
      function_(
          ExactFunctionFromText(RangeFunctionOf(*request.spec)).value_or(ExactFunction::kIncrease)),
      labels_(AllLabels(*request.spec, request.scope_key)) {
  std::sort(labels_.begin(), labels_.end());
  labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
}

std::size_t UsageGroups::GroupOf(const RawStream& stream) {
  std::string key;
  for (const std::string& name : labels_) {
    const auto value = answers_[stream.answer].series.Label(stream.series, name).value_or("");
    key += std::to_string(value.size());
    key += ':';
    key += value;
  }
  const auto [at, is_new] = index_.try_emplace(std::move(key), groups_.size());
  if (is_new) {
    Group& group = groups_.emplace_back();
    group.answer = stream.answer;
    group.series = stream.series;
  }
  return at->second;
}

std::int64_t UsageGroups::DenominatorOf(const StreamUsage& found) const {
  if (function_ == ExactFunction::kRate) {
    return std::chrono::duration_cast<base::Seconds>(request_.period.end - request_.period.begin)
        .count();
  }
  return function_ == ExactFunction::kAvg ? std::max<std::int64_t>(found.present_ms, 1) : 1;
}

void UsageGroups::AddAmount(const Fraction& value, std::int64_t denominator,
                            GroupAmounts* amounts) {
  ++amounts->count;
  const auto [sum, is_new] = amounts->sums.try_emplace(denominator, value.numerator);
  if (!is_new) {
    sum->second += value.numerator;
  }
  const std::string& method = request_.spec->aggregation_method;
  if (method == "min" && (!amounts->least || IsLess(value, *amounts->least))) {
    amounts->least = value;
  }
  if (method == "max" && (!amounts->greatest || IsLess(*amounts->greatest, value))) {
    amounts->greatest = value;
  }
}

void UsageGroups::Add(const RawStream& stream, StreamUsage found, ExactUsage* usage) {
  const std::size_t number = GroupOf(stream);
  Group& group = groups_[number];
  const std::int64_t denominator = DenominatorOf(found);
  Fraction value{found.amount, Decimal(denominator)};
  if (function_ == ExactFunction::kAvg) {
    value.numerator = found.amount * Decimal(1000);  // value × seconds over milliseconds
  }
  // What a rate is made of adds up, the rate does not.
  const bool is_rate = function_ == ExactFunction::kRate;
  AddAmount(is_rate ? Of(found.amount) : value, is_rate ? 1 : denominator, &group.raw);
  std::string text;
  if (!Apply(request_.spec->query_function, &value, &text)) {
    group.amounts.is_number = false;
    group.amounts.bad_value = std::move(text);
  } else {
    const bool is_whole = value.denominator == Decimal(1);
    AddAmount(value, is_whole ? 1 : denominator, &group.amounts);
  }
  if (request_.with_steps) {
    SeriesSteps steps;
    const Answer& labels = answers_[stream.answer].series;
    for (std::uint32_t i = 0; i < labels.label_count(stream.series); ++i) {
      steps.labels.emplace_back(labels.label_name(stream.series, i),
                                labels.label_value(stream.series, i));
    }
    steps.labels = base::MakeLabelSet(std::move(steps.labels));
    steps.group = number;
    steps.steps = std::move(found.steps);
    steps.raw = is_rate ? found.amount.ToText()
                        : TextOf(function_ == ExactFunction::kAvg
                                     ? Fraction{found.amount * Decimal(1000), Decimal(denominator)}
                                     : Of(found.amount));
    usage->steps.push_back(std::move(steps));
  }
  Join(found.evidence, &group.evidence);
}

Fraction UsageGroups::Aggregated(const GroupAmounts& amounts) const {
  const std::string& method = request_.spec->aggregation_method;
  if (method == "min" && amounts.least) {
    return *amounts.least;
  }
  if (method == "max" && amounts.greatest) {
    return *amounts.greatest;
  }
  if (method == "count") {
    return Of(Decimal(amounts.count));
  }
  Fraction sum = SumOf(amounts.sums);
  if (method == "avg") {
    sum.denominator = sum.denominator * Decimal(std::max<std::int64_t>(amounts.count, 1));
  }
  return sum;
}

std::string UsageGroups::RawTextOf(const Group& group) const {
  return TextOf(Aggregated(group.raw));
}

void UsageGroups::Finish(ExactUsage* usage) {
  Answer& answer = usage->answer.answer;
  for (Group& group : groups_) {
    answer.BeginSeries();
    for (const std::string& name : labels_) {
      const auto value = answers_[group.answer].series.Label(group.series, name);
      if (value && !value->empty()) {
        answer.AddLabel(name, *value);
      }
    }
    if (group.amounts.is_number) {
      Fraction value = Aggregated(group.amounts);
      answer.SetValue("0");  // in the place of a text: the fraction is what counts
      usage->answer.exact_values.emplace_back(std::move(value));
    } else {
      answer.SetValue(group.amounts.bad_value);
      usage->answer.exact_values.emplace_back(std::nullopt);
    }
    group.evidence.raw = RawTextOf(group);
    usage->evidence.push_back(std::move(group.evidence));
  }
}

}  // namespace promtally::metering
