// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/value_reader.h"
#include "promtally/config/settings.h"

namespace promtally::config {

/// `sources:`, with the checks of each source and of their names.
void ReadSources(ValueReader& reader, const Node& value, Settings& settings);
/// `collect:`, with the checks of each job and of their names.
void ReadJobs(ValueReader& reader, const Node& value, Settings& settings);
/// Each job has a source that exists; fills in the only one. After both lists have been read.
void ResolveSources(const Node& root, Settings& settings, Problems& problems);

/// `limits:` of a source and of a job.
void ReadSourceLimits(ValueReader& reader, const Node& value, SourceLimits& limits);
void ReadSeriesLimits(ValueReader& reader, const Node& value, metering::SeriesLimits& limits);

/// `limits:` of `web:`, and `http_metrics:`.
void ReadWebLimits(ValueReader& reader, const Node& value, WebSettings& web);
void ReadHttpMetrics(ValueReader& reader, const Node& value, Settings& settings);

/// Who may use `serve`: keys of `web:`.
void ReadConfigFile(ValueReader& reader, const Node& value, WebSettings& web);
void ReadAuthentication(ValueReader& reader, const Node& value, WebSettings& web);
void ReadOidc(ValueReader& reader, const Node& value, WebSettings& web);
void ReadAccess(ValueReader& reader, const Node& value, WebSettings& web);

/// `self_metrics:` of `web:`, and `info:` of `export:`.
void ReadSelfMetrics(ValueReader& reader, const Node& value, WebSettings& web);
void ReadStaticInfo(ValueReader& reader, const Node& value, ExportSettings& settings);

void AppendSelfMetricsKeys(std::vector<std::string>& keys);
void AppendAccessKeys(std::vector<std::string>& keys);
void AppendSourceKeys(std::vector<std::string>& keys);
void AppendJobKeys(std::vector<std::string>& keys);
void AppendLimitKeys(std::vector<std::string>& keys);

}  // namespace promtally::config
