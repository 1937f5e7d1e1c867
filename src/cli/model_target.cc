// SPDX-License-Identifier: Apache-2.0
#include "cli/model_target.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/exit_status.h"
#include "ledger/durable_file.h"

namespace promtally::cli {

namespace {

using inference::Json;

constexpr std::size_t kMostInputBytes = 4ULL << 30;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A cell: texts as they are, nothing for null.
std::string CellOf(const Json& value) {
  if (value.is_null()) {
    return "";
  }
  return value.is_string() ? value.get<std::string>() : Dump(value);
}

}  // namespace

OrExit<inference::ModelStore> OpenStore(const ModelStoreOptions& options) {
  if (options.config_file.empty()) {
    if (options.store.empty()) {
      return tl::unexpected(
          PrintError("say which models: --config FILE or --store DIR", kWrongUsage));
    }
    return inference::ModelStore(options.store);
  }
  auto text = ReadFile(options.config_file);
  if (!text) {
    return tl::unexpected(PrintError(text.error().message, kBadConfiguration));
  }
  // Metrics files say nothing of models; they may be missing here.
  const config::SettingsFile file =
      config::ReadSettings(*text, options.config_file, EnvironmentVariable);
  if (base::HasErrors(file.diagnostics)) {
    PrintDiagnostics(file.diagnostics);
    return tl::unexpected(kBadConfiguration);
  }
  const config::ModelsSettings& models = file.settings.models;
  return inference::ModelStore(
      options.store.empty() ? JoinPath(options.config_file, models.store) : options.store,
      models.max_models_count);
}

OrExit<NamedModel> ReadNamed(const ModelStoreOptions& where, const std::string& name) {
  auto reference = inference::ParseModelReference(name);
  if (!reference) {
    return tl::unexpected(PrintError(reference.error().message, kWrongUsage));
  }
  auto store = OpenStore(where);
  if (!store) {
    return tl::unexpected(store.error());
  }
  return NamedModel{*std::move(reference), *std::move(store)};
}

base::Result<std::string> ReadInput(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return base::Fail(base::ErrorCode::kUnavailable, path + ": is a folder, not a file");
  }
  return ledger::ReadSmallFile(path, kMostInputBytes);
}

int PrintFailure(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kInvalidArgument:
      return PrintError(error.message, kWrongUsage);
    case base::ErrorCode::kTimeout:
      return PrintError(error.message, kUnreachable);
    default:
      return PrintError(error.message, kIncomplete);
  }
}

void PrintObject(const Json& object, Format format) {
  if (format != Format::kTable) {
    std::vector<std::string> members;
    for (const auto& [member, value] : object.items()) {
      members.push_back(member);
    }
    return PrintObjects({object}, members, format);
  }
  Table table({{"member"}, {"value"}});
  for (const auto& [member, value] : object.items()) {
    table.Add({member, CellOf(value)});
  }
  table.Print(std::cout, format);
}

void PrintObjects(const std::vector<Json>& objects, const std::vector<std::string>& members,
                  Format format) {
  if (format == Format::kJson) {
    for (const Json& object : objects) {
      std::cout << Dump(object) << '\n';
    }
    return;
  }
  std::vector<Column> columns;
  for (const std::string& member : members) {
    const bool is_number =
        !objects.empty() && objects.front().contains(member) && objects.front()[member].is_number();
    columns.push_back({member, is_number});
  }
  Table table(columns);
  for (const Json& object : objects) {
    std::vector<std::string> cells;
    for (const std::string& member : members) {
      cells.push_back(object.contains(member) ? CellOf(object[member]) : "");
    }
    table.Add(std::move(cells));
  }
  table.Print(std::cout, format);
}

}  // namespace promtally::cli
