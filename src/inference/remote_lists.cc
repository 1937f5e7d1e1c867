// SPDX-License-Identifier: Apache-2.0
// MLflow's scoring server, and the protocol of KServe v1 and TensorFlow Serving: rows go out as
// nested lists, predictions come back as one list.
#include <utility>

#include <nlohmann/json.hpp>

#include "inference/predicted_values.h"
#include "inference/remote_protocol.h"
#include "inference/remote_rows.h"
#include "net/url.h"
#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using config::RemoteModelSettings;
using nlohmann::json;

base::Error Bad(const std::string& what) { return {base::ErrorCode::kParse, what}; }

base::Result<json> PredictionsOf(const RemoteAnswer& answer) {
  base::Result<json> read = ParseAnswer(answer.body);
  if (!read) {
    return read;
  }
  const auto predictions = read->is_object() ? read->find("predictions") : read->end();
  if (!read->is_object() || predictions == read->end()) {
    return tl::unexpected(Bad("the answer has no predictions"));
  }
  return *predictions;
}

class MlflowProtocol : public RemoteProtocol {
 public:
  explicit MlflowProtocol(RemoteModelSettings settings) : settings_(std::move(settings)) {}

  base::Result<RemoteDescription> Describe(RemoteServer& server) const override {
    const base::Result<RemoteAnswer> ping = server.Call({"/ping", "", "", {}, {}, {}});
    if (!ping) {
      return tl::unexpected(ping.error());
    }
    if (!ping->Succeeded()) {
      return base::Fail(base::ErrorCode::kRejected,
                        "the server is not ready: GET /ping: " + FailureText(*ping));
    }
    return RemoteDescription{};
  }

  base::Result<RemoteRequest> Encode(const RemoteDescription&,
                                     const RemoteBatch& batch) const override {
    std::string columns;
    for (const std::string& name : batch.rows.names) {
      columns += (columns.empty() ? "\"columns\":[" : ",") + JsonQuoted(name);
    }
    columns += columns.empty() ? "" : "],";
    RemoteRequest request;
    request.path = "/invocations";
    request.content_type = "application/json";
    request.body = "{\"dataframe_split\":{" + columns + "\"data\":" + NestedRows(batch.rows) + "}}";
    request.headers.emplace_back("X-Request-Id", batch.id);
    return request;
  }

  base::Result<std::vector<Prediction>> Decode(const RemoteDescription&, const RemoteAnswer& answer,
                                               const RemoteBatch& batch) const override {
    const base::Result<json> predictions = PredictionsOf(answer);
    return predictions
               ? ItemPerRow(*predictions, batch.rows.size(), settings_.output, settings_.version)
               : tl::unexpected(predictions.error());
  }

 private:
  const RemoteModelSettings settings_;
};

class KserveProtocol : public RemoteProtocol {
 public:
  explicit KserveProtocol(RemoteModelSettings settings) : settings_(std::move(settings)) {}

  base::Result<RemoteDescription> Describe(RemoteServer& server) const override {
    const base::Result<RemoteAnswer> answer = server.Call({Path(), "", "", {}, {}, {}});
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    const std::string model = "model \"" + settings_.model + "\"";
    if (answer->status == 404) {
      return base::Fail(base::ErrorCode::kNotFound,
                        "the server has no " + model + " (" + FailureText(*answer) + ")");
    }
    const json said = json::parse(answer->body, nullptr, false);
    if (!answer->Succeeded() || SaysNotReady(said)) {
      return base::Fail(base::ErrorCode::kRejected,
                        model + " is not ready (" + FailureText(*answer) + ")");
    }
    RemoteDescription description;
    description.versions = ReadyVersions(said);
    return description;
  }

  base::Result<RemoteRequest> Encode(const RemoteDescription&,
                                     const RemoteBatch& batch) const override {
    RemoteRequest request;
    request.path = Path() + ":predict";
    request.content_type = "application/json";
    request.body = "{\"instances\":" + NestedRows(batch.rows) + "}";
    request.headers.emplace_back("X-Request-Id", batch.id);
    return request;
  }

  base::Result<std::vector<Prediction>> Decode(const RemoteDescription& description,
                                               const RemoteAnswer& answer,
                                               const RemoteBatch& batch) const override {
    const base::Result<json> predictions = PredictionsOf(answer);
    if (!predictions) {
      return tl::unexpected(predictions.error());
    }
    const bool known = settings_.version.empty() && description.versions.size() == 1;
    return ItemPerRow(*predictions, batch.rows.size(), settings_.output,
                      known ? description.versions.front() : settings_.version);
  }

 private:
  [[nodiscard]] std::string Path() const {
    const std::string path = "/v1/models/" + net::PathEncode(settings_.model);
    return settings_.version.empty() ? path
                                     : path + "/versions/" + net::PathEncode(settings_.version);
  }

  /// KServe says `"ready":false` (in older versions as text).
  static bool SaysNotReady(const json& said) {
    if (!said.is_object()) {
      return false;
    }
    const auto ready = said.find("ready");
    const auto versions = said.find("model_version_status");
    return (ready != said.end() && (*ready == json(false) || *ready == json("False"))) ||
           (versions != said.end() && ReadyVersions(said).empty());
  }

  /// TensorFlow Serving lists versions with their states.
  static std::vector<std::string> ReadyVersions(const json& said) {
    std::vector<std::string> ready;
    const auto versions = said.is_object() ? said.find("model_version_status") : said.end();
    if (!said.is_object() || versions == said.end() || !versions->is_array()) {
      return ready;
    }
    for (const json& one : *versions) {
      if (one.is_object() && one.value("state", json()) == json("AVAILABLE") &&
          one.value("version", json()).is_string()) {
        ready.push_back(base::OneLine(one["version"].get<std::string>()));
      }
    }
    return ready;
  }

  const RemoteModelSettings settings_;
};

}  // namespace

std::unique_ptr<RemoteProtocol> MakeMlflowProtocol(const RemoteModelSettings& settings) {
  return std::make_unique<MlflowProtocol>(settings);
}

std::unique_ptr<RemoteProtocol> MakeKserveProtocol(const RemoteModelSettings& settings) {
  return std::make_unique<KserveProtocol>(settings);
}

}  // namespace promtally::inference
