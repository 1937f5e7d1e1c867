// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exposition/metric_family.h"
#include "exposition/text_encoder.h"

namespace promtally::exposition {

/// Writes one metric of the store in one style: its head, then series by series. What is the same
/// for all series is worked out once. The text format shows `_created` as a family of its own
/// behind the metric, OpenMetrics within the metric. The family must outlive the writer.
class FamilyWriter {
 public:
  FamilyWriter(const MetricFamily& family, const PageStyle& style, bool created_series,
               base::Instant now);

  void AppendHead(std::string& out) const;
  void AppendSeries(std::string& out, MetricFamily::Row row);

  /// Whether there is a family of `_created` to follow.
  [[nodiscard]] bool HasCreatedFamily() const;
  void AppendCreatedHead(std::string& out) const;
  void AppendCreated(std::string& out, MetricFamily::Row row);

 private:
  [[nodiscard]] std::string_view BodyOf(MetricFamily::Row row);
  void AppendHistogram(std::string& out, MetricFamily::Row row, std::string_view body);
  void AppendSummary(std::string& out, MetricFamily::Row row, std::string_view body);
  void AppendStates(std::string& out, MetricFamily::Row row, std::string_view body);
  void AppendInfo(std::string& out, MetricFamily::Row row, std::string_view body);
  void AppendExemplar(std::string& out, MetricFamily::Row row, std::size_t place) const;
  void AppendSumAndCount(std::string& out, std::string_view body, double sum, double count) const;

  const MetricFamily& family_;
  const PageStyle style_;
  const base::Instant now_;
  bool has_created_ = false;
  bool rewrites_labels_ = false;
  SampleName main_;  // of the sample that a family always has
  SampleName sum_;
  SampleName count_;
  SampleName created_;
  std::vector<std::string> extras_;  // `le`, `quantile` or state label of each sample
  std::string rewritten_;            // the body at hand
};

}  // namespace promtally::exposition
