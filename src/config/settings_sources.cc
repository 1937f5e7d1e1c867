// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>
#include <utility>

#include "config/http_reader.h"
#include "config/named_files.h"
#include "config/settings_reader.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMostConcurrency = 64;
constexpr std::int64_t kMostSamples = 1'000'000'000;

void ReadType(ValueReader& reader, const Node& value, SourceSettings& source) {
  const std::optional<std::string> type = reader.Text(value);
  if (!type) {
    return;
  }
  if (*type == "json_api") {
    reader.Wrong(value, "has the type " + Quoted(*type) + ", which this version does not support",
                 "allowed: prometheus, grafana");
  } else if (const auto allowed = reader.OneOf(value, {"prometheus", "grafana"})) {
    source.type = *allowed;
  }
}

void ReadTimeout(ValueReader& reader, const Node& value, SourceSettings& source) {
  const auto timeout = reader.Duration(value);
  if (timeout && timeout->count() == 0) {
    reader.Wrong(value, "must be more than 0s");
  } else {
    source.timeout = timeout.value_or(source.timeout);
  }
}

void ReadGrafanaApi(ValueReader& reader, const Node& value, SourceSettings& source) {
  if (const auto word = reader.OneOf(value, {"auto", "proxy", "ds_query"})) {
    source.grafana_api = *word == "proxy"      ? GrafanaApi::kProxy
                         : *word == "ds_query" ? GrafanaApi::kDsQuery
                                               : GrafanaApi::kAuto;
  }
}

/// A data source belongs to Grafana, and Grafana needs one.
void CheckGrafana(const Node& map, const SourceSettings& source, Problems& problems) {
  const bool grafana = source.type == "grafana";
  if (grafana && Find(map, "datasource_uid") == nullptr) {
    problems.Error(map.place, "the source has no \"datasource_uid\", which grafana needs",
                   "Grafana shows it in the address of the data source");
  }
  for (const std::string_view key : {"datasource_uid", "grafana_api"}) {
    const Node* const node = FindKey(map, key);
    if (!grafana && node != nullptr) {
      problems.Error(node->place,
                     "\"" + std::string(key) + "\" means nothing to the type " + source.type);
    }
  }
}

constexpr std::array kDialects{DialectName::kAuto,        DialectName::kPrometheus2,
                               DialectName::kPrometheus3, DialectName::kThanos,
                               DialectName::kMimir,       DialectName::kVictoriaMetrics};

void ReadDialect(ValueReader& reader, const Node& value, SourceSettings& source) {
  std::vector<std::string_view> words;
  words.reserve(kDialects.size());
  for (const DialectName dialect : kDialects) {
    words.push_back(ToText(dialect));
  }
  if (const auto word = reader.OneOf(value, words)) {
    const auto at = std::find(words.begin(), words.end(), *word);
    source.dialect = kDialects[static_cast<std::size_t>(at - words.begin())];
  }
}

void ReadRead(ValueReader& reader, const Node& value, SourceSettings& /*source*/) {
  if (const auto word = reader.OneOf(value, {"api", "remote_read"}); word == "remote_read") {
    reader.Wrong(value, "is remote_read, which this version does not support", "allowed: api");
  }
}

constexpr std::array<Field<SourceSettings>, 11> kSource{{
    {"name",
     [](ValueReader& reader, const Node& value, SourceSettings& source) {
       source.name = reader.NonEmptyText(value).value_or(source.name);
     }},
    {"type", ReadType},
    {"url", [](ValueReader& reader, const Node& value,
               SourceSettings& source) { source.url = ReadUrl(reader, value).value_or(""); }},
    {"datasource_uid",
     [](ValueReader& reader, const Node& value, SourceSettings& source) {
       source.datasource_uid = reader.NonEmptyText(value).value_or("");
     }},
    {"grafana_api", ReadGrafanaApi},
    {"timeout", ReadTimeout},
    {"concurrency",
     [](ValueReader& reader, const Node& value, SourceSettings& source) {
       source.concurrency = static_cast<int>(
           reader.Integer(value, 1, kMostConcurrency).value_or(source.concurrency));
     }},
    {"limits", [](ValueReader& reader, const Node& value,
                  SourceSettings& source) { ReadSourceLimits(reader, value, source.limits); }},
    {"dialect", ReadDialect},
    {"read", ReadRead},
    {"max_samples",
     [](ValueReader& reader, const Node& value, SourceSettings& source) {
       source.max_samples = reader.Integer(value, 10, kMostSamples).value_or(source.max_samples);
     }},
}};

}  // namespace

void ReadSources(ValueReader& reader, const Node& value, Settings& settings) {
  if (!reader.IsList(value, "sources")) {
    return;
  }
  std::unordered_set<std::string> names;
  for (const Node* const item : value.items) {
    if (!reader.IsMap(*item)) {
      continue;
    }
    SourceSettings source;
    reader.ReadMap<SourceSettings>(*item, "sources[]",
                                   {kSource, HttpFields<SourceSettings>::kTable}, source);
    CheckHttpClient(*item, reader.problems());
    CheckGrafana(*item, source, reader.problems());
    if (Find(*item, "url") == nullptr) {
      reader.problems().Error(item->place, "the source has no \"url\"",
                              "such as url: http://localhost:9090");
    }
    if (!names.insert(source.name).second) {
      const Node* const name = Find(*item, "name");
      reader.problems().Error(name == nullptr ? item->place : name->place,
                              "two sources have the name " + Quoted(source.name),
                              "give each source a \"name\" of its own");
    }
    settings.sources.push_back(std::move(source));
  }
}

std::string_view ToText(DialectName dialect) {
  switch (dialect) {
    case DialectName::kAuto:
      return "auto";
    case DialectName::kPrometheus2:
      return "prometheus2";
    case DialectName::kPrometheus3:
      return "prometheus3";
    case DialectName::kThanos:
      return "thanos";
    case DialectName::kMimir:
      return "mimir";
    case DialectName::kVictoriaMetrics:
      return "victoriametrics";
  }
  return "";
}

HttpClientFile ReadHttpClientFile(std::string_view bytes, std::string_view file) {
  const std::string_view text = WithoutByteOrderMark(bytes);
  Problems problems(text, file);
  const YamlDocument document = ReadYaml(text, Aliases::kRefused, problems);
  ValueReader reader(problems, ScalarRules::kCore, nullptr);
  HttpClientFile result;
  if (document.root != nullptr && reader.IsMap(*document.root)) {
    reader.ReadMap<HttpClientSettings>(*document.root, "", {HttpFields<HttpClientSettings>::kTable},
                                       result.settings);
    CheckHttpClient(*document.root, problems);
    if (!problems.HasErrors()) {
      result.files = FilesOf(*document.root, result.settings, problems);
    }
  }
  result.diagnostics = problems.Take();
  return result;
}

void AppendSourceKeys(std::vector<std::string>& keys) {
  AppendKeys<SourceSettings>("sources[].", kSource, keys);
  AppendKeys<SourceSettings>("sources[].", HttpFields<SourceSettings>::kTable, keys);
  AppendHttpKeys("sources[].", keys);
}

}  // namespace promtally::config
