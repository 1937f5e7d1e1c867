// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/models_reader.h"
#include "config/settings_reader.h"
#include "config/yaml_document.h"
#include "config/yaml_lines.h"
#include "config/yaml_scalar.h"
#include "promtally/config/settings.h"

namespace promtally::config {
namespace {

std::string List(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    text += (text.empty() ? "" : ", ") + DoubleQuoted(item);
  }
  return "[" + text + "]";
}

std::string LimitsText(const SourceLimits& limits) {
  return "{answer_bytes: " + std::to_string(limits.answer_bytes) +
         ", compression_ratio: " + std::to_string(limits.compression_ratio) + "}";
}

std::string LimitsText(const metering::SeriesLimits& limits) {
  return "{series: " + std::to_string(limits.series) +
         ", labels: " + std::to_string(limits.labels) +
         ", label_name_bytes: " + std::to_string(limits.label_name_bytes) +
         ", label_value_bytes: " + std::to_string(limits.label_value_bytes) + "}";
}

std::string SourceText(const SourceSettings& source) {
  Lines lines("    ", "  - ");
  lines.Text("name", source.name);
  lines.Text("type", source.type);
  lines.Text("url", WithoutPassword(source.url));
  if (source.type == "grafana") {
    lines.Text("datasource_uid", source.datasource_uid);
    lines.Raw("grafana_api", source.grafana_api == GrafanaApi::kProxy     ? "proxy"
                             : source.grafana_api == GrafanaApi::kDsQuery ? "ds_query"
                                                                          : "auto");
  }
  lines.Duration("timeout", source.timeout);
  lines.Raw("concurrency", std::to_string(source.concurrency));
  lines.Raw("limits", LimitsText(source.limits));
  lines.Raw("dialect", ToText(source.dialect));
  lines.Raw("read", "api");
  lines.Raw("max_samples", std::to_string(source.max_samples));
  return lines.text() + HttpText(source.http, "    ");
}

std::string NumberText(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  text.erase(text.find_last_not_of('.') + 1);
  return text;
}

std::string JobText(const JobSettings& job) {
  Lines lines("    ", "  - ");
  lines.Text("job", job.job);
  lines.Text("source", job.source);
  lines.Text("metrics_file", job.metrics_file);
  lines.Duration("period", base::Milliseconds(job.schedule.period));
  lines.Raw("wait_periods", std::to_string(job.schedule.wait_periods));
  lines.Duration("settle", job.schedule.settle);
  if (job.scope_key) {
    lines.Text("scope_key", *job.scope_key);
    lines.Raw("scopes", "{include: " + List(job.include_scopes) +
                            ", exclude: " + List(job.exclude_scopes) + "}");
  }
  if (job.start) {
    lines.Raw("start", base::ToText(*job.start));
  }
  lines.Raw("rounding", job.rounding == metering::RoundingMode::kExact ? "exact" : "cloudkitty");
  lines.Raw("on_bad_series", job.on_bad_series == OnBadSeries::kHold ? "hold" : "reject");
  lines.Duration("empty_after", job.empty_after);
  lines.Raw("min_coverage", NumberText(job.min_coverage));
  lines.Raw("limits", LimitsText(job.limits));
  lines.Raw("evaluation", metering::ToText(job.evaluation));
  lines.Raw("window_edges",
            job.window_edges == WindowEdges::kHalfOpen ? "half_open" : "as_written");
  if (job.audit) {
    lines.Duration("audit", *job.audit);
  }
  lines.Duration("checkpoint_retention", job.checkpoint_retention);
  return lines.text();
}

std::string_view AuthenticationText(Authentication authentication) {
  switch (authentication) {
    case Authentication::kAuto:
      return "auto";
    case Authentication::kRequired:
      return "required";
    case Authentication::kNone:
      break;
  }
  return "none";
}

std::string UmaText(const UmaSettings& uma) {
  Lines lines("      ");
  lines.Bool("enabled", uma.enabled);
  lines.IfText("audience", uma.audience);
  lines.Duration("cache", uma.cache);
  Lines require("        ");
  for (std::size_t group = 0; group < uma.require.size(); ++group) {
    if (uma.require[group]) {
      require.Text(kAccessGroupNames[group],
                   uma.require[group]->resource + "#" + uma.require[group]->scope);
    }
  }
  return lines.text() + Nested("require", require, "      ");
}

std::string OidcText(const OidcSettings& oidc) {
  Lines lines("    ");
  lines.Text("issuer", oidc.issuer);
  lines.IfText("jwks_url", oidc.jwks_url);
  lines.Text("audience", oidc.audience);
  lines.Raw("algorithms", List(oidc.algorithms));
  lines.Duration("leeway", oidc.leeway);
  lines.Duration("jwks_max_age", oidc.jwks_max_age);
  lines.Duration("jwks_min_refresh", oidc.jwks_min_refresh);
  lines.IfText("ca_file", oidc.ca_file);
  lines.Text("roles_claim", oidc.roles_claim);
  lines.Text("scopes_claim", oidc.scopes_claim);
  return "  oidc:\n" + lines.text() + "    uma:\n" + UmaText(oidc.uma);
}

std::string AccessText(const AccessSettings& access) {
  Lines lines("    ");
  std::vector<std::string> open;
  for (std::size_t group = 0; group < access.open.size(); ++group) {
    if (access.open[group]) {
      open.emplace_back(kAccessGroupNames[group]);
    }
  }
  lines.Raw("public", List(open));
  for (std::size_t group = 0; group < access.grants.size(); ++group) {
    if (!access.grants[group]) {
      continue;
    }
    std::vector<std::string> grants;
    for (const Grant& grant : *access.grants[group]) {
      grants.push_back((grant.kind == Grant::Kind::kRole ? "role:" : "scope:") + grant.name);
    }
    lines.Raw(kAccessGroupNames[group], List(grants));
  }
  return "  access:\n" + lines.text();
}

std::string WebLimitsText(const WebLimits& limits) {
  Lines lines("    ");
  lines.Number("connections", limits.connections);
  lines.Number("connections_per_address", limits.connections_per_address);
  lines.Number("scrapes", limits.scrapes);
  lines.Duration("header_timeout", limits.header_timeout);
  lines.Duration("body_timeout", limits.body_timeout);
  lines.Duration("idle_timeout", limits.idle_timeout);
  lines.Duration("write_timeout", limits.write_timeout);
  lines.Number("header_bytes", limits.header_bytes);
  lines.Number("headers", limits.headers);
  lines.Number("url_bytes", limits.url_bytes);
  lines.Number("body_bytes", limits.body_bytes);
  lines.Number("import_bytes", limits.import_bytes);
  lines.Number("json_depth", limits.json_depth);
  return "  limits:\n" + lines.text();
}

/// `{"a": "x"}`
std::string FlowMap(const base::LabelSet& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += (text.empty() ? "" : ", ") + DoubleQuoted(name) + ": " + DoubleQuoted(value);
  }
  return "{" + text + "}";
}

std::string SelfMetricsText(const SelfMetricsSettings& settings) {
  Lines lines("    ");
  lines.Raw("group_by", settings.by_route ? "route" : "none");
  if (!settings.buckets.empty()) {
    std::string bounds;
    for (const double bound : settings.buckets) {
      bounds += (bounds.empty() ? "" : ", ") + fmt::format("{}", bound);
    }
    lines.Raw("buckets", "[" + bounds + "]");
  }
  lines.Raw("exclude", List(settings.exclude));
  lines.Raw("labels", FlowMap(settings.labels));
  lines.Bool("flask_names", settings.flask_names);
  return "  self_metrics:\n" + lines.text();
}

std::string HttpMetricsText(const HttpMetricsSettings& settings) {
  Lines lines("  ");
  lines.Duration("sync", settings.sync);
  lines.Number("max_series", settings.max_series);
  lines.Number("max_series_per_metric", settings.max_series_per_metric);
  lines.Number("max_labels", settings.max_labels);
  lines.Number("name_bytes", settings.name_bytes);
  lines.Number("label_value_bytes", settings.label_value_bytes);
  lines.Number("help_bytes", settings.help_bytes);
  lines.Bool("created_series", settings.created_series);
  return Nested("http_metrics", lines, "");
}

/// `web:` behind the address: who may use it. Secrets are none of these.
std::string GuardText(const WebSettings& web) {
  Lines lines("  ");
  lines.IfText("config_file", web.config_file);
  lines.Raw("authentication", AuthenticationText(web.authentication));
  return lines.text() + (web.oidc ? OidcText(*web.oidc) : std::string()) + AccessText(web.access);
}

std::string_view LevelText(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      break;
  }
  return "error";
}

}  // namespace

std::string ToYaml(const JobSettings& job) { return "collect:\n" + JobText(job); }

base::Result<JobSettings> JobFromYaml(std::string_view text) {
  Problems problems(text, "job");
  const YamlDocument document = ReadYaml(text, Aliases::kRefused, problems);
  ValueReader reader(problems, ScalarRules::kCore, nullptr);
  Settings settings;
  const Node* const list = document.root == nullptr ? nullptr : Find(*document.root, "collect");
  if (list != nullptr) {
    ReadJobs(reader, *list, settings);
  }
  if (problems.HasErrors() || settings.jobs.size() != 1) {
    const base::Diagnostics found = problems.Take();
    return base::Fail(base::ErrorCode::kParse,
                      "the settings of a job cannot be read" +
                          (found.empty() ? std::string() : ": " + found.front().message));
  }
  return std::move(settings.jobs.front());
}

std::string ToYaml(const Settings& settings) {
  std::string text;
  if (!settings.sources.empty()) {
    text += "sources:\n";
  }
  for (const SourceSettings& source : settings.sources) {
    text += SourceText(source);
  }
  if (!settings.jobs.empty()) {
    text += "collect:\n";
  }
  for (const JobSettings& job : settings.jobs) {
    text += JobText(job);
  }
  Lines ledger("  ");
  ledger.Text("type", settings.ledger.type);
  ledger.Text("path", settings.ledger.path);
  Lines web("  ");
  web.Raw("listen", List(settings.web.listen));
  web.Text("telemetry_path", settings.web.telemetry_path);
  Lines exported("  ");
  exported.Text("prefix", settings.export_settings.prefix);
  exported.Raw("max_series", std::to_string(settings.export_settings.max_series));
  Lines infos("    ");
  for (const StaticInfo& info : settings.export_settings.info) {
    infos.Raw(info.name, FlowMap(info.labels));
  }
  Lines log("  ");
  log.Raw("level", LevelText(settings.log.level));
  log.Raw("format", settings.log.format == LogFormat::kJson ? "json" : "logfmt");
  return text + Nested("ledger", ledger, "") + Nested("web", web, "") + GuardText(settings.web) +
         WebLimitsText(settings.web.limits) + SelfMetricsText(settings.web.self_metrics) +
         HttpMetricsText(settings.http_metrics) + ToYaml(settings.models) +
         Nested("export", exported, "") + Nested("info", infos, "  ") + Nested("log", log, "");
}

}  // namespace promtally::config
