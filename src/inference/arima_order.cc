// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_order.h"

#include <fmt/format.h>

namespace promtally::inference {
namespace {

constexpr int kMaxTerms = 24;
constexpr int kMaxDifferences = 2;
constexpr int kMaxPeriod = 1000;

void AddNames(const char* prefix, int count, std::vector<std::string>& names) {
  for (int i = 1; i <= count; ++i) {
    names.push_back(fmt::format("{}{}", prefix, i));
  }
}

bool Within(int value, int limit) { return value >= 0 && value <= limit; }

/// Multiplies a polynomial in the lag by 1 - B^lag.
void TimesDifference(std::size_t lag, std::vector<double>& polynomial) {
  std::vector<double> product(polynomial.size() + lag, 0);
  for (std::size_t i = 0; i < polynomial.size(); ++i) {
    product[i] += polynomial[i];
    product[i + lag] -= polynomial[i];
  }
  polynomial = std::move(product);
}

}  // namespace

std::string ToText(const ArimaOrder& order) {
  const std::string plain = fmt::format("({},{},{})", order.p, order.d, order.q);
  if (order.seasonal_p + order.seasonal_d + order.seasonal_q == 0) {
    return plain;
  }
  return fmt::format("{}({},{},{}){}", plain, order.seasonal_p, order.seasonal_d, order.seasonal_q,
                     order.period);
}

std::vector<std::string> CoefficientNames(const ArimaOrder& order) {
  std::vector<std::string> names;
  AddNames("ar", order.p, names);
  AddNames("ma", order.q, names);
  AddNames("sar", order.seasonal_p, names);
  AddNames("sma", order.seasonal_q, names);
  if (order.mean) {
    names.emplace_back("intercept");
  }
  return names;
}

base::Status Validate(const ArimaOrder& order) {
  using base::ErrorCode;
  if (!Within(order.p, kMaxTerms) || !Within(order.q, kMaxTerms) ||
      !Within(order.seasonal_p, kMaxTerms) || !Within(order.seasonal_q, kMaxTerms)) {
    return base::Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("order {}: p, q, P and Q are from 0 to {}", ToText(order), kMaxTerms));
  }
  if (!Within(order.d, kMaxDifferences) || !Within(order.seasonal_d, kMaxDifferences)) {
    return base::Fail(ErrorCode::kInvalidArgument, fmt::format("order {}: d and D are from 0 to {}",
                                                               ToText(order), kMaxDifferences));
  }
  if (order.period < 1 || order.period > kMaxPeriod) {
    return base::Fail(ErrorCode::kInvalidArgument,
                      fmt::format("the period {} is not from 1 to {}", order.period, kMaxPeriod));
  }
  if (order.period == 1 && order.seasonal_p + order.seasonal_d + order.seasonal_q > 0) {
    return base::Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("order {}: a seasonal part needs a period of 2 or more", ToText(order)));
  }
  if (order.mean && order.d + order.seasonal_d > 0) {
    return base::Fail(ErrorCode::kInvalidArgument,
                      fmt::format("order {}: a differenced series has no mean", ToText(order)));
  }
  return {};
}

std::vector<double> DifferenceCoefficients(const ArimaOrder& order) {
  std::vector<double> polynomial = {1};
  for (int i = 0; i < order.d; ++i) {
    TimesDifference(1, polynomial);
  }
  for (int i = 0; i < order.seasonal_d; ++i) {
    TimesDifference(static_cast<std::size_t>(order.period), polynomial);
  }
  std::vector<double> coefficients(polynomial.begin() + 1, polynomial.end());
  for (double& coefficient : coefficients) {
    coefficient = 0 - coefficient;
  }
  return coefficients;
}

}  // namespace promtally::inference
