// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/settings_reader.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

/// A whole number into a limit, which keeps its default where the value is wrong.
template <typename Number>
void ReadLimit(ValueReader& reader, const Node& value, std::int64_t least, std::int64_t most,
               Number& limit) {
  if (const auto number = reader.Integer(value, least, most)) {
    limit = static_cast<Number>(*number);
  }
}

constexpr std::array<Field<SourceLimits>, 2> kSourceLimits{{
    {"answer_bytes",
     [](ValueReader& reader, const Node& value, SourceLimits& limits) {
       ReadLimit(reader, value, 1024, 4096 * kMiB, limits.answer_bytes);
     }},
    {"compression_ratio",
     [](ValueReader& reader, const Node& value, SourceLimits& limits) {
       ReadLimit(reader, value, 1, 10'000, limits.compression_ratio);
     }},
}};

constexpr std::array<Field<metering::SeriesLimits>, 4> kSeriesLimits{{
    {"series",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, 100'000'000, limits.series);
     }},
    {"labels",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, 1024, limits.labels);
     }},
    {"label_name_bytes",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, kMiB, limits.label_name_bytes);
     }},
    {"label_value_bytes",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, kMiB, limits.label_value_bytes);
     }},
}};

}  // namespace

void ReadSourceLimits(ValueReader& reader, const Node& value, SourceLimits& limits) {
  if (reader.IsMap(value)) {
    reader.ReadMap<SourceLimits>(value, "sources[].limits", {kSourceLimits}, limits);
  }
}

void ReadSeriesLimits(ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
  if (reader.IsMap(value)) {
    reader.ReadMap<metering::SeriesLimits>(value, "collect[].limits", {kSeriesLimits}, limits);
  }
}

void AppendLimitKeys(std::vector<std::string>& keys) {
  AppendKeys<SourceLimits>("sources[].limits.", kSourceLimits, keys);
  AppendKeys<metering::SeriesLimits>("collect[].limits.", kSeriesLimits, keys);
}

}  // namespace promtally::config
