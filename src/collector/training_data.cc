// SPDX-License-Identifier: Apache-2.0
#include "collector/training_data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>

#include "inference/csv_file.h"
#include "inference/model_record.h"
#include "inference/remote_rows.h"
#include "ledger/durable_file.h"
#include "promtally/base/one_line.h"

namespace promtally::collector {
namespace {

constexpr std::size_t kFileBytes = 256U << 20U;
constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

std::string PathOf(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / (name + ".csv")).string();
}

/// A field that may hold any text.
std::string Field(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) {
    field += c == '"' ? "\"\"" : std::string(1, c);
  }
  return field + "\"";
}

}  // namespace

bool HasDataset(const std::string& folder, const std::string& name) {
  std::error_code error;
  return inference::IsModelName(name) && std::filesystem::exists(PathOf(folder, name), error);
}

base::Result<TrainingData> ReadDataset(const std::string& folder, const std::string& name) {
  const std::string path = PathOf(folder, name);
  const base::Result<std::string> text = ledger::ReadSmallFile(path, kFileBytes);
  if (!text) {
    return tl::unexpected(text.error());
  }
  const auto file = inference::CsvFile::Parse(*text, path);
  if (!file) {
    return tl::unexpected(file.error());
  }
  TrainingData data;
  for (std::size_t i = 0; i < file->columns().size(); ++i) {
    if (file->columns()[i] == "time") {
      continue;
    }
    auto series = file->Series(i);
    if (!series) {
      return tl::unexpected(series.error());
    }
    data.names.push_back(file->columns()[i]);
    data.series.push_back(*std::move(series));
  }
  if (data.series.empty() || data.series.front().empty()) {
    return base::Fail(base::ErrorCode::kInvalidArgument, path + ": there are no samples");
  }
  return data;
}

base::Status WriteDataset(const std::string& folder, const std::string& name,
                          const TrainingData& data) {
  if (!inference::IsModelName(name)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "\"" + base::OneLine(name) +
                          "\" is no name for a dataset: letters, digits, _, - and ., no dot first");
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string text = "time";
  for (const std::string& column : data.names) {
    text += "," + Field(column);
  }
  text += '\n';
  for (std::size_t row = 0; row < data.times.size(); ++row) {
    text += std::to_string(data.times[row]);
    for (const std::vector<double>& series : data.series) {
      text += ',';
      if (!std::isnan(series[row])) {
        inference::AppendNumber(text, series[row]);
      }
    }
    text += '\n';
  }
  return ledger::WriteDurably(PathOf(folder, name), text, folder);
}

base::Result<TrainingData> JoinSeries(const std::vector<std::string>& queries,
                                      const std::vector<std::vector<source::RangeSeries>>& answers,
                                      base::Milliseconds step) {
  base::Instant begin{};
  base::Instant end{};
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::string query = "telemetry metric \"" + base::OneLine(queries[i]) + "\"";
    if (answers[i].size() > 1) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        query + " has " + std::to_string(answers[i].size()) +
                            " series, and a model learns from one: aggregate them, as in sum(…)");
    }
    if (answers[i].empty() || answers[i].front().samples.empty()) {
      return base::Fail(base::ErrorCode::kNotFound, query + " has no samples");
    }
    begin = std::max(begin, answers[i].front().samples.front().first);
    end = std::max(end, answers[i].front().samples.back().first);
  }
  if (queries.empty() || begin > end) {
    return base::Fail(base::ErrorCode::kInvalidArgument, "the series have no time in common");
  }
  TrainingData data;
  const auto length = static_cast<std::size_t>((end - begin + step / 2) / step) + 1;
  for (std::size_t row = 0; row < length; ++row) {
    data.times.push_back(base::ToUnixSeconds(begin + step * static_cast<std::int64_t>(row)));
  }
  for (std::size_t i = 0; i < queries.size(); ++i) {
    std::vector<double> values(length, kGap);
    for (const auto& [time, value] : answers[i].front().samples) {
      const auto place = (time - begin + step / 2) / step;
      if (time - begin + step / 2 >= base::Milliseconds(0) &&
          place < static_cast<std::int64_t>(length)) {
        values[static_cast<std::size_t>(place)] = value;
      }
    }
    data.names.push_back(queries[i]);
    data.series.push_back(std::move(values));
  }
  return data;
}

}  // namespace promtally::collector
