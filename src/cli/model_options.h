// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/table.h"

namespace CLI {
class App;
}

namespace promtally::cli {

/// `promtally models …`: what was typed; empty text and lists: not given.

struct ModelStoreOptions {
  std::string config_file;
  std::string store;
  Format format = Format::kTable;
};

struct ModelTrainOptions {
  ModelStoreOptions where;
  std::string name;
  std::string type;
  std::string input;
  std::vector<std::string> columns;
  std::optional<double> test_size;
  std::optional<std::size_t> horizon;
  std::size_t repeat = 1;
  std::size_t period = 0;
  std::string order;  ///< arima
  std::string seasonal;
  std::string mean;
  std::string seasonal_kind;    ///< holt_winters
  std::size_t steps_back = 12;  ///< xgboost, and what follows
  int n_estimators = 100;
  int max_depth = 6;
  double eta = 0.3;
  double subsample = 1;
  double colsample_bytree = 1;
  double alpha = 0;
  std::uint32_t seed = 0;
  int early_stopping_rounds = 0;
};

struct ModelPredictOptions {
  ModelStoreOptions where;
  std::string name;
  std::string input;
  std::string output;
  std::optional<int> threads;
  std::size_t repeat = 1;
  std::size_t horizon = 1;
  bool contributions = false;
};

struct ModelEvaluateOptions {
  ModelStoreOptions where;
  std::string name;
  std::string input;
  std::string column;
  std::string output;
  double test_size = 0.2;
  std::size_t horizon = 12;
  std::size_t period = 0;
};

struct ModelFileOptions {
  ModelStoreOptions where;
  std::string name;
  std::string file;
};

int RunModelsTrain(const ModelTrainOptions& options);
int RunModelsPredict(const ModelPredictOptions& options);
int RunModelsEvaluate(const ModelEvaluateOptions& options);
int RunModelsImport(const ModelFileOptions& options);
int RunModelsExport(const ModelFileOptions& options);
int RunModelsList(const ModelFileOptions& options);
int RunModelsShow(const ModelFileOptions& options);
int RunModelsRemove(const ModelFileOptions& options);

/// All options of the commands, where parsing puts them.
struct ModelCommands {
  ModelTrainOptions train;
  ModelPredictOptions predict;
  ModelEvaluateOptions evaluate;
  ModelFileOptions file;
};

/// Adds `models` with its commands; `choose` gets what is to run after parsing.
void AddModelCommands(CLI::App& app, ModelCommands& commands,
                      const std::function<void(std::function<int()>)>& choose);

}  // namespace promtally::cli
