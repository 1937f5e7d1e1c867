// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/table.h"

namespace promtally::cli {

/// What was typed, as it was typed; empty text and lists: not given.

struct CheckOptions {
  std::vector<std::string> files;
  bool strict = false;
};

struct TestOptions {
  std::vector<std::string> files;
  Format format = Format::kTable;
};

struct RangeOptions {
  std::string begin;
  std::string end;
};

struct QueryOptions {
  std::string metrics_file;
  std::vector<std::string> metrics;
  std::string scope_key;
  std::vector<std::string> scopes;
  bool per_scope = false;
  RangeOptions range;
  std::string period;
  std::string rounding;
  std::string evaluation;
  bool execute = false;
  bool curl = false;
  std::string url;
  std::string http_config_file;
  std::string config_file;
  std::string source;
  Format format = Format::kTable;
};

struct DiffOptions {
  std::string old_file;
  std::string new_file;
  std::string url;
  std::string http_config_file;
  std::string config_file;
  std::string source;
  std::string scope_key;
  RangeOptions range;
  std::string period;
  Format format = Format::kTable;
};

struct PromqlOptions {
  Format format = Format::kTable;
};

struct CollectOptions {
  std::string config_file;
  std::string ledger;
  RangeOptions range;
  bool dry_run = false;
  bool retry_failed = false;
  bool accept_identity_change = false;
  Format format = Format::kTable;
};

struct ServeOptions {
  std::string config_file;
  std::string ledger;
  std::vector<std::string> listen_addresses;
  std::string telemetry_path;
  std::string web_config_file;
  std::string log_level;
  std::string log_format;
  bool accept_identity_change = false;
  bool enable_lifecycle = false;
  bool systemd_socket = false;
  bool disable_exporter_metrics = false;
  std::optional<std::size_t> max_requests;  ///< absent: as in the file
  std::string external_url;
  std::string route_prefix;
  bool check_only = false;
};

/// Which ledger a report reads: a file, or the one of a configuration.
struct LedgerOptions {
  std::string config_file;
  std::string ledger;
};

struct UsageOptions {
  LedgerOptions where;
  RangeOptions range;
  std::string by;
  bool records = false;
  std::string revision;
  bool evidence = false;
  Format format = Format::kTable;
};

struct ReportOptions {
  LedgerOptions where;
  Format format = Format::kTable;
};

struct AcceptOptions {
  std::string name;
  std::string job;
  RangeOptions range;
  LedgerOptions where;
};

struct ReconcileOptions {
  std::string name;
  std::string against;
  LedgerOptions where;
  std::string job;
  std::string url;
  std::string http_config_file;
  RangeOptions range;
  std::string month;
  std::string tolerance = "0.01%";
  std::string scope_key;
  std::string scope_column = "scope";
  std::string quantity_column = "quantity";
  Format format = Format::kTable;
};

struct HealthOptions {
  std::string url = "http://localhost:9899";
  std::string http_config_file;
};

/// `audit` and `recollect`.
struct RereadOptions {
  std::string config_file;
  std::string ledger;
  std::vector<std::string> metrics;
  RangeOptions range;
  std::string reason;
  bool dry_run = false;
  Format format = Format::kTable;
};

struct ExplainOptions {
  std::string name;
  std::string job;
  std::string scope;
  std::vector<std::string> labels;  ///< `k=v`
  std::string begin;
  std::string config_file;
  std::string ledger;
  Format format = Format::kTable;
};

struct LedgerFileOptions {
  LedgerOptions where;
  std::string file;
  bool replace = false;
};

}  // namespace promtally::cli
