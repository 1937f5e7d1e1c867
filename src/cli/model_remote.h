// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/load.h"
#include "cli/model_options.h"
#include "inference/remote_model.h"

namespace promtally::cli {

/// The entry of `models.remote` with that name; nullptr where there is none, or no configuration.
/// Exit status 3 for a bad configuration.
[[nodiscard]] OrExit<std::unique_ptr<inference::RemoteModel>> FindRemoteModel(
    const ModelStoreOptions& where, const std::string& name);

/// All of them, in the file's order; none without a configuration. Exit status as above.
[[nodiscard]] OrExit<std::vector<config::RemoteModelSettings>> RemoteModelsOf(
    const ModelStoreOptions& where);

/// `models predict` and `models show` of such a model. Exit status 4: the server gave no answer.
int PredictRemote(const inference::RemoteModel& model, const ModelPredictOptions& options);
int ShowRemote(const inference::RemoteModel& model, const ModelFileOptions& options);

}  // namespace promtally::cli
