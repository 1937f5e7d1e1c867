// SPDX-License-Identifier: Apache-2.0
// Prometheus' BucketQuantile and BucketFraction, of classic histograms.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "metering/promql_functions.h"

namespace promtally::metering {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Bucket {
  double upper = 0;
  double count = 0;
};
using Buckets = std::vector<Bucket>;

struct Histogram {
  base::LabelSet labels;  ///< of the result
  Buckets buckets;
};

std::optional<double> UpperBound(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool has_second_sign = text.starts_with('-');
  if (error != std::errc() || end != text.data() + text.size() || has_second_sign) {
    return std::nullopt;
  }
  return is_negative ? -value : value;
}

/// In the order of their first bucket; an element without a readable `le` is no bucket.
std::vector<Histogram> HistogramsOf(const InstantVector& vector, PromqlSemantics semantics) {
  static const std::array<std::string, 1> kBound{"le"};
  std::vector<Histogram> histograms;
  std::map<base::LabelSet, std::size_t> places;
  for (const VectorSample& sample : vector) {
    const auto upper = UpperBound(LabelOrEmpty(sample.labels, kBound[0]));
    if (!upper) {
      continue;
    }
    const base::LabelSet labels = Without(sample.labels, kBound);
    const auto [place, is_new] = places.try_emplace(labels, histograms.size());
    if (is_new) {
      histograms.push_back({DropName(labels, semantics), {}});
    }
    histograms[place->second].buckets.push_back({*upper, sample.value});
  }
  return histograms;
}

/// Sorted by bound, buckets of one bound added up.
Buckets Ordered(Buckets buckets) {
  std::stable_sort(buckets.begin(), buckets.end(),
                   [](const Bucket& a, const Bucket& b) { return a.upper < b.upper; });
  Buckets joined;
  for (const Bucket& bucket : buckets) {
    if (!joined.empty() && joined.back().upper == bucket.upper) {
      joined.back().count += bucket.count;
    } else {
      joined.push_back(bucket);
    }
  }
  return joined;
}

/// Differences that are noise of doubles.
bool IsAlmostEqual(double a, double b) {
  constexpr double kTolerance = 1e-12;
  constexpr double kSmallestNormal = std::numeric_limits<double>::min();
  if ((std::isnan(a) && std::isnan(b)) || a == b) {
    return true;
  }
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kSmallestNormal) {
    return difference < kTolerance * kSmallestNormal;
  }
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

void MakeMonotonic(Buckets* buckets, PromqlSemantics semantics) {
  double before = buckets->front().count;
  for (Bucket& bucket : *buckets) {
    const bool is_noise =
        semantics == PromqlSemantics::kPrometheus3 && IsAlmostEqual(before, bucket.count);
    if (is_noise || bucket.count < before) {
      bucket.count = before;
    } else if (bucket.count > before || semantics == PromqlSemantics::kPrometheus3) {
      before = bucket.count;
    }
  }
}

double QuantileOfBuckets(double q, Buckets buckets, PromqlSemantics semantics) {
  if (std::isnan(q)) {
    return kNan;
  }
  if (q < 0 || q > 1) {
    return q < 0 ? -kInfinity : kInfinity;
  }
  buckets = Ordered(std::move(buckets));
  if (buckets.back().upper != kInfinity) {
    return kNan;
  }
  MakeMonotonic(&buckets, semantics);
  const double observations = buckets.back().count;
  if (buckets.size() < 2 || observations == 0) {
    return kNan;
  }
  double rank = q * observations;
  const auto last = buckets.end() - 1;
  const auto at = std::partition_point(
      buckets.begin(), last, [rank](const Bucket& bucket) { return !(bucket.count >= rank); });
  if (at == last) {
    return (last - 1)->upper;
  }
  if (at == buckets.begin() && at->upper <= 0) {
    return at->upper;
  }
  double start = 0;
  double count = at->count;
  if (at != buckets.begin()) {
    start = (at - 1)->upper;
    count -= (at - 1)->count;
    rank -= (at - 1)->count;
  }
  return start + (at->upper - start) * (rank / count);
}

/// How many observations lie below `value`.
double RankOf(double value, const Buckets& buckets) {
  double lower = buckets.front().upper <= 0 ? -kInfinity : 0;
  double rank = 0;
  for (const Bucket& bucket : buckets) {
    if (lower >= value) {
      return rank;
    }
    if (lower < value && bucket.upper > value) {
      return lower == -kInfinity
                 ? bucket.count
                 : rank + (bucket.count - rank) * (value - lower) / (bucket.upper - lower);
    }
    rank = bucket.count;
    lower = bucket.upper;
  }
  return buckets.back().count;
}

double FractionOfBuckets(double lower, double upper, Buckets buckets) {
  buckets = Ordered(std::move(buckets));
  const double count = buckets.back().count;
  if (buckets.back().upper != kInfinity || count == 0 || std::isnan(lower) || std::isnan(upper)) {
    return kNan;
  }
  if (lower >= upper) {
    return 0;
  }
  const auto rank = [&](double value) {
    const double below = RankOf(value, buckets);
    return below > count ? count : below;
  };
  return (rank(upper) - rank(lower)) / count;
}

}  // namespace

InstantVector HistogramQuantile(const FunctionCall& call) {
  InstantVector result;
  for (Histogram& histogram : HistogramsOf(call.Vector(1), call.semantics)) {
    const double value =
        QuantileOfBuckets(call.Scalar(0), std::move(histogram.buckets), call.semantics);
    result.push_back({std::move(histogram.labels), value, 0});
  }
  return result;
}

InstantVector HistogramFraction(const FunctionCall& call) {
  InstantVector result;
  if (call.semantics == PromqlSemantics::kPrometheus2) {
    return result;  // native histograms only
  }
  for (Histogram& histogram : HistogramsOf(call.Vector(2), call.semantics)) {
    const double value =
        FractionOfBuckets(call.Scalar(0), call.Scalar(1), std::move(histogram.buckets));
    result.push_back({std::move(histogram.labels), value, 0});
  }
  return result;
}

}  // namespace promtally::metering
