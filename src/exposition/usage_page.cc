// SPDX-License-Identifier: Apache-2.0
#include "exposition/usage_page.h"

#include <algorithm>

#include "exposition/self_metrics.h"
#include "exposition/text_encoder.h"

namespace promtally::exposition {
namespace {

constexpr std::string_view kSpecInfo = "promtally_spec_info";
constexpr std::string_view kPeriodEnd = "promtally_period_end_timestamp_seconds";

double UnixSeconds(base::Instant instant) {
  return static_cast<double>(instant.time_since_epoch().count()) / 1000.0;
}

// A series as it is exported; several of the ledger's when they differ in metadata only.
struct ExportedSeries {
  std::string label_text;
  base::Decimal positive;
  base::Decimal negative;
  base::Instant created;
  std::optional<base::Decimal> newest;
  base::Decimal correction;
};

std::string LabelTextOf(const UsageSeries& series, const std::string& job,
                        const std::vector<std::pair<std::string, std::string>>& names) {
  base::LabelSet labels;
  labels.reserve(names.size());
  for (const auto& [name, source] : names) {
    if (source.empty()) {
      labels.emplace_back(name, job);
      continue;
    }
    const std::string* value = base::Find(series.labels, source);
    labels.emplace_back(name, value == nullptr ? std::string() : *value);
  }
  return LabelText(labels);
}

void AddTo(ExportedSeries& sum, const ExportedSeries& other) {
  sum.positive += other.positive;
  sum.negative += other.negative;
  sum.correction += other.correction;
  sum.created = std::min(sum.created, other.created);
  if (other.newest) {
    sum.newest = sum.newest ? *sum.newest + *other.newest : *other.newest;
  }
}

// Merging by the text that is printed makes it impossible to print a series twice.
std::vector<ExportedSeries> MergeSeries(const UsageFamily& usage) {
  const auto names = LabelNamesOf(usage.definition);
  std::vector<ExportedSeries> all;
  all.reserve(usage.series.size());
  for (const UsageSeries& series : usage.series) {
    all.push_back(ExportedSeries{LabelTextOf(series, usage.definition.job, names), series.positive,
                                 series.negative, series.created, series.newest,
                                 series.correction});
  }
  std::sort(all.begin(), all.end(), [](const ExportedSeries& a, const ExportedSeries& b) {
    return a.label_text < b.label_text;
  });
  std::vector<ExportedSeries> merged;
  for (ExportedSeries& series : all) {
    if (!merged.empty() && merged.back().label_text == series.label_text) {
      AddTo(merged.back(), series);
    } else {
      merged.push_back(std::move(series));
    }
  }
  return merged;
}

std::optional<double> ValueOf(const ExportedSeries& series, ExportRole role) {
  switch (role) {
    case ExportRole::kNewest:
      return series.newest ? std::optional(series.newest->ToDouble()) : std::nullopt;
    case ExportRole::kTotal:
      return series.positive.ToDouble();
    case ExportRole::kCreated:
      return UnixSeconds(series.created);
    case ExportRole::kCorrections:
      return series.correction.ToDouble();
    case ExportRole::kNegativeTotal:
    case ExportRole::kInfo:
    case ExportRole::kState:
      break;
  }
  return series.negative.Abs().ToDouble();
}

/// `{a="x"}` with another label.
std::string WithLabel(std::string_view label_text, std::string_view name, std::string_view value) {
  const std::string more = LabelText({{std::string(name), std::string(value)}});
  if (label_text.empty()) {
    return more;
  }
  return std::string(label_text.substr(0, label_text.size() - 1)) + "," + more.substr(1);
}

/// A sample of each state, 1 for the one that the newest prediction falls into.
void AppendStates(const std::string& family, const metering::ModelBlock& block,
                  const ExportedSeries& series, std::string& text) {
  const auto state = metering::StateOf(block, *series.newest);
  for (std::size_t i = 0; state && i < block.states.size(); ++i) {
    AppendSample(text, family, WithLabel(series.label_text, family, block.states[i]),
                 i == *state ? 1 : 0);
  }
}

/// What a prediction says in a label, or by states.
std::string LabelledSamples(const ExportedFamily& family, const metering::ModelBlock& block,
                            const std::vector<ExportedSeries>& series) {
  std::string text;
  for (const ExportedSeries& one : series) {
    if (!one.newest) {
      continue;
    }
    if (family.role == ExportRole::kState) {
      AppendStates(family.name, block, one, text);
    } else {
      AppendSample(text, family.name, WithLabel(one.label_text, "prediction", one.newest->ToText()),
                   1);
    }
  }
  return text;
}

std::string SamplesOf(const ExportedFamily& family, const std::vector<ExportedSeries>& series) {
  std::string text;
  for (const ExportedSeries& one : series) {
    if (const auto value = ValueOf(one, family.role)) {
      AppendSample(text, family.name, one.label_text, *value);
    }
  }
  return text;
}

std::string SpecInfoSample(const ExportDefinition& definition) {
  const base::LabelSet labels{{"metric", definition.metric},
                              {"name", definition.name},
                              {"period", base::ToText(base::Milliseconds(definition.period))},
                              {"promtally_job", definition.job},
                              {"scope_key", definition.scope_key.value_or("")},
                              {"unit", definition.unit}};
  std::string text;
  AppendSample(text, kSpecInfo, LabelText(labels), 1);
  return text;
}

std::string PeriodEndSample(const UsageFamily& usage) {
  std::string text;
  if (usage.newest_answered) {
    const base::LabelSet labels{{"name", usage.definition.name},
                                {"promtally_job", usage.definition.job}};
    AppendSample(text, kPeriodEnd, LabelText(labels), UnixSeconds(usage.newest_answered->end));
  }
  return text;
}

PagePiece MakePiece(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

UsagePage::UsagePage(std::string prefix)
    : prefix_(std::move(prefix)), pieces_(std::make_shared<const PagePieces>()) {}

std::vector<UsagePage::RenderedFamily> UsagePage::Render(const UsageFamily& usage,
                                                         const std::string& prefix) const {
  const auto definition = std::make_shared<const ExportDefinition>(usage.definition);
  std::vector<RenderedFamily> rendered;
  const auto add = [&](std::string_view name, std::optional<ExportRole> role, FamilyType type,
                       std::string help, std::string samples) {
    Part part{definition, std::move(help), MakePiece(std::move(samples))};
    rendered.push_back(RenderedFamily{std::string(name), role, type, std::move(part)});
  };
  add(kSpecInfo, std::nullopt, FamilyType::kGauge,
      "What an exported name means: metric, unit, period and scope key of a spec.",
      SpecInfoSample(usage.definition));
  const auto families = FamiliesOf(usage.definition, prefix);
  if (families.empty()) {
    return rendered;
  }
  add(kPeriodEnd, std::nullopt, FamilyType::kGauge, "End of the newest answered period of a spec.",
      PeriodEndSample(usage));
  const auto series = usage.too_many ? std::vector<ExportedSeries>() : MergeSeries(usage);
  for (const ExportedFamily& family : families) {
    const bool is_labelled = family.role == ExportRole::kInfo || family.role == ExportRole::kState;
    add(family.name, family.role, family.type, family.help,
        is_labelled ? LabelledSamples(family, *definition->model, series)
                    : SamplesOf(family, series));
  }
  return rendered;
}

base::Status UsagePage::Admit(const SpecKey& key,
                              const std::vector<RenderedFamily>& rendered) const {
  for (const RenderedFamily& wanted : rendered) {
    if (!wanted.role) {
      continue;
    }
    if (IsOwnFamily(wanted.name)) {
      return base::Fail(base::ErrorCode::kConflict, "family \"" + wanted.name +
                                                        "\" is one of promtally's own; set "
                                                        "export.name");
    }
    const auto family = families_.find(wanted.name);
    if (family == families_.end()) {
      continue;
    }
    for (const auto& [holder, part] : family->second.parts) {
      if (holder != key && !MayShare(*part.definition, *family->second.role,
                                     *wanted.part.definition, *wanted.role)) {
        return base::Fail(base::ErrorCode::kConflict, "family \"" + wanted.name +
                                                          "\" is already that of spec \"" +
                                                          holder.second + "\" of job \"" +
                                                          holder.first + "\"; set export.name");
      }
    }
  }
  return {};
}

base::Status UsagePage::Update(const UsageFamily& usage) {
  std::string prefix;
  {
    const std::lock_guard lock(mutex_);
    prefix = prefix_;
  }
  auto rendered = Render(usage, prefix);
  const SpecKey key(usage.definition.job, usage.definition.name);
  const std::lock_guard lock(mutex_);
  Erase(key);
  const auto admitted = Admit(key, rendered);
  if (admitted) {
    for (RenderedFamily& one : rendered) {
      Family& family = families_[one.name];
      family.role = one.role;
      family.type = one.type;
      family.parts.insert_or_assign(key, std::move(one.part));
      family.head = nullptr;
    }
  }
  Rebuild();
  return admitted;
}

void UsagePage::Reset(std::string prefix) {
  const std::lock_guard lock(mutex_);
  prefix_ = std::move(prefix);
  families_.clear();
  Rebuild();
}

void UsagePage::Remove(std::string_view job, std::string_view name) {
  const std::lock_guard lock(mutex_);
  Erase(SpecKey(job, name));
  Rebuild();
}

PagePieces UsagePage::Snapshot() const {
  std::shared_ptr<const PagePieces> pieces;
  {
    const std::lock_guard lock(mutex_);
    pieces = pieces_;
  }
  return *pieces;
}

void UsagePage::Erase(const SpecKey& key) {
  for (auto family = families_.begin(); family != families_.end();) {
    if (family->second.parts.erase(key) > 0) {
      family->second.head = nullptr;
    }
    family = family->second.parts.empty() ? families_.erase(family) : std::next(family);
  }
}

std::string UsagePage::HelpOf(const Family& family) {
  std::vector<std::string_view> helps;
  std::string help;
  for (const auto& [key, part] : family.parts) {
    if (std::find(helps.begin(), helps.end(), part.help) == helps.end()) {
      helps.push_back(part.help);
      help += (help.empty() ? "" : " ") + part.help;
    }
  }
  return help;
}

bool UsagePage::Has(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return families_.contains(name);
}

UsageReading UsagePage::Read(const PageStyle& style, const NameFilter& filter) const {
  std::vector<UsageBlock> blocks;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      UsageBlock block{name, family.type, family.role, HelpOf(family), {}};
      for (const auto& [key, part] : family.parts) {
        if (!part.samples->empty()) {
          block.parts.emplace_back(key, part.samples);
        }
      }
      blocks.push_back(std::move(block));
    }
  }
  UsageReading reading;
  for (const UsageBlock& block : blocks) {
    reading.names.push_back(block.name);
  }
  reading.reader = ReadUsage(std::move(blocks), style, filter);
  return reading;
}

void UsagePage::Rebuild() {
  auto pieces = std::make_shared<PagePieces>();
  for (auto& [name, family] : families_) {
    const bool has_samples = std::any_of(family.parts.begin(), family.parts.end(),
                                         [](const auto& p) { return !p.second.samples->empty(); });
    if (!has_samples) {
      continue;
    }
    if (!family.head) {
      std::string head;
      AppendFamily(head, name, family.type, HelpOf(family));
      family.head = MakePiece(std::move(head));
    }
    pieces->push_back(family.head);
    for (const auto& [key, part] : family.parts) {
      if (!part.samples->empty()) {
        pieces->push_back(part.samples);
      }
    }
  }
  pieces_ = std::move(pieces);
}

}  // namespace promtally::exposition
