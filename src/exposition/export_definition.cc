// SPDX-License-Identifier: Apache-2.0
#include "exposition/export_definition.h"

#include <algorithm>
#include <map>

#include "exposition/self_metrics.h"

namespace promtally::exposition {
namespace {

using metering::ExportType;

constexpr std::string_view kJobLabel = "promtally_job";

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// One `_` for each character, not for each byte. A colon is allowed in metric names but belongs to
// recording rules, so it goes as well.
std::string MetricNameFrom(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool continues_character = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (IsPlain(c)) {
      name += c;
    } else if (!continues_character) {
      name += '_';
    }
  }
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) {
    name.insert(name.begin(), '_');
  }
  return name;
}

ExportType TypeOf(const ExportDefinition& definition) {
  if (definition.options.type != ExportType::kDefault) {
    return definition.options.type;
  }
  return definition.can_be_negative ? ExportType::kGauge : ExportType::kBoth;
}

std::string PredictionHelp(const ExportDefinition& definition, const metering::ModelBlock& block) {
  if (!block.help.empty()) {
    return block.help;
  }
  const std::string in_unit = definition.unit.empty() ? "" : " in " + definition.unit;
  const std::string of = " of " + definition.metric + in_unit + ", periods of " +
                         base::ToText(base::Milliseconds(definition.period)) + ".";
  if (block.score != metering::AnomalyScore::kNone) {
    return "How unusual the newest period is" + of;
  }
  return "Prediction by the model " + block.model + of;
}

std::string HelpOf(const ExportDefinition& definition, ExportRole role) {
  const std::string period = base::ToText(base::Milliseconds(definition.period));
  if (definition.model) {
    return PredictionHelp(definition, *definition.model);
  }
  if (role == ExportRole::kCreated) {
    return "Begin of the first period (" + period + ") of each series of " + definition.name +
           ", Unix seconds.";
  }
  if (!definition.options.help.empty()) {
    return definition.options.help;
  }
  const std::string in_unit = definition.unit.empty() ? "" : " in " + definition.unit;
  const std::string subject = " of " + definition.name + in_unit;
  if (role == ExportRole::kNewest) {
    return "Quantity" + subject + " in the newest answered period of " + period + ".";
  }
  if (role == ExportRole::kTotal) {
    return "Sum of the positive quantities" + subject + " over all committed periods of " + period +
           ".";
  }
  if (role == ExportRole::kCorrections) {
    return "Signed sum of what later revisions changed of the quantities" + subject +
           ", periods of " + period + ".";
  }
  return "Absolute sum of the negative quantities" + subject + " over all committed periods of " +
         period + ".";
}

struct Holder {
  std::size_t index;
  ExportRole role;
};

}  // namespace

std::vector<ExportedFamily> FamiliesOf(const ExportDefinition& definition,
                                       std::string_view prefix) {
  const std::string& own = definition.options.name;
  const std::string name =
      MetricNameFrom(std::string(prefix) + (own.empty() ? definition.name : own));
  std::vector<ExportedFamily> families;
  const auto add = [&](ExportRole role, std::string_view suffix, FamilyType family_type) {
    ExportedFamily family;
    family.role = role;
    family.name = name + std::string(suffix);
    family.type = family_type;
    family.help = HelpOf(definition, role);
    families.push_back(std::move(family));
  };
  if (definition.model && definition.model->type == metering::OutputType::kInfo) {
    add(ExportRole::kInfo, "_info", FamilyType::kGauge);
    return families;
  }
  if (definition.model && definition.model->type == metering::OutputType::kEnum) {
    add(ExportRole::kState, "", FamilyType::kGauge);
    return families;
  }
  const ExportType type = TypeOf(definition);
  if (type == ExportType::kGauge || type == ExportType::kBoth) {
    add(ExportRole::kNewest, "", FamilyType::kGauge);
  }
  if (type == ExportType::kCounter || type == ExportType::kBoth) {
    add(ExportRole::kTotal, "_total", FamilyType::kCounter);
    add(ExportRole::kCreated, "_created", FamilyType::kGauge);
    if (definition.can_be_negative) {
      add(ExportRole::kNegativeTotal, "_negative_total", FamilyType::kCounter);
    }
    if (definition.can_be_corrected) {
      add(ExportRole::kCorrections, "_corrections", FamilyType::kGauge);
    }
  }
  return families;
}

std::vector<std::pair<std::string, std::string>> LabelNamesOf(const ExportDefinition& definition) {
  std::vector<std::string> sources = definition.groupby;
  std::sort(sources.begin(), sources.end());
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());

  std::vector<std::pair<std::string, std::string>> names;
  names.emplace_back(kJobLabel, "");
  const auto taken = [&](const std::string& name) {
    return std::any_of(names.begin(), names.end(),
                       [&](const auto& entry) { return entry.first == name; }) ||
           std::binary_search(sources.begin(), sources.end(), name);
  };
  for (const std::string& source : sources) {
    std::string exported = source;
    if (source == kJobLabel || source.starts_with("__")) {
      do {
        exported.insert(0, "exported_");
      } while (taken(exported));
    }
    names.emplace_back(std::move(exported), source);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool MayShare(const ExportDefinition& a, ExportRole role_a, const ExportDefinition& b,
              ExportRole role_b) {
  if (role_a != role_b || a.job == b.job || a.unit != b.unit) {
    return false;
  }
  const auto labels_a = LabelNamesOf(a);
  const auto labels_b = LabelNamesOf(b);
  return std::equal(labels_a.begin(), labels_a.end(), labels_b.begin(), labels_b.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first; });
}

std::vector<ExportCollision> CollidingExports(const std::vector<ExportDefinition>& definitions,
                                              std::string_view prefix) {
  std::map<std::string, std::vector<Holder>> holders;
  std::vector<ExportCollision> collisions;
  const auto find_collision =
      [&](std::size_t index,
          const std::vector<ExportedFamily>& families) -> std::optional<ExportCollision> {
    for (const ExportedFamily& family : families) {
      if (IsOwnFamily(family.name)) {
        return ExportCollision{index, std::nullopt, family.name};
      }
      for (const Holder& holder : holders[family.name]) {
        if (!MayShare(definitions[holder.index], holder.role, definitions[index], family.role)) {
          return ExportCollision{index, holder.index, family.name};
        }
      }
    }
    return std::nullopt;
  };
  for (std::size_t index = 0; index < definitions.size(); ++index) {
    const auto families = FamiliesOf(definitions[index], prefix);
    if (auto collision = find_collision(index, families)) {
      collisions.push_back(std::move(*collision));
      continue;
    }
    for (const ExportedFamily& family : families) {
      holders[family.name].push_back(Holder{index, family.role});
    }
  }
  return collisions;
}

}  // namespace promtally::exposition
