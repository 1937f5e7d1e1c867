// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <CLI/CLI.hpp>

#include "cli/model_options.h"

namespace promtally::cli {
namespace {

using Choose = std::function<void(std::function<int()>)>;

CLI::App* Add(CLI::App* models, const char* name, const char* help, const Choose& choose,
              std::function<int()> run) {
  CLI::App* command = models->add_subcommand(name, help);
  command->callback([choose, run = std::move(run)] { choose(run); });
  return command;
}

void AddWhere(CLI::App* command, ModelStoreOptions* where) {
  static const std::map<std::string, Format> kFormats{
      {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}};
  command
      ->add_option("--config,--config.file", where->config_file,
                   "promtally.yml, whose models.store is meant")
      ->type_name("FILE");
  command->add_option("--store", where->store, "folder of the models; goes before --config's")
      ->type_name("DIR");
  command
      ->add_option_function<std::string>(
          "--format", [where](const std::string& text) { where->format = kFormats.at(text); },
          "table (default), json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}).description(""))
      ->type_name("FORMAT");
}

CLI::Option* Number(CLI::App* command, const char* name, auto& value, const char* help) {
  return command->add_option(name, value, help)->type_name("N");
}

void AddTrees(CLI::App* command, ModelTrainOptions& options) {
  constexpr const char* kGroup = "xgboost";
  Number(command, "--steps-back", options.steps_back, "values of a window (12)")->group(kGroup);
  Number(command, "--n-estimators", options.n_estimators, "trees (100)")->group(kGroup);
  Number(command, "--max-depth", options.max_depth, "of a tree (6)")->group(kGroup);
  Number(command, "--eta", options.eta, "learning rate (0.3)")->group(kGroup);
  Number(command, "--subsample", options.subsample, "share of rows a tree sees (1)")->group(kGroup);
  Number(command, "--colsample-bytree", options.colsample_bytree,
         "share of columns a tree sees (1)")
      ->group(kGroup);
  Number(command, "--alpha", options.alpha, "L1 regularisation (0)")->group(kGroup);
  Number(command, "--seed", options.seed, "of random choices (0)")->group(kGroup);
  Number(command, "--early-stopping-rounds", options.early_stopping_rounds,
         "end after so many rounds without a better result (0: never)")
      ->group(kGroup);
}

void AddTrain(CLI::App* models, ModelTrainOptions& options, const Choose& choose) {
  CLI::App* command = Add(models, "train", "Train a model on a series and store it", choose,
                          [&options] { return RunModelsTrain(options); });
  command->add_option("NAME", options.name, "of the model")->required();
  command->add_option("--type", options.type, "xgboost, arima, naive, seasonal_naive, holt_winters")
      ->required()
      ->type_name("TYPE");
  command->add_option("--input", options.input, "CSV with one header line, one row a step")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--column", options.columns,
                   "the series (default: the only one, or value); xgboost takes several, the "
                   "first is predicted")
      ->type_name("NAME")
      ->allow_extra_args(false);
  Number(command, "--test-size", options.test_size,
         "last part that the training does not see: a share, or steps (0; xgboost: 0.2)");
  Number(command, "--horizon", options.horizon,
         "steps of the forecast (12); xgboost: how many steps ahead (1)");
  Number(command, "--period", options.period, "steps of a season");
  Number(command, "--repeat", options.repeat, "fit so often and print the seconds")
      ->check(CLI::Range(1, 1'000'000).description(""));
  command->add_option("--order", options.order, "arima: p,d,q or auto")->type_name("ORDER");
  command->add_option("--seasonal", options.seasonal, "arima: P,D,Q,s or auto,s")
      ->type_name("ORDER");
  command->add_option("--mean", options.mean, "arima: auto or none")->type_name("MODE");
  command
      ->add_option("--seasonal-kind", options.seasonal_kind,
                   "holt_winters: additive or multiplicative")
      ->type_name("KIND");
  AddTrees(command, options);
  AddWhere(command, &options.where);
}

void AddPredict(CLI::App* models, ModelPredictOptions& options, const Choose& choose) {
  CLI::App* command = Add(models, "predict", "Predict from rows of a file", choose,
                          [&options] { return RunModelsPredict(options); });
  command->add_option("NAME", options.name, "NAME, NAME:VERSION or NAME:latest")->required();
  command->add_option("--input", options.input, "rows: CSV with a header line, or NPY")
      ->required()
      ->type_name("FILE");
  command->add_option("--output", options.output, "write the predictions as NPY")
      ->type_name("FILE");
  Number(command, "--threads", options.threads, "that predict (default: one a processor)")
      ->check(CLI::Range(1, 1024).description(""));
  Number(command, "--repeat", options.repeat, "predict so often and print the seconds")
      ->check(CLI::Range(1, 1'000'000).description(""));
  Number(command, "--horizon", options.horizon, "steps ahead, for models of a series (1)")
      ->check(CLI::Range(1, 100'000).description(""));
  command->add_flag("--contributions", options.contributions,
                    "what each feature adds, then the bias");
  AddWhere(command, &options.where);
}

void AddEvaluate(CLI::App* models, ModelEvaluateOptions& options, const Choose& choose) {
  CLI::App* command = Add(models, "evaluate", "Write a report of a model's forecasts, with plots",
                          choose, [&options] { return RunModelsEvaluate(options); });
  command->add_option("NAME", options.name, "NAME, NAME:VERSION or NAME:latest")->required();
  command->add_option("--input", options.input, "CSV with one header line, one row a step")
      ->required()
      ->type_name("FILE");
  command->add_option("--column", options.column, "the series (default: the only one, or value)")
      ->type_name("NAME");
  command->add_option("--output", options.output, "the HTML document (NAME-VERSION.html)")
      ->type_name("FILE");
  Number(command, "--test-size", options.test_size,
         "last part that is forecast and compared: a share, or steps (0.2)");
  Number(command, "--horizon", options.horizon, "steps after the last value (12)")
      ->check(CLI::Range(1, 100'000).description(""));
  Number(command, "--period", options.period,
         "steps of a season, for the baselines (default: the model's)");
  AddWhere(command, &options.where);
}

void AddFiles(CLI::App* models, ModelFileOptions& options, const Choose& choose) {
  CLI::App* import = Add(models, "import", "Check a model of XGBoost 1.7 to 3.x and store it",
                         choose, [&options] { return RunModelsImport(options); });
  import->add_option("FILE", options.file, "JSON or UBJ")->required();
  import->add_option("--name", options.name, "of the model")->required()->type_name("NAME");
  AddWhere(import, &options.where);
  CLI::App* exported = Add(models, "export", "Write a model to a file", choose,
                           [&options] { return RunModelsExport(options); });
  exported->add_option("NAME", options.name, "NAME, NAME:VERSION or NAME:latest")->required();
  exported->add_option("--output", options.file, "FILE.ubj: UBJ, else JSON")
      ->required()
      ->type_name("FILE");
  AddWhere(exported, &options.where);
  CLI::App* list = Add(models, "list", "List the models of a store", choose,
                       [&options] { return RunModelsList(options); });
  AddWhere(list, &options.where);
  CLI::App* show = Add(models, "show", "Print all that is known of a model", choose,
                       [&options] { return RunModelsShow(options); });
  show->add_option("NAME", options.name, "NAME, NAME:VERSION or NAME:latest")->required();
  AddWhere(show, &options.where);
  CLI::App* remove = Add(models, "remove", "Remove a version, or a name with all its versions",
                         choose, [&options] { return RunModelsRemove(options); });
  remove->add_option("NAME", options.name, "NAME (all), NAME:VERSION or NAME:latest")->required();
  AddWhere(remove, &options.where);
}

}  // namespace

void AddModelCommands(CLI::App& app, ModelCommands& commands, const Choose& choose) {
  CLI::App* models =
      app.add_subcommand("models", "Train, import and run models, and keep them in a store");
  models->require_subcommand(1);
  AddTrain(models, commands.train, choose);
  AddPredict(models, commands.predict, choose);
  AddEvaluate(models, commands.evaluate, choose);
  AddFiles(models, commands.file, choose);
}

}  // namespace promtally::cli
