// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/load.h"
#include "cli/model_options.h"
#include "inference/model_record.h"
#include "inference/model_store.h"

namespace promtally::cli {

/// The store of --store, or of the configuration. Exit status 2 when none was given, 3 for a bad
/// configuration.
[[nodiscard]] OrExit<inference::ModelStore> OpenStore(const ModelStoreOptions& options);

/// A model that was named, and where it may lie.
struct NamedModel {
  inference::ModelReference reference;
  inference::ModelStore store;
};
/// `name`: NAME, NAME:VERSION or NAME:latest; exit status 2 for anything else, and as OpenStore.
[[nodiscard]] OrExit<NamedModel> ReadNamed(const ModelStoreOptions& where, const std::string& name);

/// A file of at most 4 GiB, whole.
[[nodiscard]] base::Result<std::string> ReadInput(const std::string& path);

/// Prints a failure and gives its exit status: 2 for what was typed wrongly, 4 for a server that
/// gave no answer, else 1.
int PrintFailure(const base::Error& error);

/// One JSON object as the format has it: a line; as a table two columns, its members and their
/// values; as CSV one header line and one row.
void PrintObject(const inference::Json& object, Format format);
/// Objects with equal members: a line each, or a table of them.
void PrintObjects(const std::vector<inference::Json>& objects,
                  const std::vector<std::string>& members, Format format);

}  // namespace promtally::cli
