// SPDX-License-Identifier: Apache-2.0
#include "inference/model_catalog.h"

#include <utility>

#include "inference/open_model.h"

namespace promtally::inference {

ModelCatalog::ModelCatalog(const config::ModelsSettings& settings)
    : store_(settings.store, settings.max_models_count) {
  for (const config::RemoteModelSettings& remote : settings.remote) {
    remote_.emplace(remote.name, std::make_shared<RemoteModel>(remote));
  }
}

base::Result<ModelCatalog::Opened> ModelCatalog::OpenStored(const ModelReference& reference) {
  auto record = store_.Get(reference);
  if (!record) {
    return tl::unexpected(record.error());
  }
  const std::string version = std::to_string(record->version);
  const std::lock_guard lock(mutex_);
  const auto known = opened_.find(record->name);
  if (known != opened_.end() && known->second.version == version) {
    return known->second;
  }
  auto model = OpenModel(*record);
  if (!model) {
    return base::Fail("model " + record->name + ":" + version, model.error());
  }
  Opened opened{record->name, version, *std::move(model)};
  opened_.insert_or_assign(record->name, opened);
  return opened;
}

base::Result<ModelCatalog::Opened> ModelCatalog::Open(const std::string& tag) {
  const auto reference = ParseModelReference(tag);
  if (!reference) {
    return tl::unexpected(reference.error());
  }
  auto stored = OpenStored(*reference);
  if (stored || stored.error().code != base::ErrorCode::kNotFound) {
    return stored;
  }
  const auto remote = remote_.find(tag);
  if (remote == remote_.end()) {
    return base::Fail(base::ErrorCode::kNotFound, "no model is named \"" + tag +
                                                      "\": neither in the store " +
                                                      store_.folder() + " nor in models.remote");
  }
  return Opened{tag, "", remote->second};
}

void ModelCatalog::Stop() {
  for (const auto& [name, model] : remote_) {
    model->Stop();
  }
}

}  // namespace promtally::inference
