// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "cli/exit_status.h"
#include "cli/model_remote.h"
#include "cli/model_target.h"
#include "inference/xgboost_document.h"
#include "inference/xgboost_model.h"
#include "ledger/durable_file.h"
#include "promtally/base/sha256.h"

namespace promtally::cli {

namespace {

using inference::Json;

/// A name for a new version: no version is given by hand.
OrExit<std::string> NewName(const std::string& text) {
  if (!inference::IsModelName(text)) {
    return tl::unexpected(PrintError(
        fmt::format("\"{}\" is no name of a model: letters, digits, _, - and ., no dot first",
                    text),
        kWrongUsage));
  }
  return text;
}

Json ListLine(const inference::ModelRecord& record) {
  const Json summary = inference::SummaryJson(record);
  return {{"name", record.name},           {"version", record.version},
          {"type", record.type},           {"created", base::ToText(record.created)},
          {"metrics", summary["metrics"]}, {"baseline", summary["baseline"]}};
}

/// A model on another server, as it is configured: nobody is asked.
Json RemoteLine(const config::RemoteModelSettings& model) {
  return {{"name", model.name},
          {"version", model.version.empty() ? Json(nullptr) : Json(model.version)},
          {"type", std::string(config::ToText(model.type))},
          {"created", nullptr},
          {"metrics", nullptr},
          {"baseline", nullptr}};
}

/// A line of the list as a row that fits on a screen: of the errors the one that baselines are
/// compared by.
Json ListRow(const Json& line) {
  const auto number = [](const Json& value) {
    return value.is_number() ? Json(fmt::format("{:.6g}", value.get<double>())) : Json("");
  };
  Json row = line;
  const Json metrics = line.value("metrics", Json());
  const Json baseline = line.value("baseline", Json());
  if (metrics.is_object()) {
    row["mae"] = number(metrics.value("mae", Json()));
  }
  if (baseline.is_object()) {
    row["baseline"] = baseline.value("name", "");
    row["baseline_mae"] = number(baseline.value("metrics", Json::object()).value("mae", Json()));
    row["beaten"] = baseline.value("beaten", false) ? "yes" : "no";
  } else {
    row["baseline"] = "";
  }
  return row;
}

Json ShowLine(const inference::ModelRecord& record) {
  Json line{{"name", record.name},
            {"version", record.version},
            {"type", record.type},
            {"created", base::ToText(record.created)},
            {"parameters", record.parameters},
            {"feature_names", record.features},
            {"training_digest", record.training_digest},
            {"payload_bytes", record.payload.size()},
            {"payload_digest", base::ToHex(base::Sha256(record.payload))}};
  line.update(inference::SummaryJson(record));
  return line;
}

/// What is written for other programs: XGBoost's own format, else the payload.
base::Result<std::string> ExportBytes(const inference::ModelRecord& record,
                                      const std::string& file) {
  if (record.type != "xgboost") {
    return record.payload;
  }
  auto document = inference::ReadStoredDocument(record);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return file.ends_with(".ubj") ? inference::WriteXgboostUbj(*document)
                                : inference::WriteXgboostJson(*document);
}

}  // namespace

int RunModelsImport(const ModelFileOptions& options) {
  const auto name = NewName(options.name);
  if (!name) {
    return name.error();
  }
  const auto store = OpenStore(options.where);
  if (!store) {
    return store.error();
  }
  const auto bytes = ledger::ReadSmallFile(options.file, inference::kMostXgboostBytes);
  if (!bytes) {
    return PrintError(bytes.error().message, kIncomplete);
  }
  const auto document = inference::ReadXgboostDocument(*bytes);
  if (!document) {
    std::cerr << Printable(options.file) << ": " << Printable(document.error().message) << '\n';
    return kIncomplete;
  }
  inference::ModelRecord record = inference::RecordOf(*document);
  record.name = *name;
  record.created = Now();
  record.parameters = {{"file_digest", base::ToHex(base::Sha256(*bytes))}};
  const auto version = store->Put(record);
  if (!version) {
    return PrintFailure(version.error());
  }
  Json line{{"name", record.name}, {"version", *version}, {"type", record.type}};
  line.update(record.details);
  PrintObject(line, options.where.format);
  return kDone;
}

int RunModelsExport(const ModelFileOptions& options) {
  const auto named = ReadNamed(options.where, options.name);
  if (!named) {
    return named.error();
  }
  const auto record = named->store.Get(named->reference);
  if (!record) {
    return PrintFailure(record.error());
  }
  const auto bytes = ExportBytes(*record, options.file);
  if (!bytes) {
    return PrintFailure(bytes.error());
  }
  const auto written = ledger::WriteDurably(options.file, *bytes, ledger::FolderOf(options.file));
  if (!written) {
    return PrintError(written.error().message, kIncomplete);
  }
  PrintObject({{"name", record->name},
               {"version", record->version},
               {"type", record->type},
               {"file", options.file},
               {"bytes", bytes->size()}},
              options.where.format);
  return kDone;
}

int RunModelsList(const ModelFileOptions& options) {
  const auto store = OpenStore(options.where);
  if (!store) {
    return store.error();
  }
  const auto listing = store->List();
  if (!listing) {
    return PrintFailure(listing.error());
  }
  std::vector<Json> lines;
  for (const inference::ModelRecord& record : listing->models) {
    lines.push_back(ListLine(record));
  }
  const auto remote = RemoteModelsOf(options.where);
  if (!remote) {
    return remote.error();
  }
  for (const config::RemoteModelSettings& model : *remote) {
    lines.push_back(RemoteLine(model));
  }
  if (options.where.format != Format::kJson) {
    std::transform(lines.begin(), lines.end(), lines.begin(), ListRow);
  }
  PrintObjects(lines,
               {"name", "version", "type", "created", "mae", "baseline", "baseline_mae", "beaten"},
               options.where.format);
  for (const std::string& problem : listing->problems) {
    PrintError(problem, kIncomplete);
  }
  return listing->problems.empty() ? kDone : kIncomplete;
}

int RunModelsShow(const ModelFileOptions& options) {
  const auto named = ReadNamed(options.where, options.name);
  if (!named) {
    return named.error();
  }
  const auto record = named->store.Get(named->reference);
  if (!record && record.error().code == base::ErrorCode::kNotFound) {
    const auto remote = FindRemoteModel(options.where, options.name);
    if (!remote) {
      return remote.error();
    }
    if (*remote) {
      return ShowRemote(**remote, options);
    }
  }
  if (!record) {
    return PrintFailure(record.error());
  }
  PrintObject(ShowLine(*record), options.where.format);
  return kDone;
}

int RunModelsRemove(const ModelFileOptions& options) {
  const auto named = ReadNamed(options.where, options.name);
  if (!named) {
    return named.error();
  }
  using Removal = inference::ModelStore::Removal;
  const bool is_whole_name = options.name.find(':') == std::string::npos;
  const auto removed = named->store.Remove(named->reference,
                                           is_whole_name ? Removal::kWholeName : Removal::kVersion);
  if (!removed) {
    return PrintFailure(removed.error());
  }
  PrintObject({{"name", named->reference.name}, {"removed", *removed}}, options.where.format);
  return kDone;
}

}  // namespace promtally::cli
