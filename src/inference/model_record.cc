// SPDX-License-Identifier: Apache-2.0
#include "inference/model_record.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "promtally/base/sha256.h"

namespace promtally::inference {
namespace {

constexpr std::size_t kNameBytes = 128;
constexpr std::size_t kDigestDigits = 64;
constexpr std::string_view kMagic = "promtally-model 1 ";

std::string DigestText(std::string_view bytes) { return base::ToHex(base::Sha256(bytes)); }

base::Error Damaged(std::string_view what) {
  return {base::ErrorCode::kParse, "damaged model file: " + std::string(what)};
}

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double NumberOf(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

ErrorMetrics MetricsOf(const Json& json) {
  return {.mae = NumberOf(json.at("mae")),
          .rmse = NumberOf(json.at("rmse")),
          .mape = NumberOf(json.at("mape")),
          .smape = NumberOf(json.at("smape")),
          .r2 = NumberOf(json.at("r2"))};
}

Json MetricsJson(const std::optional<ErrorMetrics>& metrics) {
  return metrics ? ToJson(*metrics) : Json(nullptr);
}

Json MetadataJson(const ModelRecord& record) {
  return {{"name", record.name},
          {"version", record.version},
          {"type", record.type},
          {"created", base::ToText(record.created)},
          {"parameters", record.parameters},
          {"features", record.features},
          {"metrics", MetricsJson(record.metrics)},
          {"baseline", BaselineJson(record.baseline, record.metrics)},
          {"training_digest", record.training_digest},
          {"details", record.details}};
}

ModelRecord RecordOf(const Json& json) {
  ModelRecord record;
  record.name = json.at("name").get<std::string>();
  record.version = json.at("version").get<int>();
  record.type = json.at("type").get<std::string>();
  record.created = base::ParseInstant(json.at("created").get<std::string>()).value();
  record.parameters = json.at("parameters");
  record.features = json.at("features").get<std::vector<std::string>>();
  if (!json.at("metrics").is_null()) {
    record.metrics = MetricsOf(json.at("metrics"));
  }
  if (const Json& baseline = json.at("baseline"); !baseline.is_null()) {
    record.baseline = {baseline.at("name").get<std::string>(), MetricsOf(baseline.at("metrics"))};
  }
  record.training_digest = json.at("training_digest").get<std::string>();
  record.details = json.at("details");
  return record;
}

}  // namespace

bool IsModelName(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !text.empty() && text.size() <= kNameBytes && text.front() != '.' &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

base::Result<ModelReference> ParseModelReference(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (!IsModelName(name)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      fmt::format("\"{}\" is no name of a model: letters, digits, _, - and ., no "
                                  "dot first, at most {} bytes",
                                  name, kNameBytes));
  }
  ModelReference reference{std::string(name), std::nullopt};
  if (colon == std::string_view::npos || text.substr(colon + 1) == "latest") {
    return reference;
  }
  const std::string_view digits = text.substr(colon + 1);
  int version = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc() || stop != digits.data() + digits.size() || version < 1 ||
      digits.front() == '0') {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        fmt::format("\"{}\" is no version: a whole number from 1, or latest", digits));
  }
  reference.version = version;
  return reference;
}

std::string ToText(const ModelReference& reference) {
  return reference.name + ":" +
         (reference.version ? std::to_string(*reference.version) : std::string("latest"));
}

Json ToJson(const ErrorMetrics& metrics) {
  return {{"mae", NumberOrNull(metrics.mae)},
          {"rmse", NumberOrNull(metrics.rmse)},
          {"mape", NumberOrNull(metrics.mape)},
          {"smape", NumberOrNull(metrics.smape)},
          {"r2", NumberOrNull(metrics.r2)}};
}

Json BaselineJson(const std::optional<Baseline>& baseline,
                  const std::optional<ErrorMetrics>& metrics) {
  if (!baseline) {
    return nullptr;
  }
  const bool is_beaten = metrics && metrics->mae < baseline->metrics.mae;
  return {{"name", baseline->name}, {"metrics", ToJson(baseline->metrics)}, {"beaten", is_beaten}};
}

Json SummaryJson(const ModelRecord& record) {
  Json line{{"name", record.name},
            {"version", record.version},
            {"type", record.type},
            {"metrics", MetricsJson(record.metrics)},
            {"baseline", BaselineJson(record.baseline, record.metrics)}};
  line.update(record.details);
  return line;
}

std::string EncodeRecord(const ModelRecord& record) {
  const std::string metadata =
      MetadataJson(record).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string bytes(kMagic);
  bytes += DigestText(metadata) + " " + DigestText(record.payload) + "\n" + metadata + "\n";
  return bytes + record.payload;
}

base::Result<ModelRecord> DecodeRecord(std::string_view bytes) {
  constexpr std::size_t kHeaderBytes = kMagic.size() + 2 * kDigestDigits + 2;
  if (!bytes.starts_with(kMagic)) {
    return tl::unexpected(Damaged("it does not begin as one of this version does"));
  }
  if (bytes.size() < kHeaderBytes || bytes[kHeaderBytes - 1] != '\n' ||
      bytes[kMagic.size() + kDigestDigits] != ' ') {
    return tl::unexpected(Damaged("its first line is cut or changed"));
  }
  const std::string_view metadata_digest = bytes.substr(kMagic.size(), kDigestDigits);
  const std::string_view payload_digest =
      bytes.substr(kMagic.size() + kDigestDigits + 1, kDigestDigits);
  const std::size_t end = bytes.find('\n', kHeaderBytes);
  if (end == std::string_view::npos) {
    return tl::unexpected(Damaged("its description is cut"));
  }
  const std::string_view metadata = bytes.substr(kHeaderBytes, end - kHeaderBytes);
  if (DigestText(metadata) != metadata_digest) {
    return tl::unexpected(Damaged("its description differs from its checksum"));
  }
  try {
    ModelRecord record = RecordOf(Json::parse(metadata));
    record.payload = bytes.substr(end + 1);
    if (DigestText(record.payload) != payload_digest) {
      return tl::unexpected(Damaged("its content differs from its checksum"));
    }
    return record;
  } catch (const std::exception& error) {
    return tl::unexpected(Damaged(error.what()));
  }
}

}  // namespace promtally::inference
