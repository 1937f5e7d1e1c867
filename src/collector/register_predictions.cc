// SPDX-License-Identifier: Apache-2.0
#include "collector/register_predictions.h"

#include <algorithm>
#include <string>
#include <utility>

#include "promtally/config/metrics_file.h"

namespace promtally::collector {
namespace {

using base::Result;
using ledger::Spec;
using ledger::SpecVersion;
using metering::ModelBlock;
using metering::ModelOutput;

/// Predictions keep groupby and metadata apart no more: both name the series that is predicted.
std::vector<std::string> LabelsOf(const SpecVersion& measured) {
  std::vector<std::string> labels = measured.groupby;
  for (const std::string& label : measured.metadata) {
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) {
      labels.push_back(label);
    }
  }
  return labels;
}

std::string UnitOf(const ModelBlock& block, const SpecVersion& measured) {
  if (!block.unit.empty()) {
    return block.unit;
  }
  return block.score == metering::AnomalyScore::kNone ? measured.unit : "1";
}

SpecVersion VersionOf(const ModelBlock& block, const ModelOutput& output,
                      const SpecVersion& measured, base::Instant valid_from) {
  SpecVersion version;
  version.valid_from = valid_from;
  version.name = output.name;
  version.metric = measured.metric;
  version.unit = UnitOf(block, measured);
  version.groupby = LabelsOf(measured);
  version.definition = config::ToDefinition(block);
  return version;
}

bool Same(const SpecVersion& a, const SpecVersion& b) {
  return a.name == b.name && a.metric == b.metric && a.unit == b.unit && a.groupby == b.groupby &&
         a.definition == b.definition;
}

class Registrar {
 public:
  Registrar(ledger::Ledger& ledger, const PredictionRequest& request, CatalogueJob* job)
      : ledger_(ledger), request_(request), job_(*job) {}

  base::Status Run() {
    auto stored = ledger_.PredictedSpecs(job_.id);
    if (!stored) {
      return tl::unexpected(stored.error());
    }
    stored_ = *std::move(stored);
    for (const metering::MetricSpec& spec : request_.configured.specs) {
      const auto entry = std::find_if(
          job_.specs.begin(), job_.specs.end(),
          [&spec](const CatalogueSpec& other) { return other.stored.name == spec.name; });
      for (const ModelBlock& block : spec.models) {
        if (auto status = AddBlock(block, &*entry); !status) {
          return status;
        }
      }
    }
    for (const Spec& gone : stored_) {
      if (!gone.retired_at) {
        if (auto status = ledger_.SetRetired(gone.id, request_.now); !status) {
          return status;
        }
      }
    }
    return {};
  }

 private:
  base::Status AddBlock(const ModelBlock& block, CatalogueSpec* spec) {
    CataloguePrediction prediction;
    prediction.block = block;
    for (const ModelOutput& output : metering::OutputsOf(block)) {
      auto row = Find(block, output, *spec);
      if (!row) {
        return tl::unexpected(row.error());
      }
      prediction.outputs.emplace_back(output.part, *std::move(row));
    }
    spec->predictions.push_back(std::move(prediction));
    return {};
  }

  Result<Spec> Find(const ModelBlock& block, const ModelOutput& output,
                    const CatalogueSpec& measured) {
    const auto known = std::find_if(stored_.begin(), stored_.end(),
                                    [&output](const Spec& row) { return row.name == output.name; });
    if (known == stored_.end()) {
      return Add(block, output, measured);
    }
    Spec row = std::move(*known);
    stored_.erase(known);
    if (row.predicts != measured.stored.id) {
      return base::Fail(
          base::ErrorCode::kConflict,
          "\"" + output.name +
              "\" holds predictions of another spec; give the model block a new name");
    }
    return Update(block, output, measured, std::move(row));
  }

  Result<Spec> Add(const ModelBlock& block, const ModelOutput& output,
                   const CatalogueSpec& measured) {
    Spec row;
    row.job_id = job_.id;
    row.name = output.name;
    row.predicts = measured.stored.id;
    row.first_period = std::max(measured.stored.first_period,
                                metering::NewestDue(job_.settings.schedule, request_.now));
    row.versions.push_back(VersionOf(block, output, measured.newest(), row.first_period));
    return ledger_.AddSpec(row, request_.config_id);
  }

  Result<Spec> Update(const ModelBlock& block, const ModelOutput& output,
                      const CatalogueSpec& measured, Spec row) {
    if (row.retired_at) {
      if (auto status = ledger_.SetRetired(row.id, std::nullopt); !status) {
        return tl::unexpected(status.error());
      }
      row.retired_at.reset();
    }
    const base::Instant next =
        std::max(metering::AlignUp(request_.now, job_.settings.schedule.period),
                 row.versions.back().valid_from);
    const SpecVersion version = VersionOf(block, output, measured.newest(), next);
    if (Same(version, row.versions.back())) {
      return row;
    }
    auto added = ledger_.AddVersion(row.id, version, request_.config_id);
    if (!added) {
      return tl::unexpected(added.error());
    }
    std::erase_if(row.versions,
                  [&added](const SpecVersion& other) { return other.id == added->id; });
    row.versions.push_back(*std::move(added));
    return row;
  }

  ledger::Ledger& ledger_;
  const PredictionRequest& request_;
  CatalogueJob& job_;
  std::vector<Spec> stored_;  // those that no block has claimed
};

}  // namespace

base::Status RegisterPredictions(ledger::Ledger& ledger, const PredictionRequest& request,
                                 CatalogueJob* job) {
  return Registrar(ledger, request, job).Run();
}

}  // namespace promtally::collector
