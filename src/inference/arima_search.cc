// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_search.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include "inference/arima_likelihood.h"
#include "inference/arma_terms.h"
#include "inference/differencing.h"

namespace promtally::inference {
namespace {

using base::ErrorCode;

constexpr int kMaxPlain = 5;
constexpr int kMaxSeasonal = 2;
constexpr int kMaxSum = 5;
constexpr double kNearestRoot = 1.01;

base::Result<std::vector<std::optional<int>>> ParseParts(std::string_view text,
                                                         std::string_view option,
                                                         std::string_view form) {
  std::vector<std::optional<int>> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    int number = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (part == "auto") {
      parts.emplace_back();
    } else if (error == std::errc() && stop == part.data() + part.size() && number >= 0) {
      parts.emplace_back(number);
    } else {
      return base::Fail(ErrorCode::kInvalidArgument,
                        fmt::format("{} \"{}\": \"{}\" is neither a whole number from 0 nor auto; "
                                    "the form is {}",
                                    option, text, part, form));
    }
    begin = end + 1;
  }
  return parts;
}

base::Result<std::vector<std::optional<int>>> ParsePlain(std::string_view text) {
  constexpr std::string_view kForm = "p,d,q or auto";
  auto parts = ParseParts(text, "--order", kForm);
  if (!parts || parts->size() == 3) {
    return parts;
  }
  if (parts->size() == 1 && !parts->front()) {
    return std::vector<std::optional<int>>(3);
  }
  return base::Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("--order \"{}\" has {} parts; the form is {}", text, parts->size(), kForm));
}

base::Result<std::vector<std::optional<int>>> ParseSeasonal(std::string_view text) {
  constexpr std::string_view kForm = "P,D,Q,s or auto,s";
  auto parts = ParseParts(text, "--seasonal", kForm);
  if (!parts) {
    return parts;
  }
  if (parts->size() == 2 && !parts->front()) {
    parts->insert(parts->begin(), 2, std::nullopt);
  }
  if (parts->size() != 4) {
    return base::Fail(ErrorCode::kInvalidArgument,
                      fmt::format("--seasonal \"{}\" is not of the form {}", text, kForm));
  }
  if (!parts->back()) {
    return base::Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("--seasonal \"{}\": the period is a number, it is not found", text));
  }
  return parts;
}

double SmallestRootOf(std::span<const double> terms) {
  const auto size = static_cast<Eigen::Index>(terms.size());
  if (size == 0) {
    return std::numeric_limits<double>::infinity();
  }
  // The eigenvalues of the companion matrix are the inverse roots of 1 - Σ terms[i] z^(i+1).
  Eigen::MatrixXd companion = Eigen::MatrixXd::Zero(size, size);
  for (Eigen::Index i = 0; i < size; ++i) {
    companion(0, i) = terms[static_cast<std::size_t>(i)];
    if (i > 0) {
      companion(i, i - 1) = 1;
    }
  }
  const Eigen::EigenSolver<Eigen::MatrixXd> solver(companion, false);
  const double largest = solver.eigenvalues().cwiseAbs().maxCoeff();
  return largest > 0 ? 1 / largest : std::numeric_limits<double>::infinity();
}

/// Every order that the search allows, d and D decided.
std::vector<ArimaOrder> Orders(const ArimaSearch& search, int d, int seasonal_d) {
  std::vector<ArimaOrder> orders;
  const auto range = [](const std::optional<int>& asked, int most) {
    return asked ? std::pair(*asked, *asked) : std::pair(0, most);
  };
  const auto [p_least, p_most] = range(search.p, kMaxPlain);
  const auto [q_least, q_most] = range(search.q, kMaxPlain);
  const auto [sp_least, sp_most] = range(search.seasonal_p, kMaxSeasonal);
  const auto [sq_least, sq_most] = range(search.seasonal_q, kMaxSeasonal);
  const int sum = std::max(kMaxSum, p_least + q_least + sp_least + sq_least);
  for (int p = p_least; p <= p_most; ++p) {
    for (int q = q_least; q <= q_most; ++q) {
      for (int sp = sp_least; sp <= sp_most; ++sp) {
        for (int sq = sq_least; sq <= sq_most && p + q + sp + sq <= sum; ++sq) {
          orders.push_back({p, d, q, sp, seasonal_d, sq, search.period, false});
        }
      }
    }
  }
  if (search.allow_mean && d + seasonal_d == 0) {
    const std::size_t without = orders.size();
    for (std::size_t i = 0; i < without; ++i) {
      orders.push_back(orders[i]);
      orders.back().mean = true;
    }
  }
  return orders;
}

base::Result<ArimaChoice> FitGiven(const ArimaSearch& search, std::span<const double> series) {
  const ArimaOrder order{
      *search.p,          *search.d,
      *search.q,          *search.seasonal_p,
      *search.seasonal_d, *search.seasonal_q,
      search.period,      search.allow_mean && *search.d + *search.seasonal_d == 0};
  base::Result<ArimaFit> fit = FitArima(order, series, StandardErrors::kCompute, search.stop);
  if (!fit) {
    return tl::unexpected(fit.error());
  }
  const ArimaCandidate candidate{order, fit->aicc, false};
  return ArimaChoice{*std::move(fit), {candidate}};
}

}  // namespace

base::Result<ArimaSearch> ParseArimaSearch(std::string_view order, std::string_view seasonal,
                                           std::string_view mean) {
  ArimaSearch search;
  const auto plain = ParsePlain(order);
  if (!plain) {
    return tl::unexpected(plain.error());
  }
  search.p = (*plain)[0];
  search.d = (*plain)[1];
  search.q = (*plain)[2];
  if (!seasonal.empty()) {
    const auto parts = ParseSeasonal(seasonal);
    if (!parts) {
      return tl::unexpected(parts.error());
    }
    search.seasonal_p = (*parts)[0];
    search.seasonal_d = (*parts)[1];
    search.seasonal_q = (*parts)[2];
    search.period = *parts->back();
  }
  if (mean != "" && mean != "auto" && mean != "none") {
    return base::Fail(ErrorCode::kInvalidArgument,
                      fmt::format("--mean \"{}\" is neither auto nor none", mean));
  }
  search.allow_mean = mean != "none";
  const ArimaOrder limits{search.p.value_or(0),
                          search.d.value_or(0),
                          search.q.value_or(0),
                          search.seasonal_p.value_or(0),
                          search.seasonal_d.value_or(0),
                          search.seasonal_q.value_or(0),
                          search.period,
                          false};
  if (const base::Status valid = Validate(limits); !valid) {
    return tl::unexpected(valid.error());
  }
  if (!seasonal.empty() && search.period < 2) {
    return base::Fail(ErrorCode::kInvalidArgument,
                      fmt::format("--seasonal \"{}\": the period is 2 or more", seasonal));
  }
  return search;
}

double SmallestRoot(const ArimaOrder& order, std::span<const double> coefficients) {
  double smallest = std::numeric_limits<double>::infinity();
  std::size_t group_index = 0;
  ForEachGroup(order, coefficients.subspan(0, order.arma_coefficients()),
               [&](std::span<const double> group, bool moving_average) {
                 std::vector<double> terms(group.begin(), group.end());
                 for (double& term : terms) {
                   term = moving_average ? -term : term;
                 }
                 double root = SmallestRootOf(terms);
                 if (group_index++ >= 2) {
                   root = std::pow(root, 1.0 / order.period);  // a root in the seasonal lag
                 }
                 smallest = std::min(smallest, root);
               });
  return smallest;
}

base::Result<ArimaChoice> ChooseArima(const ArimaSearch& search, std::span<const double> series) {
  if (search.is_fixed()) {
    return FitGiven(search, series);
  }
  // A white noise of the series says whether it can be fitted at all.
  const ArimaOrder noise{0, 0, 0, 0, 0, 0, 1, false};
  if (const auto usable = ArimaLikelihood::Make(noise, series); !usable) {
    return tl::unexpected(usable.error());
  }
  const int seasonal_d = search.seasonal_d
                             ? *search.seasonal_d
                             : SeasonalDifferences(series, static_cast<std::size_t>(search.period));
  const ArimaOrder seasonal_only{0, 0, 0, 0, seasonal_d, 0, search.period, false};
  const int d = search.d ? *search.d : PlainDifferences(Differenced(seasonal_only, series));
  ArimaChoice choice;
  const ArimaFit* best = nullptr;
  std::vector<ArimaFit> fits;
  std::optional<base::Error> first_error;
  const std::vector<ArimaOrder> orders = Orders(search, d, seasonal_d);
  fits.reserve(orders.size());
  for (const ArimaOrder& order : orders) {
    base::Result<ArimaFit> fit = FitArima(order, series, StandardErrors::kSkip, search.stop);
    if (!fit && fit.error().code == ErrorCode::kCancelled) {
      return tl::unexpected(fit.error());
    }
    if (!fit) {
      first_error = first_error ? first_error : std::optional(fit.error());
      choice.candidates.push_back({order, std::numeric_limits<double>::infinity(), false});
      continue;
    }
    fits.push_back(*std::move(fit));
    const ArimaFit& done = fits.back();
    const bool near_unit = SmallestRoot(order, done.coefficients) < kNearestRoot;
    choice.candidates.push_back({order, done.aicc, near_unit});
    if (!near_unit && (best == nullptr || done.aicc < best->aicc)) {
      best = &done;
    }
  }
  if (best == nullptr) {
    return base::Fail("no order could be fitted",
                      first_error.value_or(base::Error{ErrorCode::kRejected,
                                                       "each has a root near the unit circle"}));
  }
  base::Result<ArimaFit> fit = FitArima(best->order, series, StandardErrors::kCompute, search.stop);
  if (!fit) {
    return tl::unexpected(fit.error());
  }
  choice.fit = *std::move(fit);
  return choice;
}

}  // namespace promtally::inference
