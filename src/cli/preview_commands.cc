// SPDX-License-Identifier: Apache-2.0
#include "cli/preview_commands.h"

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/option_groups.h"

namespace promtally::cli {

void PreviewCommands::AddTo(CLI::App* application, const Choose& choose) {
  AddTest(application, choose);
  AddDiff(application, choose);
  AddReconcile(application, choose);
}

void PreviewCommands::AddTest(CLI::App* application, const Choose& choose) {
  CLI::App* command =
      application->add_subcommand("test", "Run tests of metrics files; needs no server");
  command->callback([this, choose] { choose([this] { return RunTests(test_); }); });
  command->add_option("FILES", test_.files, "files of tests (docs/testing.md)")->required();
  AddFormat(command, &test_.format);
}

void PreviewCommands::AddDiff(CLI::App* application, const Choose& choose) {
  CLI::App* command = application->add_subcommand(
      "diff", "Show what each scope would be billed under a new metrics.yml; writes nothing");
  command->callback([this, choose] { choose([this] { return RunDiff(diff_); }); });
  command->add_option("OLD", diff_.old_file, "metrics.yml as it is")->required();
  command->add_option("NEW", diff_.new_file, "metrics.yml as it would be")->required();
  command->add_option("--url", diff_.url, "the server to ask")->type_name("URL");
  command->add_option("--http.config.file", diff_.http_config_file, "how to talk to --url")
      ->type_name("FILE");
  AddConfig(command, &diff_.config_file);
  command->add_option("--source", diff_.source, "the source to ask (of --config)")
      ->type_name("NAME");
  command->add_option("--scope-key", diff_.scope_key, "the label that names the scope")
      ->type_name("LABEL");
  AddRange(command, &diff_.range);
  command->add_option("--period", diff_.period, "length of a period (1h)")->type_name("DURATION");
  AddFormat(command, &diff_.format);
}

void PreviewCommands::AddReconcile(CLI::App* application, const Choose& choose) {
  CLI::App* command = application->add_subcommand(
      "reconcile", "Compare a spec's totals with PromQL, or with a former bill");
  command->callback([this, choose] { choose([this] { return RunReconcile(reconcile_); }); });
  command->add_option("NAME", reconcile_.name, "a spec's name")->required();
  command
      ->add_option("--against", reconcile_.against,
                   "an expression, evaluated at the range's end, or a CSV file")
      ->required()
      ->type_name("PROMQL|CSV");
  AddWhere(command, &reconcile_.where);
  command->add_option("--job", reconcile_.job, "the job, where several have the name")
      ->type_name("JOB");
  command->add_option("--url", reconcile_.url, "the server that is asked for the expression")
      ->type_name("URL");
  command->add_option("--http.config.file", reconcile_.http_config_file, "how to talk to --url")
      ->type_name("FILE");
  AddRange(command, &reconcile_.range);
  command->add_option("--month", reconcile_.month, "a month in UTC, in the place of a range")
      ->type_name("YYYY-MM");
  command
      ->add_option("--tolerance", reconcile_.tolerance,
                   "how far a scope may be off: 0.1% (of the other truth; default 0.01%) or 5")
      ->type_name("AMOUNT");
  command
      ->add_option("--scope-key", reconcile_.scope_key,
                   "the label of the expression's result that names the scope")
      ->type_name("LABEL");
  command->add_option("--scope-column", reconcile_.scope_column, "of the CSV file (scope)")
      ->type_name("NAME");
  command->add_option("--quantity-column", reconcile_.quantity_column, "of the CSV file (quantity)")
      ->type_name("NAME");
  AddFormat(command, &reconcile_.format);
}

}  // namespace promtally::cli
