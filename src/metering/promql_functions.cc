// SPDX-License-Identifier: Apache-2.0
#include "metering/promql_functions.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include "metering/promql_logarithm.h"

namespace promtally::metering {

namespace {

using Function = double (*)(double);

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double Sign(double value) { return value < 0 ? -1 : value > 0 ? 1 : value; }

double Degrees(double value) { return value * 180 / std::numbers::pi; }
double Radians(double value) { return value * std::numbers::pi / 180; }

constexpr std::pair<std::string_view, Function> kOfNumbers[] = {
    {"abs", [](double v) { return std::fabs(v); }},
    {"acos", [](double v) { return std::acos(v); }},
    {"acosh", [](double v) { return std::acosh(v); }},
    {"asin", [](double v) { return std::asin(v); }},
    {"asinh", [](double v) { return std::asinh(v); }},
    {"atan", [](double v) { return std::atan(v); }},
    {"atanh", [](double v) { return std::atanh(v); }},
    {"ceil", [](double v) { return std::ceil(v); }},
    {"cos", [](double v) { return std::cos(v); }},
    {"cosh", [](double v) { return std::cosh(v); }},
    {"deg", &Degrees},
    {"exp", [](double v) { return std::exp(v); }},
    {"floor", [](double v) { return std::floor(v); }},
    {"ln", &NaturalLogarithm},
    {"log10", &DecimalLogarithm},
    {"log2", &BinaryLogarithm},
    {"rad", &Radians},
    {"sgn", &Sign},
    {"sin", [](double v) { return std::sin(v); }},
    {"sinh", [](double v) { return std::sinh(v); }},
    {"sqrt", [](double v) { return std::sqrt(v); }},
    {"tan", [](double v) { return std::tan(v); }},
    {"tanh", [](double v) { return std::tanh(v); }},
};

// --- the parts of a date, of Unix seconds in UTC

using Date = std::chrono::year_month_day;

struct Moment {
  std::chrono::sys_days day;
  Date date;
  std::chrono::seconds of_day;
};

double DayOfYear(const Moment& moment) {
  const std::chrono::sys_days first = moment.date.year() / std::chrono::January / 1;
  return static_cast<double>((moment.day - first).count() + 1);
}
double DaysInMonth(const Moment& moment) {
  const std::chrono::year_month_day_last last(moment.date.year(),
                                              std::chrono::month_day_last(moment.date.month()));
  return static_cast<unsigned>(last.day());
}

constexpr std::pair<std::string_view, double (*)(const Moment&)> kOfDates[] = {
    {"day_of_month",
     [](const Moment& m) { return static_cast<double>(static_cast<unsigned>(m.date.day())); }},
    {"day_of_week",
     [](const Moment& m) { return static_cast<double>(std::chrono::weekday(m.day).c_encoding()); }},
    {"day_of_year", &DayOfYear},
    {"days_in_month", &DaysInMonth},
    {"hour",
     [](const Moment& m) {
       const auto hour = m.of_day.count() / 3600;
       return static_cast<double>(hour);
     }},
    {"minute", [](const Moment& m) { return static_cast<double>(m.of_day.count() / 60 % 60); }},
    {"month",
     [](const Moment& m) { return static_cast<double>(static_cast<unsigned>(m.date.month())); }},
    {"year", [](const Moment& m) { return static_cast<double>(static_cast<int>(m.date.year())); }},
};

/// nullopt: a time that no calendar holds.
std::optional<Moment> MomentOf(double unix_seconds) {
  constexpr double kFurthest = 253'402'300'800.0;  // the year 10000
  if (!(std::fabs(unix_seconds) < kFurthest)) {
    return std::nullopt;
  }
  const std::chrono::sys_seconds time(
      std::chrono::seconds(static_cast<std::int64_t>(unix_seconds)));
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return Moment{day, Date(day), time - day};
}

template <typename Table>
auto Find(const Table& table, std::string_view name) {
  const auto* const found = std::find_if(std::begin(table), std::end(table),
                                         [name](const auto& each) { return each.first == name; });
  return found == std::end(table) ? nullptr : found->second;
}

template <typename Operation>
InstantVector Mapped(const InstantVector& vector, PromqlSemantics semantics, Operation operation) {
  InstantVector result;
  result.reserve(vector.size());
  for (const VectorSample& sample : vector) {
    result.push_back({DropName(sample.labels, semantics), operation(sample.value), 0});
  }
  return result;
}

InstantVector DatePart(const FunctionCall& call, double (*part)(const Moment&)) {
  const auto of = [part](double unix_seconds) {
    const auto moment = MomentOf(unix_seconds);
    return moment ? part(*moment) : kNan;
  };
  if (call.arguments.empty()) {
    return {{{}, of(std::floor(static_cast<double>(call.evaluated_at) / 1000)), 0}};
  }
  return Mapped(call.Vector(0), call.semantics, of);
}

/// `NaN` sorts to the end, in both directions.
template <typename Before>
InstantVector Sorted(InstantVector vector, Before before) {
  std::stable_sort(vector.begin(), vector.end(), [before](const auto& a, const auto& b) {
    const bool a_nan = std::isnan(a.value);
    const bool b_nan = std::isnan(b.value);
    return a_nan || b_nan ? !a_nan && b_nan : before(a.value, b.value);
  });
  return vector;
}

double ScalarOf(const InstantVector& vector) {
  return vector.size() == 1 ? vector.front().value : kNan;
}

InstantVector Clamped(const FunctionCall& call) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const bool has_both = call.name == "clamp";
  const double low = call.name == "clamp_max" ? -kInfinity : call.Scalar(1);
  const double high = has_both                   ? call.Scalar(2)
                      : call.name == "clamp_max" ? call.Scalar(1)
                                                 : kInfinity;
  if (high < low) {
    return {};
  }
  return Mapped(call.Vector(0), call.semantics,
                [=](double value) { return MaxOf(low, MinOf(high, value)); });
}

InstantVector Rounded(const FunctionCall& call) {
  const double nearest = call.arguments.size() > 1 ? call.Scalar(1) : 1;
  const double inverse = 1.0 / nearest;
  return Mapped(call.Vector(0), call.semantics,
                [inverse](double value) { return std::floor(value * inverse + 0.5) / inverse; });
}

/// nullopt: no function of scalars.
std::optional<double> OfScalars(const FunctionCall& call) {
  if (call.name == "time" || call.name == "start" || call.name == "end") {
    return static_cast<double>(call.evaluated_at) / 1000;
  }
  if (call.name == "range" || call.name == "step") {
    return 0;  // of an instant query
  }
  if (call.name == "pi") {
    return std::numbers::pi;
  }
  if (call.name == "scalar") {
    return ScalarOf(call.Vector(0));
  }
  if (call.name == "max_of") {
    return MaxOf(call.Scalar(0), call.Scalar(1));
  }
  if (call.name == "min_of") {
    return MinOf(call.Scalar(0), call.Scalar(1));
  }
  return std::nullopt;
}

base::Result<InstantVector> OfVectors(const FunctionCall& call) {
  if (call.name == "vector") {
    return InstantVector{{{}, call.Scalar(0), 0}};
  }
  if (call.name == "round") {
    return Rounded(call);
  }
  if (call.name.starts_with("clamp")) {
    return Clamped(call);
  }
  if (call.name == "sort") {
    return Sorted(call.Vector(0), std::less<>());
  }
  if (call.name == "sort_desc") {
    return Sorted(call.Vector(0), std::greater<>());
  }
  if (call.name == "label_replace") {
    return ReplaceLabel(call);
  }
  if (call.name == "label_join") {
    return JoinLabels(call);
  }
  if (call.name == "histogram_quantile") {
    return HistogramQuantile(call);
  }
  if (call.name == "histogram_fraction") {
    return HistogramFraction(call);
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    std::string(call.name) + "() cannot be evaluated without a server");
}

}  // namespace

base::Result<PromqlValue> CallFunction(const FunctionCall& call) {
  if (const auto scalar = OfScalars(call)) {
    return PromqlValue(*scalar);
  }
  const Function of_number = Find(kOfNumbers, call.name);
  auto* const of_date = Find(kOfDates, call.name);
  base::Result<InstantVector> vector = of_number != nullptr
                                           ? Mapped(call.Vector(0), call.semantics, of_number)
                                       : of_date != nullptr ? DatePart(call, of_date)
                                                            : OfVectors(call);
  if (vector) {
    vector = RefuseDuplicates(*std::move(vector));
  }
  if (!vector) {
    return tl::unexpected(std::move(vector).error());
  }
  return PromqlValue(*std::move(vector));
}

}  // namespace promtally::metering
