// SPDX-License-Identifier: Apache-2.0
#include "source/store_list.h"

#include <exception>
#include <utility>

#include <boost/json.hpp>

#include "promtally/base/labels.h"
#include "promtally/promql/expression.h"
#include "source/classify.h"

namespace promtally::source {
namespace {

namespace json = boost::json;

constexpr std::size_t kHeadBytes = 512;

std::string Text(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

/// `{replica="a",store="b"}`
std::string LabelSetText(const json::value& value) {
  base::LabelSet labels;
  for (const auto& [name, label] : value.as_object()) {
    labels.emplace_back(std::string(name.data(), name.size()), Text(label));
  }
  std::string text;
  for (const auto& [name, label] : base::MakeLabelSet(std::move(labels))) {
    text += (text.empty() ? "" : ",") + name + "=" + promql::Quote(label);
  }
  return "{" + text + "}";
}

Store StoreOf(const json::object& entry) {
  Store store;
  store.name = Text(entry.at("name"));
  if (const json::value* const error = entry.if_contains("lastError");
      error != nullptr && !error->is_null()) {
    store.last_error = error->is_string() ? Text(*error) : json::serialize(*error);
    store.answers = false;
  }
  const json::value* const label_sets = entry.if_contains("labelSets");
  if (label_sets != nullptr && !label_sets->is_null()) {
    for (const json::value& labels : label_sets->as_array()) {
      store.label_sets.push_back(LabelSetText(labels));
    }
  }
  return store;
}

QueryFailure Unknown(std::string_view why) {
  QueryFailure failure;
  failure.disposition = Disposition::kOpen;
  failure.reason = "partial";
  failure.detail = OneLine("whether a store is missing cannot be told: " + std::string(why));
  return failure;
}

}  // namespace

base::Result<std::vector<Store>> DecodeStores(std::string_view body) {
  try {
    const json::value document = json::parse({body.data(), body.size()});
    const json::object& top = document.as_object();
    if (Text(top.at("status")) != "success") {
      return base::Fail(base::ErrorCode::kInvalidArgument, "the list of stores has no success");
    }
    std::vector<Store> stores;
    for (const auto& kind : top.at("data").as_object()) {
      if (kind.value().is_null()) {
        continue;
      }
      for (const json::value& entry : kind.value().as_array()) {
        stores.push_back(StoreOf(entry.as_object()));
      }
    }
    return stores;
  } catch (const std::exception& error) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      std::string("the list of stores is not as it should be: ") + error.what());
  }
}

StoreList JudgeStores(const net::HttpResponse& response, const std::string& body,
                      base::Instant now) {
  StoreList list;
  if (response.error != net::TransferError::kNone || response.status != 200) {
    DecodedAnswer answer;
    answer.head = body.substr(0, kHeadBytes);
    list.failure = Classify(response, answer, Expect::kNames, now);
    if (list.failure->disposition != Disposition::kRetry) {
      list.failure = Unknown(list.failure->detail);
    }
    return list;
  }
  base::Result<std::vector<Store>> stores = DecodeStores(body);
  if (stores) {
    list.stores = *std::move(stores);
  } else {
    list.failure = Unknown(stores.error().message);
  }
  return list;
}

}  // namespace promtally::source
