// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "config/address.h"
#include "config/models_reader.h"
#include "config/named_files.h"
#include "config/settings_reader.h"
#include "config/value_reader.h"
#include "config/yaml_document.h"
#include "promtally/base/labels.h"
#include "promtally/config/settings.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMostExportedSeries = 100'000'000;

// A section of the file: a map that is read by one table.
template <typename Target>
void ReadSection(ValueReader& reader, const Node& value, std::string_view where,
                 Fields<Target> table, Target& target) {
  if (reader.IsMap(value)) {
    reader.ReadMap<Target>(value, where, {table}, target);
  }
}

void ReadLedgerType(ValueReader& reader, const Node& value, LedgerSettings& ledger) {
  const std::optional<std::string> type = reader.Text(value);
  if (type == "postgres") {
    reader.Wrong(value, "has the type \"postgres\", which this version does not support",
                 "allowed: sqlite");
  } else if (type) {
    ledger.type = reader.OneOf(value, {"sqlite"}).value_or(ledger.type);
  }
}

constexpr std::array<Field<LedgerSettings>, 2> kLedger{{
    {"type", ReadLedgerType},
    {"path",
     [](ValueReader& reader, const Node& value, LedgerSettings& ledger) {
       ledger.path = reader.NonEmptyText(value).value_or(ledger.path);
     }},
}};

void ReadListen(ValueReader& reader, const Node& value, WebSettings& web) {
  const bool list = value.kind == NodeKind::kSequence;
  if (list && value.items.empty()) {
    reader.Wrong(value, "must name at least one address", "such as localhost:9899");
    return;
  }
  std::vector<std::string> addresses;
  for (const Node* const item : list ? value.items : std::vector<const Node*>{&value}) {
    const auto address = reader.AnyScalar(*item, "an address such as localhost:9899");
    if (address && !IsListenAddress(address->text)) {
      reader.Wrong(*item, "must be host:port, which " + Quoted(address->text) + " is not",
                   "such as localhost:9899, 0.0.0.0:9899 or '[::1]:9899'");
    } else if (address) {
      addresses.push_back(address->text);
    }
  }
  if (!addresses.empty()) {
    web.listen = std::move(addresses);
  }
}

void ReadTelemetryPath(ValueReader& reader, const Node& value, WebSettings& web) {
  const std::optional<std::string> path = reader.NonEmptyText(value);
  if (path && !MayBeTelemetryPath(*path)) {
    reader.Wrong(value,
                 "must be a path that starts with /, without ?, #, braces and blanks, and is no "
                 "other route",
                 "such as /metrics");
  } else if (path) {
    web.telemetry_path = *path;
  }
}

constexpr std::array<Field<WebSettings>, 9> kWeb{{
    {"listen", ReadListen},
    {"telemetry_path", ReadTelemetryPath},
    {"config_file", ReadConfigFile},
    {"authentication", ReadAuthentication},
    {"oidc", ReadOidc},
    {"access", ReadAccess},
    {"limits", ReadWebLimits},
    {"self_metrics", ReadSelfMetrics},
    {"external_url"},
}};

void ReadPrefix(ValueReader& reader, const Node& value, ExportSettings& settings) {
  const std::optional<std::string> prefix = reader.NonEmptyText(value);
  if (prefix && !base::IsMetricName(*prefix)) {
    reader.Wrong(value, "must be the beginning of a metric name",
                 "letters, digits, _ and :, not a digit first");
  } else if (prefix) {
    settings.prefix = *prefix;
  }
}

constexpr std::array<Field<ExportSettings>, 3> kExport{{
    {"prefix", ReadPrefix},
    {"max_series",
     [](ValueReader& reader, const Node& value, ExportSettings& settings) {
       if (const auto most = reader.Integer(value, 1, kMostExportedSeries)) {
         settings.max_series = static_cast<std::size_t>(*most);
       }
     }},
    {"info", ReadStaticInfo},
}};

void ReadLevel(ValueReader& reader, const Node& value, LogSettings& log) {
  static const std::vector<std::string_view> kWords{"debug", "info", "warn", "error"};
  constexpr std::array kLevels{LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn,
                               LogLevel::kError};
  if (const auto word = reader.OneOf(value, kWords)) {
    const auto at = std::find(kWords.begin(), kWords.end(), *word);
    log.level = kLevels[static_cast<std::size_t>(at - kWords.begin())];
  }
}

void ReadFormat(ValueReader& reader, const Node& value, LogSettings& log) {
  if (const auto word = reader.OneOf(value, {"logfmt", "json"})) {
    log.format = *word == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
  }
}

constexpr std::array<Field<LogSettings>, 2> kLog{{{"level", ReadLevel}, {"format", ReadFormat}}};

constexpr std::array<Field<Settings>, 8> kTopLevel{{
    {"sources", ReadSources},
    {"collect", ReadJobs},
    {"ledger",
     [](ValueReader& reader, const Node& value, Settings& settings) {
       ReadSection<LedgerSettings>(reader, value, "ledger", kLedger, settings.ledger);
     }},
    {"web",
     [](ValueReader& reader, const Node& value, Settings& settings) {
       ReadSection<WebSettings>(reader, value, "web", kWeb, settings.web);
     }},
    {"export",
     [](ValueReader& reader, const Node& value, Settings& settings) {
       ReadSection<ExportSettings>(reader, value, "export", kExport, settings.export_settings);
     }},
    {"log",
     [](ValueReader& reader, const Node& value, Settings& settings) {
       ReadSection<LogSettings>(reader, value, "log", kLog, settings.log);
     }},
    {"models", ReadModels},
    {"http_metrics", ReadHttpMetrics},
}};

bool IsTopLevelKey(std::string_view word) {
  return std::any_of(kTopLevel.begin(), kTopLevel.end(),
                     [word](const Field<Settings>& field) { return field.key == word; });
}

// For a file that is no YAML: does a line start with one of the keys?
bool HasTopLevelLine(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && IsTopLevelKey(line.substr(0, colon))) {
      return true;
    }
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
  }
  return false;
}

}  // namespace

SettingsFile ReadSettings(std::string_view bytes, std::string_view file,
                          const Environment& environment) {
  const std::string_view text = WithoutByteOrderMark(bytes);
  Problems problems(text, file);
  const YamlDocument document = ReadYaml(text, Aliases::kRefused, problems);
  ValueReader reader(problems, ScalarRules::kCore, &environment);
  SettingsFile result;
  if (document.root != nullptr && reader.IsMap(*document.root)) {
    reader.ReadMap<Settings>(*document.root, "", {kTopLevel}, result.settings);
    ResolveSources(*document.root, result.settings, problems);
    ResolveModelSource(*document.root, result.settings, problems);
    if (!problems.HasErrors()) {
      NameFiles(*document.root, problems, &result);
    }
  }
  result.diagnostics = problems.Take();
  return result;
}

bool MayBeTelemetryPath(std::string_view path) {
  constexpr std::array<std::string_view, 11> kOthers{"/",
                                                     "/docs",
                                                     "/openapi.json",
                                                     "/healthz",
                                                     "/create_metric",
                                                     "/unregister_metric",
                                                     "/create_model_metric",
                                                     "/stop_model_metrics",
                                                     "/train_model_metric",
                                                     "/show_models",
                                                     "/remove_model"};
  while (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path.starts_with('/') && path.find_first_of("?#{} \t") == std::string_view::npos &&
         !path.starts_with("/api/") && !path.starts_with("/-/") &&
         std::find(kOthers.begin(), kOthers.end(), path) == kOthers.end();
}

bool LooksLikeSettings(std::string_view bytes) {
  const std::string_view text = WithoutByteOrderMark(bytes);
  Problems problems(text, {});
  const YamlDocument document = ReadYaml(text, Aliases::kAllowed, problems);
  if (document.root == nullptr) {
    return HasTopLevelLine(text);
  }
  return std::any_of(document.root->entries.begin(), document.root->entries.end(),
                     [](const Entry& entry) { return IsTopLevelKey(entry.key->text); });
}

std::vector<std::string> SettingsKeys() {
  std::vector<std::string> keys;
  AppendKeys<Settings>("", kTopLevel, keys);
  AppendSourceKeys(keys);
  AppendJobKeys(keys);
  AppendModelsKeys(keys);
  AppendLimitKeys(keys);
  AppendKeys<LedgerSettings>("ledger.", kLedger, keys);
  AppendKeys<WebSettings>("web.", kWeb, keys);
  AppendAccessKeys(keys);
  AppendSelfMetricsKeys(keys);
  AppendKeys<ExportSettings>("export.", kExport, keys);
  AppendKeys<LogSettings>("log.", kLog, keys);
  return keys;
}

}  // namespace promtally::config
