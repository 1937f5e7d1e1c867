// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "inference/model.h"
#include "inference/model_store.h"
#include "inference/remote_model.h"
#include "promtally/base/result.h"
#include "promtally/config/models_settings.h"

namespace promtally::inference {

/// Models by the names that configuration and clients give them: NAME, NAME:VERSION or NAME:latest
/// of the store first, then those of `models.remote`. A model is opened once a version. Any thread.
class ModelCatalog {
 public:
  /// `settings.store` is a path from here.
  explicit ModelCatalog(const config::ModelsSettings& settings);

  struct Opened {
    std::string name;
    std::string version;  ///< of the store; empty: a remote model says it with each answer
    std::shared_ptr<const Model> model;
  };
  /// kNotFound: no model has that name; kParse: what the store has of it is damaged.
  [[nodiscard]] base::Result<Opened> Open(const std::string& tag);

  /// Ends waits of predictions of remote models that are under way.
  void Stop();

 private:
  [[nodiscard]] base::Result<Opened> OpenStored(const ModelReference& reference);

  const ModelStore store_;
  std::map<std::string, std::shared_ptr<const RemoteModel>> remote_;
  std::mutex mutex_;
  std::map<std::string, Opened> opened_;  // by name, the version used last
};

}  // namespace promtally::inference
