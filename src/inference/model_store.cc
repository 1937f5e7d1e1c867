// SPDX-License-Identifier: Apache-2.0
#include "inference/model_store.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <system_error>

#include "inference/store_folder.h"
#include "ledger/durable_file.h"

namespace promtally::inference {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFileBytes = 1ULL << 30;
constexpr std::size_t kMostCounterBytes = 32;
constexpr const char* kCounter = "/last_version";
// A reader that lost the newest version to a writer's pruning looks again.
constexpr int kReadTries = 5;

/// The last number given in a folder; 0 where no number was written down.
base::Result<int> LastGiven(const std::string& folder) {
  const auto text = ledger::ReadSmallFile(folder + kCounter, kMostCounterBytes);
  if (!text) {
    return text.error().code == base::ErrorCode::kNotFound
               ? base::Result<int>(0)
               : base::Result<int>(tl::unexpected(text.error()));
  }
  int version = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (error != std::errc() || version < 0 || std::string_view(stop) != "\n") {
    return base::Fail(base::ErrorCode::kParse,
                      folder + kCounter + " is damaged: it must hold the last version's number");
  }
  return version;
}

base::Status RemoveFile(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
  return error ? base::Status(base::Fail(base::ErrorCode::kUnavailable,
                                         "remove " + path + ": " + error.message()))
               : base::Status();
}

tl::unexpected<base::Error> NoSuchModel(const ModelReference& reference) {
  return base::Fail(base::ErrorCode::kNotFound, "there is no model \"" + ToText(reference) + "\"");
}

/// Removes versions and makes that durable.
base::Status RemoveVersions(const std::vector<std::string>& paths, const std::string& folder) {
  for (const std::string& path : paths) {
    if (auto removed = RemoveFile(path); !removed) {
      return removed;
    }
  }
  return paths.empty() ? base::Status() : ledger::SyncFolder(folder);
}

base::Result<ModelRecord> ReadRecord(const std::string& path, const ModelReference& expected) {
  const auto bytes = ledger::ReadSmallFile(path, kMostFileBytes);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  auto record = DecodeRecord(*bytes);
  if (!record) {
    return base::Fail(path, record.error());
  }
  if (record->name != expected.name || record->version != expected.version) {
    return base::Fail(base::ErrorCode::kParse, path + " is damaged: it holds " +
                                                   ToText({record->name, record->version}) +
                                                   ", not " + ToText(expected));
  }
  return record;
}

}  // namespace

std::string ModelStore::NameFolder(const std::string& name) const { return folder_ + "/" + name; }

std::string ModelStore::VersionPath(const std::string& name, int version) const {
  return NameFolder(name) + "/" + std::to_string(version) + ".model";
}

base::Result<int> ModelStore::Put(ModelRecord record) const {
  if (!IsModelName(record.name)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "\"" + record.name + "\" is no name of a model");
  }
  const auto lock = StoreLock::Take(folder_);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  const std::string folder = NameFolder(record.name);
  if (auto made = MakeFolder(folder); !made) {
    return tl::unexpected(made.error());
  }
  RemoveLeftovers(folder);
  const auto versions = VersionsIn(folder);
  const auto last = LastGiven(folder);
  if (!versions || !last) {
    return tl::unexpected(versions ? last.error() : versions.error());
  }
  const int newest = std::max(*last, versions->empty() ? 0 : versions->back());
  if (newest == std::numeric_limits<int>::max()) {
    return base::Fail(base::ErrorCode::kTooLarge, "the name has no further version number");
  }
  record.version = newest + 1;
  auto status =
      ledger::WriteDurably(folder + kCounter, std::to_string(record.version) + "\n", folder_);
  if (status) {
    status = ledger::WriteDurably(VersionPath(record.name, record.version), EncodeRecord(record),
                                  folder_);
  }
  if (status) {
    status = Prune(record.name);
  }
  if (!status) {
    return tl::unexpected(status.error());
  }
  return record.version;
}

base::Status ModelStore::Prune(const std::string& name) const {
  const auto versions = VersionsIn(NameFolder(name));
  if (!versions) {
    return tl::unexpected(versions.error());
  }
  std::vector<std::string> paths;
  if (max_models_count_ > 0 && versions->size() > max_models_count_) {
    for (std::size_t i = 0; i < versions->size() - max_models_count_; ++i) {
      paths.push_back(VersionPath(name, (*versions)[i]));
    }
  }
  return RemoveVersions(paths, NameFolder(name));
}

base::Result<ModelRecord> ModelStore::Get(const ModelReference& reference) const {
  for (int attempt = 1;; ++attempt) {
    ModelReference wanted = reference;
    if (!wanted.version) {
      const auto versions = VersionsIn(NameFolder(reference.name));
      if (!versions) {
        return tl::unexpected(versions.error());
      }
      if (versions->empty()) {
        return NoSuchModel(reference);
      }
      wanted.version = versions->back();
    }
    auto record = ReadRecord(VersionPath(wanted.name, *wanted.version), wanted);
    if (record || record.error().code != base::ErrorCode::kNotFound) {
      return record;
    }
    if (reference.version || attempt == kReadTries) {
      return NoSuchModel(reference);
    }
  }
}

base::Result<ModelStore::Listing> ModelStore::List() const {
  const auto names = NamesIn(folder_);
  if (!names) {
    return tl::unexpected(names.error());
  }
  Listing listing;
  for (const std::string& name : *names) {
    const auto versions = VersionsIn(NameFolder(name));
    if (!versions) {
      return tl::unexpected(versions.error());
    }
    for (const int version : *versions) {
      auto record = ReadRecord(VersionPath(name, version), {name, version});
      if (record) {
        record->payload.clear();
        listing.models.push_back(std::move(*record));
      } else if (record.error().code != base::ErrorCode::kNotFound) {  // gone meanwhile
        listing.problems.push_back(record.error().message);
      }
    }
  }
  return listing;
}

base::Result<std::size_t> ModelStore::Remove(const ModelReference& reference,
                                             Removal removal) const {
  std::error_code ignored;
  if (!fs::is_directory(NameFolder(reference.name), ignored)) {
    return NoSuchModel(reference);
  }
  const auto lock = StoreLock::Take(folder_);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  const auto versions = VersionsIn(NameFolder(reference.name));
  if (!versions) {
    return tl::unexpected(versions.error());
  }
  std::vector<std::string> paths;
  for (const int version : *versions) {
    const bool is_meant =
        removal == Removal::kWholeName || version == reference.version.value_or(versions->back());
    if (is_meant) {
      paths.push_back(VersionPath(reference.name, version));
    }
  }
  if (paths.empty()) {
    return NoSuchModel(reference);
  }
  if (auto removed = RemoveVersions(paths, NameFolder(reference.name)); !removed) {
    return tl::unexpected(removed.error());
  }
  return paths.size();
}

}  // namespace promtally::inference
