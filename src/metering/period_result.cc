// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/period_result.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <utility>

namespace promtally::metering {

namespace {

/// The hashes of the rows so far: an open table of places in the rows, for a set of nodes costs as
/// much as all else that is done for a row.
class SeenHashes {
 public:
  /// Room for that many rows.
  void Reserve(std::size_t rows) { places_.assign(std::bit_ceil(2 * rows + 1), kFree); }

  /// False when a row has that hash; else the next row is taken to have it.
  bool Insert(const base::Digest& hash, const std::vector<UsageRow>& rows) {
    std::size_t value = 0;
    std::memcpy(&value, hash.data(), sizeof value);
    const std::size_t mask = places_.size() - 1;
    for (std::size_t slot = value & mask;; slot = (slot + 1) & mask) {
      if (places_[slot] == kFree) {
        places_[slot] = static_cast<std::uint32_t>(rows.size());
        return true;
      }
      if (rows[places_[slot]].hash == hash) {
        return false;
      }
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;
  std::vector<std::uint32_t> places_;
};

/// All configured labels, each once, sorted.
std::vector<std::string> SortedLabels(const ConversionContext& context) {
  std::vector<std::string> names = AllLabels(*context.spec, context.scope_key);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string_view BadReason(BadValue bad) { return bad == BadValue::kNan ? "nan" : "infinity"; }

/// Goes over the answers of one period; every series is judged once, in the order of the rules.
class Conversion {
 public:
  Conversion(const ConversionContext& context, std::vector<ScopedAnswer> answers)
      : context_(context), converter_(*context.spec, context.rounding) {
    result_.label_names = SortedLabels(context);
    result_.answers = std::move(answers);
    result_.name_numbers.reserve(result_.answers.size());
    if (context.scope_key) {
      const auto at =
          std::find(result_.label_names.begin(), result_.label_names.end(), *context.scope_key);
      scope_place_ = static_cast<std::size_t>(at - result_.label_names.begin());
    }
  }

  PeriodResult Run() {
    std::size_t series = 0;
    for (const ScopedAnswer& scoped : result_.answers) {
      series += scoped.answer.size();
    }
    result_.series_answered = series;
    if (series > context_.limits.series) {
      FailTooMany(series);
      return std::move(result_);
    }
    result_.rows.reserve(series);
    seen_.Reserve(series);
    for (std::uint32_t a = 0; a < result_.answers.size() && result_.failure.empty(); ++a) {
      NumberNames(result_.answers[a].answer);
      const std::size_t size = result_.answers[a].answer.size();
      for (std::uint32_t s = 0; s < size && result_.failure.empty(); ++s) {
        Judge(a, s);
      }
    }
    if (!result_.failure.empty()) {
      result_.rows.clear();
    }
    return std::move(result_);
  }

 private:
  /// Looks the configured names up once an answer: a series is then asked by numbers.
  void NumberNames(const Answer& answer) {
    auto& numbers = result_.name_numbers.emplace_back();
    for (const std::string& name : result_.label_names) {
      numbers.push_back(answer.NameNumber(name));
    }
    numbers_ = &numbers;
    const auto& names = answer.names();
    has_long_names_ = std::any_of(names.begin(), names.end(), [this](const std::string& name) {
      return name.size() > context_.limits.label_name_bytes;
    });
  }

  /// The value of the configured label at that place of label_names.
  [[nodiscard]] std::string_view ConfiguredLabel(const Answer& answer, std::uint32_t s,
                                                 std::size_t place) const {
    const auto& number = (*numbers_)[place];
    return number ? answer.LabelOf(s, *number) : std::string_view();
  }

  void Judge(std::uint32_t a, std::uint32_t s) {
    const ScopedAnswer& scoped = result_.answers[a];
    std::optional<std::string_view> scope;
    if (context_.scope_key && !Attribute(scoped, s, &scope)) {
      return;
    }
    const Answer& answer = scoped.answer;
    if (answer.series(s).histogram) {
      return Reject(answer, s, "histogram");
    }
    if (BreaksLabelLimits(answer, s)) {
      return Reject(answer, s, "label_too_long");
    }
    const bool is_exact = !scoped.exact_values.empty() && scoped.exact_values[s];
    Quantity quantity = is_exact ? converter_.Convert(*scoped.exact_values[s])
                                 : converter_.Convert(answer.value(s));
    if (quantity.bad == BadValue::kNotANumber) {
      result_.failure = "wrong_type";
      result_.failure_detail =
          "the value \"" + std::string(answer.value(s).substr(0, 64)) + "\" is not a number";
      return;
    }
    if (quantity.bad) {
      return Reject(answer, s, BadReason(*quantity.bad));
    }
    if (context_.spec->skip && Skips(answer, s, scope, quantity.value)) {
      ++result_.skipped;
      return;
    }
    Keep(a, s, scope, std::move(quantity.value));
  }

  /// Finds whose series it is; false when it is nobody's here (counted or rejected).
  bool Attribute(const ScopedAnswer& scoped, std::uint32_t s,
                 std::optional<std::string_view>* scope) {
    *scope = ConfiguredLabel(scoped.answer, s, scope_place_);
    const bool missing = (*scope)->empty();
    if (scoped.asked_scope) {
      if (!missing && **scope != *scoped.asked_scope) {
        Reject(scoped.answer, s, "foreign_scope");
        return false;
      }
      *scope = *scoped.asked_scope;
      return true;
    }
    const auto& named = scoped.named_scopes;
    if (missing) {
      // What several queries bring in is one series.
      const bool is_known = !named.empty() && &scoped != &result_.answers.front();
      result_.unattributed += is_known ? 0 : 1;
      return false;
    }
    if (!named.empty() && !std::binary_search(named.begin(), named.end(), **scope)) {
      --result_.series_answered;
      return false;
    }
    if (context_.filter != nullptr && !context_.filter->Admits(**scope)) {
      ++result_.excluded;
      return false;
    }
    return true;
  }

  /// Labels that are not configured are not kept: of them only number and names are limited.
  [[nodiscard]] bool BreaksLabelLimits(const Answer& answer, std::uint32_t s) const {
    const SeriesLimits& limits = context_.limits;
    if (answer.label_count(s) > limits.labels) {
      return true;
    }
    for (std::size_t place = 0; place < result_.label_names.size(); ++place) {
      if (ConfiguredLabel(answer, s, place).size() > limits.label_value_bytes) {
        return true;
      }
    }
    for (std::uint32_t i = 0; has_long_names_ && i < answer.label_count(s); ++i) {
      if (answer.label_name(s, i).size() > limits.label_name_bytes) {
        return true;
      }
    }
    return false;
  }

  std::string_view LabelValue(const Answer& answer, std::uint32_t s, std::string_view name,
                              const std::optional<std::string_view>& scope) const {
    if (scope && name == *context_.scope_key) {
      return *scope;
    }
    return answer.Label(s, name).value_or("");
  }

  bool Skips(const Answer& answer, std::uint32_t s, const std::optional<std::string_view>& scope,
             const base::Decimal& quantity) {
    SkipInput input;
    input.quantity = &quantity;
    input.unit = context_.spec->unit;
    if (groupby_.empty()) {
      groupby_ = GroupbyLabels(*context_.spec, context_.scope_key);
    }
    for (const std::string& name : groupby_) {
      input.groupby.emplace_back(name, LabelValue(answer, s, name, scope));
    }
    for (const std::string& name : context_.spec->metadata) {
      input.metadata.emplace_back(name, LabelValue(answer, s, name, scope));
    }
    bool failed = false;
    const bool skips = context_.spec->skip->Skips(input, &failed);
    result_.skip_failures += failed ? 1 : 0;
    return skips;
  }

  void Keep(std::uint32_t a, std::uint32_t s, const std::optional<std::string_view>& scope,
            base::Decimal quantity) {
    const Answer& answer = result_.answers[a].answer;
    if (scope) {
      hasher_.Add(*scope);
    } else {
      hasher_.AddAbsent();
    }
    for (std::size_t place = 0; place < result_.label_names.size(); ++place) {
      hasher_.Add(result_.label_names[place])
          .Add(scope && place == scope_place_ ? *scope : ConfiguredLabel(answer, s, place));
    }
    const base::Digest hash = hasher_.Finish();
    if (!seen_.Insert(hash, result_.rows)) {
      result_.failure = "duplicate_series";
      result_.failure_detail = "two series have the label set " + DescribeLabels(answer, s);
      return;
    }
    result_.rows.push_back({hash, std::move(quantity), a, s});
  }

  std::string DescribeLabels(const Answer& answer, std::uint32_t s) const {
    std::string text = "{";
    for (const std::string& name : result_.label_names) {
      text += text.size() == 1 ? "" : ", ";
      text += name + "=\"" + std::string(answer.Label(s, name).value_or("").substr(0, 64)) + "\"";
    }
    return text + "}";
  }

  void Reject(const Answer& answer, std::uint32_t s, std::string_view reason) {
    RejectedSeries rejected;
    for (std::uint32_t i = 0; i < answer.label_count(s); ++i) {
      rejected.labels.emplace_back(
          answer.label_name(s, i),
          answer.label_value(s, i).substr(0, context_.limits.label_value_bytes));
    }
    rejected.labels = base::MakeLabelSet(std::move(rejected.labels));
    rejected.value = std::string(answer.value(s));
    rejected.reason = std::string(reason);
    result_.rejected.push_back(std::move(rejected));
  }

  /// Names the label that has the most values: the one that grew.
  void FailTooMany(std::size_t series) {
    std::map<std::string, std::set<std::string_view>> values;
    for (const ScopedAnswer& scoped : result_.answers) {
      for (std::uint32_t s = 0; s < scoped.answer.size(); ++s) {
        for (std::uint32_t i = 0; i < scoped.answer.label_count(s); ++i) {
          values[std::string(scoped.answer.label_name(s, i))].insert(
              scoped.answer.label_value(s, i));
        }
      }
    }
    const auto largest = std::max_element(
        values.begin(), values.end(),
        [](const auto& x, const auto& y) { return x.second.size() < y.second.size(); });
    result_.failure = "too_many_series";
    result_.failure_detail =
        std::to_string(series) + " series, the limit is " + std::to_string(context_.limits.series);
    if (largest != values.end()) {
      result_.failure_detail += "; label \"" + largest->first + "\" has " +
                                std::to_string(largest->second.size()) + " values";
    }
  }

  const ConversionContext& context_;
  QuantityConverter converter_;
  std::vector<std::string> groupby_;
  const std::vector<std::optional<std::uint32_t>>* numbers_ = nullptr;  // of the answer at hand
  bool has_long_names_ = false;                                         // in the answer at hand
  std::size_t scope_place_ = 0;  // of the scope key in label_names
  base::FieldHasher hasher_;
  SeenHashes seen_;
  PeriodResult result_;
};

}  // namespace

PeriodResult ConvertAnswers(const ConversionContext& context, std::vector<ScopedAnswer> answers) {
  return Conversion(context, std::move(answers)).Run();
}

std::optional<std::string_view> ScopeViewOf(const ConversionContext& context,
                                            const PeriodResult& result, const UsageRow& row) {
  if (!context.scope_key) {
    return std::nullopt;
  }
  const ScopedAnswer& scoped = result.answers[row.answer];
  if (scoped.asked_scope) {
    return *scoped.asked_scope;
  }
  const auto& names = result.label_names;
  const auto at = std::lower_bound(names.begin(), names.end(), *context.scope_key);
  const auto& number =
      result.name_numbers[row.answer][static_cast<std::size_t>(at - names.begin())];
  return number ? scoped.answer.LabelOf(row.series, *number) : std::string_view();
}

void LabelViewsOf(const ConversionContext& context, const PeriodResult& result, const UsageRow& row,
                  LabelViews* labels) {
  const ScopedAnswer& scoped = result.answers[row.answer];
  const auto& numbers = result.name_numbers[row.answer];
  labels->clear();
  for (std::size_t place = 0; place < result.label_names.size(); ++place) {
    const std::string& name = result.label_names[place];
    if (scoped.asked_scope && name == context.scope_key) {
      labels->emplace_back(name, *scoped.asked_scope);
    } else {
      labels->emplace_back(name, numbers[place] ? scoped.answer.LabelOf(row.series, *numbers[place])
                                                : std::string_view());
    }
  }
}

std::optional<std::string> ScopeOf(const ConversionContext& context, const PeriodResult& result,
                                   const UsageRow& row) {
  const auto scope = ScopeViewOf(context, result, row);
  return scope ? std::optional<std::string>(*scope) : std::nullopt;
}

base::LabelSet LabelsOf(const ConversionContext& context, const PeriodResult& result,
                        const UsageRow& row) {
  LabelViews views;
  LabelViewsOf(context, result, row, &views);
  return {views.begin(), views.end()};
}

base::Digest SeriesHash(const std::optional<std::string>& scope, const base::LabelSet& labels) {
  base::FieldHasher hasher;
  if (scope) {
    hasher.Add(*scope);
  } else {
    hasher.AddAbsent();
  }
  for (const auto& [name, value] : labels) {
    hasher.Add(name).Add(value);
  }
  return hasher.Finish();
}

}  // namespace promtally::metering
