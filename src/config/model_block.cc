// SPDX-License-Identifier: Apache-2.0
#include "config/model_block.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "config/model_input.h"
#include "promtally/config/metrics_file.h"

namespace promtally::config {
namespace {

using metering::AnomalyScore;
using metering::ModelBlock;
using metering::OnModelError;
using metering::OutputType;
using metering::StepsTo;
using metering::WindowGap;

constexpr std::int64_t kMostSteps = 10'000;

template <typename Choice, std::size_t N>
using Words = std::array<std::pair<std::string_view, Choice>, N>;

/// The word of a list becomes its choice; `target` stays where the word is none of them.
template <typename Choice, std::size_t N>
void ReadChoice(ValueReader& reader, const Node& value, const Words<Choice, N>& words,
                Choice& target) {
  std::vector<std::string_view> names;
  names.reserve(N);
  for (const auto& [name, choice] : words) {
    names.push_back(name);
  }
  if (const auto word = reader.OneOf(value, names)) {
    for (const auto& [name, choice] : words) {
      target = name == *word ? choice : target;
    }
  }
}

constexpr Words<AnomalyScore, 2> kScores{
    {{"zscore", AnomalyScore::kZScore}, {"mad", AnomalyScore::kMad}}};
constexpr Words<WindowGap, 5> kGaps{{{"drop", WindowGap::kDrop},
                                     {"refuse", WindowGap::kRefuse},
                                     {"hold", WindowGap::kHold},
                                     {"zero", WindowGap::kZero},
                                     {"nan", WindowGap::kNan}}};
constexpr Words<StepsTo, 5> kCombines{{{"last", StepsTo::kLast},
                                       {"sum", StepsTo::kSum},
                                       {"mean", StepsTo::kMean},
                                       {"min", StepsTo::kMin},
                                       {"max", StepsTo::kMax}}};
constexpr Words<OutputType, 4> kTypes{{{"gauge", OutputType::kGauge},
                                       {"counter", OutputType::kCounter},
                                       {"info", OutputType::kInfo},
                                       {"enum", OutputType::kEnum}}};
constexpr Words<OnModelError, 3> kOnErrors{{{"stale", OnModelError::kStale},
                                            {"hold", OnModelError::kHold},
                                            {"absent", OnModelError::kAbsent}}};

bool IsModelNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

/// NAME, NAME:VERSION or NAME:latest.
bool IsModelTag(std::string_view tag) {
  const std::size_t colon = tag.find(':');
  const std::string_view name = tag.substr(0, colon);
  const std::string_view version =
      colon == std::string_view::npos ? "latest" : tag.substr(colon + 1);
  const bool is_number =
      !version.empty() && version.size() <= 9 && version.front() != '0' &&
      std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; });
  return !name.empty() && name.front() != '.' && name.size() <= 128 &&
         std::all_of(name.begin(), name.end(), IsModelNameCharacter) &&
         (version == "latest" || is_number);
}

void ReadTag(ValueReader& reader, const Node& value, ModelBlock& block) {
  const auto tag = reader.NonEmptyText(value);
  if (tag && !IsModelTag(*tag)) {
    reader.Wrong(value, "must name a model, which " + Quoted(*tag) + " does not",
                 "NAME, NAME:VERSION or NAME:latest; letters, digits, _, - and ., no dot first");
    return;
  }
  block.model = tag.value_or("");
}

std::optional<base::Decimal> ReadNumber(ValueReader& reader, const Node& value) {
  const auto scalar = reader.AnyScalar(value, "a number");
  if (!scalar) {
    return std::nullopt;
  }
  auto number = base::Decimal::Parse(scalar->text);
  if (!number) {
    reader.Wrong(value, "must be a number, which " + Quoted(scalar->text) + " is not");
    return std::nullopt;
  }
  return *std::move(number);
}

void ReadStates(ValueReader& reader, const Node& value, ModelBlock& block) {
  if (!reader.IsList(value, "names of states")) {
    return;
  }
  for (const Node* const item : value.items) {
    const auto state = reader.NonEmptyText(*item);
    if (state &&
        std::find(block.states.begin(), block.states.end(), *state) != block.states.end()) {
      reader.Wrong(*item, "has the state " + Quoted(*state) + " twice");
    } else if (state) {
      block.states.push_back(*state);
    }
  }
}

void ReadThresholds(ValueReader& reader, const Node& value, ModelBlock& block) {
  if (!reader.IsList(value, "numbers")) {
    return;
  }
  for (const Node* const item : value.items) {
    const auto number = ReadNumber(reader, *item);
    if (number && !block.thresholds.empty() && *number <= block.thresholds.back()) {
      reader.Wrong(*item, "must ascend");
    } else if (number) {
      block.thresholds.push_back(*number);
    }
  }
}

void ReadEvery(ValueReader& reader, const Node& value, ModelBlock& block) {
  const auto every = reader.Duration(value);
  if (every && (*every < base::Seconds(1) || *every % base::Seconds(1) != base::Milliseconds(0))) {
    reader.Wrong(value, "must be whole seconds", "a multiple of the job's period, such as 24h");
    return;
  }
  block.every = every ? std::chrono::duration_cast<base::Seconds>(*every) : block.every;
}

constexpr std::array<Field<ModelBlock>, 18> kBlock{{
    {"name", [](ValueReader& reader, const Node& value,
                ModelBlock& block) { block.name = reader.NonEmptyText(value).value_or(""); }},
    {"model", ReadTag},
    {"score", [](ValueReader& reader, const Node& value,
                 ModelBlock& block) { ReadChoice(reader, value, kScores, block.score); }},
    {"input", ReadModelInput},
    {"steps_back",
     [](ValueReader& reader, const Node& value, ModelBlock& block) {
       block.steps_back =
           static_cast<int>(reader.Integer(value, 1, kMostSteps).value_or(block.steps_back));
     }},
    {"horizon",
     [](ValueReader& reader, const Node& value, ModelBlock& block) {
       block.horizon =
           static_cast<int>(reader.Integer(value, 1, kMostSteps).value_or(block.horizon));
     }},
    {"combine", [](ValueReader& reader, const Node& value,
                   ModelBlock& block) { ReadChoice(reader, value, kCombines, block.combine); }},
    {"every", ReadEvery},
    {"missing", [](ValueReader& reader, const Node& value,
                   ModelBlock& block) { ReadChoice(reader, value, kGaps, block.missing); }},
    {"type", [](ValueReader& reader, const Node& value,
                ModelBlock& block) { ReadChoice(reader, value, kTypes, block.type); }},
    {"states", ReadStates},
    {"thresholds", ReadThresholds},
    {"minimum", [](ValueReader& reader, const Node& value,
                   ModelBlock& block) { block.minimum = ReadNumber(reader, value); }},
    {"maximum", [](ValueReader& reader, const Node& value,
                   ModelBlock& block) { block.maximum = ReadNumber(reader, value); }},
    {"on_error", [](ValueReader& reader, const Node& value,
                    ModelBlock& block) { ReadChoice(reader, value, kOnErrors, block.on_error); }},
    {"interval", [](ValueReader& reader, const Node& value,
                    ModelBlock& block) { block.interval = reader.Bool(value).value_or(false); }},
    {"unit", [](ValueReader& reader, const Node& value,
                ModelBlock& block) { block.unit = reader.NonEmptyText(value).value_or(""); }},
    {"help", [](ValueReader& reader, const Node& value,
                ModelBlock& block) { block.help = reader.Text(value).value_or(""); }},
}};

/// What must hold between the keys of a block.
class BlockChecks {
 public:
  BlockChecks(const ModelBlock& block, const Node& map, std::string subject, Problems& problems)
      : block_(block), map_(map), subject_(std::move(subject)), problems_(problems) {}

  void Run() {
    const bool has_score = block_.score != AnomalyScore::kNone;
    if (Find(map_, "model") == nullptr && Find(map_, "score") == nullptr) {
      Wrong("model", "has neither a model nor a score", "model: NAME, or score: zscore | mad");
    } else if (Find(map_, "model") != nullptr && Find(map_, "score") != nullptr) {
      Wrong("score", "has a model and a score: one of them predicts");
    }
    if (has_score) {
      CheckScore();
    }
    if (block_.type == OutputType::kEnum) {
      CheckStates();
    } else if (Find(map_, "states") != nullptr || Find(map_, "thresholds") != nullptr) {
      Wrong("states", "has states or thresholds, which only type: enum has");
    }
    if (block_.minimum && block_.maximum && *block_.maximum < *block_.minimum) {
      Wrong("maximum", "has a maximum below its minimum");
    }
    if (block_.interval && block_.horizon > 1 && block_.combine != StepsTo::kLast) {
      Wrong("interval", "has an interval of a combination of steps, which no model gives",
            "combine: last, or horizon: 1");
    }
  }

 private:
  void CheckScore() {
    if (block_.horizon != 1) {
      Wrong("horizon", "looks ahead, but a score speaks of the newest period");
    }
    if (block_.interval) {
      Wrong("interval", "asks for an interval, which a score does not have");
    }
    if (block_.steps_back < 3) {
      Wrong("steps_back", "looks at too few periods for a score: at least 3");
    }
  }

  void CheckStates() {
    if (block_.states.size() < 2) {
      Wrong("states", "is an enum and needs at least two states");
    }
    if (!block_.thresholds.empty() && block_.thresholds.size() + 1 != block_.states.size()) {
      Wrong("thresholds",
            "has " + std::to_string(block_.states.size()) + " states and " +
                std::to_string(block_.thresholds.size()) + " thresholds between them",
            "one threshold less than states; none where a prediction is the number of its state");
    }
  }

  void Wrong(std::string_view key, std::string_view what, std::string hint = {}) {
    const Node* const value = Find(map_, key);
    problems_.Error(value == nullptr ? map_.place : value->place,
                    subject_ + " " + std::string(what), std::move(hint));
  }

  const ModelBlock& block_;
  const Node& map_;
  const std::string subject_;
  Problems& problems_;
};

template <typename Item, typename Text>
std::string ListOf(const std::vector<Item>& items, const Text& text_of) {
  std::string list;
  for (const Item& item : items) {
    list += (list.empty() ? "[" : ", ") + text_of(item);
  }
  return list + "]";
}

void ReadBlock(ValueReader& reader, const Node& value, metering::MetricSpec& spec) {
  if (!reader.IsMap(value)) {
    return;
  }
  const std::string subject = "model of metric " + Quoted(spec.metric);
  ModelBlock block;
  reader.ReadMap<ModelBlock>(value, subject, {kBlock}, block);
  BlockChecks(block, value, subject, reader.problems()).Run();
  spec.models.push_back(std::move(block));
}

}  // namespace

void ReadModelBlocks(ValueReader& reader, const Node& value, metering::MetricSpec& spec) {
  if (value.kind != NodeKind::kSequence) {
    ReadBlock(reader, value, spec);
    return;
  }
  if (value.items.empty()) {
    reader.Wrong(value, "has no model");
  }
  for (const Node* const item : value.items) {
    ReadBlock(reader, *item, spec);
  }
}

std::string ToDefinition(const ModelBlock& block) {
  const ModelBlock defaults;
  std::string text;
  const auto add = [&text](std::string_view key, const std::string& value) {
    text += (text.empty() ? "{" : ", ") + std::string(key) + ": " + value;
  };
  const auto add_text = [&add](std::string_view key, const std::string& value) {
    if (!value.empty()) {
      add(key, DoubleQuoted(value));
    }
  };
  const auto add_choice = [&add](std::string_view key, const auto& words, auto choice,
                                 auto unless) {
    for (const auto& [name, one] : words) {
      if (one == choice && choice != unless) {
        add(key, std::string(name));
      }
    }
  };
  add_text("name", block.name);
  add_text("model", block.model);
  add_choice("score", kScores, block.score, defaults.score);
  if (block.input) {
    add("input", ToDefinition(*block.input));
  }
  add("steps_back", std::to_string(block.steps_back));
  add("horizon", std::to_string(block.horizon));
  add_choice("combine", kCombines, block.combine, defaults.combine);
  if (block.every != defaults.every) {
    add("every", std::to_string(block.every.count()) + "s");
  }
  add_choice("missing", kGaps, block.missing, defaults.missing);
  add_choice("type", kTypes, block.type, defaults.type);
  if (!block.states.empty()) {
    add("states",
        ListOf(block.states, [](const std::string& state) { return DoubleQuoted(state); }));
  }
  if (!block.thresholds.empty()) {
    add("thresholds",
        ListOf(block.thresholds, [](const base::Decimal& number) { return number.ToText(); }));
  }
  if (block.minimum) {
    add("minimum", block.minimum->ToText());
  }
  if (block.maximum) {
    add("maximum", block.maximum->ToText());
  }
  add_choice("on_error", kOnErrors, block.on_error, defaults.on_error);
  if (block.interval) {
    add("interval", "true");
  }
  add_text("unit", block.unit);
  add_text("help", block.help);
  return text + "}";
}

void AppendModelKeys(std::vector<std::string>& keys) {
  AppendKeys<ModelBlock>("metrics.<metric>.model.", kBlock, keys);
  AppendModelInputKeys(keys);
}

}  // namespace promtally::config
