// SPDX-License-Identifier: Apache-2.0
#include "exposition/family_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace promtally::exposition {
namespace {

std::string_view MainSuffix(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "_total";
    case MetricType::kInfo:
      return "_info";
    case MetricType::kHistogram:
      return "_bucket";
    case MetricType::kGauge:
    case MetricType::kStateSet:
    case MetricType::kSummary:
      break;
  }
  return "";
}

std::string StyledLabel(std::string_view name, std::string_view value, Escaping escaping) {
  std::string body;
  AppendLabel(body, name, value);
  return StyledBody(body, escaping);
}

std::vector<std::string> ExtrasOf(const MetricDefinition& definition, const PageStyle& style) {
  std::vector<std::string> extras;
  for (const double bound : definition.buckets) {
    extras.push_back(StyledLabel("le", BoundText(bound, style.format), style.escaping));
  }
  for (const auto& [quantile, error] : definition.quantiles) {
    extras.push_back(StyledLabel("quantile", BoundText(quantile, style.format), style.escaping));
  }
  for (const std::string& state : definition.states) {
    extras.push_back(StyledLabel(definition.name, state, style.escaping));
  }
  return extras;
}

double UnixSeconds(base::Instant instant) {
  return static_cast<double>(instant.time_since_epoch().count()) / 1000.0;
}

// Exemplars' times are never in the form 1e+09, which readers take for no time.
void AppendTimestamp(std::string& out, double seconds) {
  if (seconds < 1e-9) {
    out += '0';  // digits below a nanosecond would fill the line
    return;
  }
  std::array<char, 64> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), seconds, std::chars_format::fixed)
          .ptr;
  out.append(digits.data(), end);
}

// Some schemes make names longer; a reader would refuse the page for an exemplar beyond its limit.
bool IsTooLong(const std::string& exemplar_body) {
  if (exemplar_body.size() <= kMaxExemplarCharacters) {
    return false;
  }
  std::size_t characters = 0;
  for (const auto& [name, value] : LabelsOfBody(exemplar_body)) {
    characters += CharactersIn(name) + CharactersIn(value);
  }
  return characters > kMaxExemplarCharacters;
}

}  // namespace

FamilyWriter::FamilyWriter(const MetricFamily& family, const PageStyle& style, bool created_series,
                           base::Instant now)
    : family_(family),
      style_(style),
      now_(now),
      main_(family.definition().name, MainSuffix(family.definition().type), style),
      sum_(family.definition().name, "_sum", style),
      count_(family.definition().name, "_count", style),
      created_(family.definition().name, "_created", style),
      extras_(ExtrasOf(family.definition(), style)) {
  const MetricDefinition& definition = family.definition();
  has_created_ = created_series && (definition.type == MetricType::kCounter || family.stride() > 0);
  rewrites_labels_ =
      std::any_of(definition.labels.begin(), definition.labels.end(),
                  [&](const auto& name) { return IsRewritten(name, style.escaping); }) &&
      style.escaping != Escaping::kAllowUtf8;
}

void FamilyWriter::AppendHead(std::string& out) const {
  const MetricDefinition& definition = family_.definition();
  exposition::AppendHead(
      out, style_,
      {definition.name, FamilyTypeOf(definition.type), definition.help, definition.unit});
}

std::string_view FamilyWriter::BodyOf(MetricFamily::Row row) {
  const std::string_view body = family_.series().Body(row);
  if (!rewrites_labels_) {
    return body;
  }
  rewritten_ = StyledBody(body, style_.escaping);
  return rewritten_;
}

void FamilyWriter::AppendSeries(std::string& out, MetricFamily::Row row) {
  const std::string_view body = BodyOf(row);
  switch (family_.definition().type) {
    case MetricType::kCounter:
      main_.AppendOpen(out, body, "", family_.value(row));
      AppendExemplar(out, row, 0);
      out += '\n';
      break;
    case MetricType::kGauge:
      main_.Append(out, body, "", family_.value(row));
      break;
    case MetricType::kInfo:
      AppendInfo(out, row, body);
      break;
    case MetricType::kStateSet:
      AppendStates(out, row, body);
      break;
    case MetricType::kHistogram:
      AppendHistogram(out, row, body);
      break;
    case MetricType::kSummary:
      AppendSummary(out, row, body);
      break;
  }
  if (has_created_ && style_.format == Format::kOpenMetrics) {
    created_.Append(out, body, "", UnixSeconds(family_.created(row)));
  }
}

void FamilyWriter::AppendInfo(std::string& out, MetricFamily::Row row, std::string_view body) {
  main_.Append(out, body, StyledBody(family_.info(row), style_.escaping), 1);
}

void FamilyWriter::AppendStates(std::string& out, MetricFamily::Row row, std::string_view body) {
  const auto state = static_cast<std::size_t>(family_.value(row));
  for (std::size_t i = 0; i < extras_.size(); ++i) {
    main_.Append(out, body, extras_[i], i == state ? 1 : 0);
  }
}

void FamilyWriter::AppendHistogram(std::string& out, MetricFamily::Row row, std::string_view body) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < extras_.size(); ++i) {
    cumulative += family_.counts(row)[i];
    main_.AppendOpen(out, body, extras_[i], static_cast<double>(cumulative));
    AppendExemplar(out, row, i);
    out += '\n';
  }
  // A sum that may fall is no counter.
  const bool has_sum = family_.definition().buckets.front() >= 0;
  const auto count = static_cast<double>(cumulative);
  if (has_sum) {
    AppendSumAndCount(out, body, family_.value(row), count);
  } else if (style_.format == Format::kText) {
    count_.Append(out, body, "", count);
  }
}

// OpenMetrics takes no negative or absent sum, and in a histogram no count without a sum; a summary
// may have any of them.
void FamilyWriter::AppendSumAndCount(std::string& out, std::string_view body, double sum,
                                     double count) const {
  const bool is_sum = style_.format == Format::kText || sum >= 0;
  if (is_sum) {
    sum_.Append(out, body, "", sum);
  }
  if (is_sum || family_.definition().type == MetricType::kSummary) {
    count_.Append(out, body, "", count);
  }
}

void FamilyWriter::AppendSummary(std::string& out, MetricFamily::Row row, std::string_view body) {
  const auto& quantiles = family_.definition().quantiles;
  for (std::size_t i = 0; i < quantiles.size(); ++i) {
    const double value = family_.Quantile(row, quantiles[i].first, now_);
    if (style_.format == Format::kText || !(value < 0)) {  // none below 0 in OpenMetrics
      main_.Append(out, body, extras_[i], value);
    }
  }
  AppendSumAndCount(out, body, family_.value(row), static_cast<double>(*family_.counts(row)));
}

void FamilyWriter::AppendExemplar(std::string& out, MetricFamily::Row row,
                                  std::size_t place) const {
  if (style_.format != Format::kOpenMetrics) {
    return;
  }
  const auto* const exemplar = family_.ExemplarOf(row, place);
  if (exemplar == nullptr) {
    return;
  }
  const std::string body = StyledBody(exemplar->body, style_.escaping);
  if (IsTooLong(body)) {
    return;
  }
  out.append(" # {").append(body).append("} ");
  AppendNumber(out, exemplar->value);
  if (exemplar->timestamp) {
    out += ' ';
    AppendTimestamp(out, *exemplar->timestamp);
  }
}

bool FamilyWriter::HasCreatedFamily() const {
  return has_created_ && style_.format == Format::kText && family_.series().size() > 0;
}

void FamilyWriter::AppendCreatedHead(std::string& out) const {
  const MetricDefinition& definition = family_.definition();
  exposition::AppendHead(out, style_,
                         {definition.name + "_created", FamilyType::kGauge, definition.help, ""});
}

void FamilyWriter::AppendCreated(std::string& out, MetricFamily::Row row) {
  created_.Append(out, BodyOf(row), "", UnixSeconds(family_.created(row)));
}

}  // namespace promtally::exposition
