// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inference/model_record.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// Versioned models in a folder: NAME/VERSION.model, and NAME/last_version, so that a number is
/// never given twice. A version is there whole or not at all, also after kill -9 and a power cut
/// (temporary file, fsync, rename, fsync of the folder); one that was changed by another hand is
/// refused. Several processes and threads may use one folder: writers take turns by a lock on
/// `.lock`, readers need none.
class ModelStore {
 public:
  /// `folder` is made by the first Put. `max_models_count`: versions kept of each name, 0: all.
  explicit ModelStore(std::string folder, std::size_t max_models_count = 0)
      : folder_(std::move(folder)), max_models_count_(max_models_count) {}

  /// Stores the record as the next version of its name and returns that; removes the oldest
  /// versions above max_models_count.
  [[nodiscard]] base::Result<int> Put(ModelRecord record) const;

  /// kNotFound when it is not there, kParse when the file is damaged.
  [[nodiscard]] base::Result<ModelRecord> Get(const ModelReference& reference) const;

  struct Listing {
    std::vector<ModelRecord> models;    ///< by name and version, without payloads
    std::vector<std::string> problems;  ///< files that are damaged, one line each
  };
  [[nodiscard]] base::Result<Listing> List() const;

  enum class Removal { kVersion, kWholeName };
  /// Removes one version (`name:3`, `name:latest`) or all of a name; returns how many there were.
  [[nodiscard]] base::Result<std::size_t> Remove(const ModelReference& reference,
                                                 Removal removal) const;

  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  [[nodiscard]] std::string NameFolder(const std::string& name) const;
  [[nodiscard]] std::string VersionPath(const std::string& name, int version) const;
  [[nodiscard]] base::Status Prune(const std::string& name) const;

  std::string folder_;
  std::size_t max_models_count_;
};

}  // namespace promtally::inference
