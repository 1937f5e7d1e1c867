// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/exit_status.h"
#include "cli/model_target.h"
#include "inference/csv_file.h"
#include "inference/evaluation.h"
#include "inference/evaluation_page.h"
#include "inference/open_model.h"
#include "inference/trainer.h"
#include "ledger/durable_file.h"

namespace promtally::cli {

namespace {

using inference::Json;

struct NamedSeries {
  std::string name;
  std::vector<double> values;
};

base::Result<NamedSeries> ReadSeries(const ModelEvaluateOptions& options) {
  const auto bytes = ReadInput(options.input);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  const auto file = inference::CsvFile::Parse(*bytes, options.input);
  if (!file) {
    return tl::unexpected(file.error());
  }
  const auto column = file->Find(options.column);
  if (!column) {
    return tl::unexpected(column.error());
  }
  auto values = file->Series(*column);
  if (!values) {
    return tl::unexpected(values.error());
  }
  return NamedSeries{file->columns()[*column], *std::move(values)};
}

std::size_t CountOf(const Json& object, const char* member, std::size_t otherwise) {
  const auto found = object.find(member);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::size_t>()
                                                              : otherwise;
}

/// The season that the model was trained with; 1: none is known.
std::size_t PeriodOf(const inference::ModelRecord& record) {
  const auto seasonal = record.details.find("seasonal");
  if (seasonal != record.details.end() && seasonal->is_array() && seasonal->size() == 4 &&
      seasonal->back().is_number_unsigned()) {
    return std::max<std::size_t>(1, seasonal->back().get<std::size_t>());
  }
  return std::max<std::size_t>(1, CountOf(record.parameters, "period", 1));
}

Json LineOf(const inference::ModelRecord& record, const inference::EvaluationInput& input,
            const inference::Evaluation& evaluation, const std::string& output) {
  const inference::ErrorMetrics& model = evaluation.errors.front().metrics;
  Json baseline = nullptr;
  for (const inference::Evaluation::Errors& errors : evaluation.errors) {
    if (errors.name == evaluation.baseline_name) {
      baseline = {{"name", errors.name},
                  {"metrics", inference::ToJson(errors.metrics)},
                  {"beaten", model.mae < errors.metrics.mae}};
    }
  }
  return {{"name", record.name},
          {"version", record.version},
          {"type", record.type},
          {"metrics", inference::ToJson(model)},
          {"baseline", std::move(baseline)},
          {"test_steps", input.test_steps},
          {"coverage", evaluation.coverage ? Json(*evaluation.coverage) : Json(nullptr)},
          {"report", output}};
}

}  // namespace

int RunModelsEvaluate(const ModelEvaluateOptions& options) {
  const auto named = ReadNamed(options.where, options.name);
  if (!named) {
    return named.error();
  }
  const auto record = named->store.Get(named->reference);
  if (!record) {
    return PrintError(record.error().message, kIncomplete);
  }
  const auto model = inference::OpenModel(*record);
  if (!model) {
    return PrintError(model.error().message, kIncomplete);
  }
  auto series = ReadSeries(options);
  if (!series) {
    return PrintError(series.error().message, kIncomplete);
  }
  const auto test_steps = inference::TestSteps(options.test_size, series->values.size());
  if (!test_steps) {
    return PrintFailure(test_steps.error());
  }
  const inference::EvaluationInput input{
      .values = std::move(series->values),
      .test_steps = *test_steps,
      .ahead = options.horizon,
      .period = options.period > 0 ? options.period : PeriodOf(*record),
      .lead = std::max<std::size_t>(1, CountOf(record->parameters, "horizon", 1))};
  const auto evaluation = inference::Evaluate(**model, input);
  if (!evaluation) {
    return PrintError(evaluation.error().message, kIncomplete);
  }
  const std::string output = options.output.empty()
                                 ? fmt::format("{}-{}.html", record->name, record->version)
                                 : options.output;
  if (const base::Status written = ledger::WriteDurably(
          output, inference::EvaluationPage(*record, series->name, input, *evaluation),
          ledger::FolderOf(output));
      !written) {
    return PrintError(written.error().message, kIncomplete);
  }
  PrintObject(LineOf(*record, input, *evaluation, output), options.where.format);
  return kDone;
}

}  // namespace promtally::cli
