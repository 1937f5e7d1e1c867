// SPDX-License-Identifier: Apache-2.0
#include "config/remote_models.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "config/http_reader.h"
#include "config/json_template.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMostRetries = 10;
constexpr std::int64_t kMostBatchRows = 10'000'000;

constexpr std::array<const char*, 6> kTypes{"oip_v2",    "oip_v2_binary", "mlflow",
                                            "kserve_v1", "template",      "icos"};
constexpr std::array<const char*, 5> kPolicies{"refuse", "drop", "hold", "mask", "nan"};

/// One of the words of an enumeration whose values count from 0.
template <typename Enum, std::size_t kCount>
void ReadWord(ValueReader& reader, const Node& value, const std::array<const char*, kCount>& words,
              Enum& target) {
  if (const auto word = reader.OneOf(value, {words.begin(), words.end()})) {
    const auto at = std::find(words.begin(), words.end(), *word);
    target = static_cast<Enum>(at - words.begin());
  }
}

bool IsModelName(std::string_view text) {
  return !text.empty() && text.front() != '.' &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
             std::string_view::npos;
}

void ReadName(ValueReader& reader, const Node& value, RemoteModelSettings& model) {
  const std::optional<std::string> name = reader.NonEmptyText(value);
  if (name && !IsModelName(*name)) {
    reader.Wrong(value, "has " + Quoted(*name) + ", which is no model's name",
                 "letters, digits, _, - and ., no dot first");
  } else {
    model.name = name.value_or(model.name);
  }
}

/// A version is text; a whole number without quotes means the same.
void ReadVersion(ValueReader& reader, const Node& value, RemoteModelSettings& model) {
  const std::optional<Scalar> scalar = reader.AnyScalar(value, "text such as '1'");
  if (!scalar) {
    return;
  }
  if (scalar->kind != ScalarKind::kText && scalar->kind != ScalarKind::kInteger) {
    reader.Wrong(value, "must be text", "put it in quotes: '" + scalar->text + "'");
    return;
  }
  model.version = scalar->text;
}

void ReadTimeout(ValueReader& reader, const Node& value, RemoteModelSettings& model) {
  const auto timeout = reader.Duration(value);
  if (timeout && timeout->count() == 0) {
    reader.Wrong(value, "must be more than 0s");
  } else {
    model.timeout = timeout.value_or(model.timeout);
  }
}

/// A path below the URL.
void ReadPath(ValueReader& reader, const Node& value, std::string& target) {
  const std::optional<std::string> path = reader.NonEmptyText(value);
  if (path && (!path->starts_with('/') || path->find_first_of("# ") != std::string::npos)) {
    reader.Wrong(value, "must be a path that starts with /, without # and blanks",
                 "such as /predict");
  } else {
    target = path.value_or(target);
  }
}

void ReadPointer(ValueReader& reader, const Node& value, RemoteModelSettings& model) {
  const std::optional<std::string> pointer = reader.Text(value);
  if (!pointer) {
    return;
  }
  bool good = pointer->empty() || pointer->starts_with('/');
  for (std::size_t at = pointer->find('~'); at != std::string::npos && good;
       at = pointer->find('~', at + 1)) {
    const char next = at + 1 < pointer->size() ? (*pointer)[at + 1] : ' ';
    good = next == '0' || next == '1';
  }
  if (!good) {
    reader.Wrong(value, "has " + Quoted(*pointer) + ", which is no JSON Pointer",
                 "such as /predictions, or '' for the whole answer");
    return;
  }
  model.response = *pointer;
}

void ReadRequest(ValueReader& reader, const Node& value, RemoteModelSettings& model) {
  const std::optional<std::string> json = JsonTemplate(reader, value);
  if (!json) {
    return;
  }
  if (CountPlaces(*json, "rows") + CountPlaces(*json, "row") != 1) {
    reader.Wrong(value, "must have one text that is $rows, or $row",
                 "such as {inputs: $rows}; $row stands for one row, and each row is asked alone");
    return;
  }
  model.request = *json;
}

template <std::string RemoteModelSettings::*Member>
void ReadInto(ValueReader& reader, const Node& value, RemoteModelSettings& model) {
  model.*Member = reader.NonEmptyText(value).value_or(model.*Member);
}

constexpr std::array<Field<RemoteModelSettings>, 15> kModel{{
    {"name", ReadName},
    {"type", [](ValueReader& reader, const Node& value,
                RemoteModelSettings& model) { ReadWord(reader, value, kTypes, model.type); }},
    {"url", [](ValueReader& reader, const Node& value,
               RemoteModelSettings& model) { model.url = ReadUrl(reader, value).value_or(""); }},
    {"model", ReadInto<&RemoteModelSettings::model>},
    {"version", ReadVersion},
    {"input", ReadInto<&RemoteModelSettings::input>},
    {"output", ReadInto<&RemoteModelSettings::output>},
    {"missing",
     [](ValueReader& reader, const Node& value, RemoteModelSettings& model) {
       ReadWord(reader, value, kPolicies, model.missing);
     }},
    {"timeout", ReadTimeout},
    {"retries",
     [](ValueReader& reader, const Node& value, RemoteModelSettings& model) {
       model.retries =
           static_cast<int>(reader.Integer(value, 0, kMostRetries).value_or(model.retries));
     }},
    {"max_batch_rows",
     [](ValueReader& reader, const Node& value, RemoteModelSettings& model) {
       if (const auto rows = reader.Integer(value, 1, kMostBatchRows)) {
         model.max_batch_rows = static_cast<std::size_t>(*rows);
       }
     }},
    {"path", [](ValueReader& reader, const Node& value,
                RemoteModelSettings& model) { ReadPath(reader, value, model.path); }},
    {"request", ReadRequest},
    {"response", ReadPointer},
    {"ready", [](ValueReader& reader, const Node& value,
                 RemoteModelSettings& model) { ReadPath(reader, value, model.ready); }},
}};

void Need(const Node& map, std::string_view key, std::string_view type, std::string_view hint,
          Problems& problems) {
  if (Find(map, key) == nullptr) {
    problems.Error(map.place,
                   "the remote model has no \"" + std::string(key) + "\"" +
                       (type.empty() ? "" : ", which the type " + std::string(type) + " needs"),
                   std::string(hint));
  }
}

/// Keys that mean something to some types only.
void CheckKeys(const Node& map, const RemoteModelSettings& model, Problems& problems) {
  const std::string type = ToText(model.type);
  const auto refuse = [&](std::string_view key) {
    if (const Node* const node = FindKey(map, key)) {
      problems.Error(node->place, "\"" + std::string(key) + "\" means nothing to the type " + type);
    }
  };
  const bool tensors =
      model.type == RemoteModelType::kOipV2 || model.type == RemoteModelType::kOipV2Binary;
  if (model.type == RemoteModelType::kTemplate) {
    Need(map, "request", type, "such as request: {inputs: $rows}", problems);
    Need(map, "response", type, "a JSON Pointer such as /predictions", problems);
  } else {
    for (const std::string_view key : {"path", "request", "response", "ready"}) {
      refuse(key);
    }
    if (model.type != RemoteModelType::kMlflow) {
      Need(map, "model", type, "the model's name on the server", problems);
    }
  }
  if (!tensors && model.type != RemoteModelType::kIcos) {
    refuse("input");
  }
  if (model.type == RemoteModelType::kTemplate || model.type == RemoteModelType::kIcos) {
    refuse("output");
  }
  const Node* const missing = Find(map, "missing");
  if (missing != nullptr && model.missing == MissingPolicy::kNan &&
      model.type != RemoteModelType::kOipV2Binary) {
    problems.Error(missing->place, "\"missing\" is nan, and " + type + " cannot carry NaN",
                   "allowed: refuse, drop, hold" + std::string(tensors ? ", mask" : ""));
  }
  if (missing != nullptr && model.missing == MissingPolicy::kMask && !tensors) {
    problems.Error(missing->place, "\"missing\" is mask, and " + type + " has no second tensor",
                   "allowed: refuse, drop, hold");
  }
}

}  // namespace

const char* ToText(RemoteModelType type) { return kTypes[static_cast<std::size_t>(type)]; }
const char* ToText(MissingPolicy policy) { return kPolicies[static_cast<std::size_t>(policy)]; }

void ReadRemoteModels(ValueReader& reader, const Node& value,
                      std::vector<RemoteModelSettings>& models) {
  if (!reader.IsList(value, "remote models")) {
    return;
  }
  std::unordered_set<std::string> names;
  for (const Node* const item : value.items) {
    if (!reader.IsMap(*item)) {
      continue;
    }
    RemoteModelSettings model;
    reader.ReadMap<RemoteModelSettings>(*item, "models.remote[]",
                                        {kModel, HttpFields<RemoteModelSettings>::kTable}, model);
    CheckHttpClient(*item, reader.problems());
    Need(*item, "name", "", "such as name: lags_remote", reader.problems());
    Need(*item, "type", "", "one of oip_v2, oip_v2_binary, mlflow, kserve_v1, template, icos",
         reader.problems());
    Need(*item, "url", "", "such as url: http://localhost:8080", reader.problems());
    CheckKeys(*item, model, reader.problems());
    if (!model.name.empty() && !names.insert(model.name).second) {
      reader.problems().Error(Find(*item, "name")->place,
                              "two remote models have the name " + Quoted(model.name),
                              "give each a \"name\" of its own");
    }
    models.push_back(std::move(model));
  }
}

void AppendRemoteModelKeys(std::vector<std::string>& keys) {
  AppendKeys<RemoteModelSettings>("models.remote[].", kModel, keys);
  AppendKeys<RemoteModelSettings>("models.remote[].", HttpFields<RemoteModelSettings>::kTable,
                                  keys);
  AppendHttpKeys("models.remote[].", keys);
}

}  // namespace promtally::config
