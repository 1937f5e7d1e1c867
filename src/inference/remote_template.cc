// SPDX-License-Identifier: Apache-2.0
// Any JSON over HTTP: the request is a template, the predictions are where a JSON Pointer (RFC
// 6901) says.
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "inference/predicted_values.h"
#include "inference/remote_protocol.h"
#include "inference/remote_rows.h"
#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using config::RemoteModelSettings;
using nlohmann::json;

/// Replaces each JSON text that is exactly `$word`; a member's name is left as it is.
void Replace(std::string& text, const std::string& word, const std::string& by) {
  const std::string wanted = "\"$" + word + "\"";
  for (std::size_t at = text.find(wanted); at != std::string::npos;) {
    const bool inside = at > 0 && text[at - 1] == '\\';
    if (inside || text.compare(at + wanted.size(), 1, ":") == 0) {
      at = text.find(wanted, at + 1);
      continue;
    }
    text.replace(at, wanted.size(), by);
    at = text.find(wanted, at + by.size());
  }
}

class TemplateProtocol : public RemoteProtocol {
 public:
  explicit TemplateProtocol(RemoteModelSettings settings)
      : settings_(std::move(settings)),
        one_row_(settings_.request.find("\"$rows\"") == std::string::npos) {}

  base::Result<RemoteDescription> Describe(RemoteServer& server) const override {
    if (settings_.ready.empty()) {
      return RemoteDescription{};
    }
    const base::Result<RemoteAnswer> answer = server.Call({settings_.ready, "", "", {}, {}, {}});
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    if (!answer->Succeeded()) {
      return base::Fail(
          base::ErrorCode::kRejected,
          "the model is not ready: GET " + settings_.ready + ": " + FailureText(*answer));
    }
    return RemoteDescription{};
  }

  std::size_t max_rows() const override {
    return one_row_ ? 1 : std::numeric_limits<std::size_t>::max();
  }

  base::Result<RemoteRequest> Encode(const RemoteDescription&,
                                     const RemoteBatch& batch) const override {
    std::string body = settings_.request;
    std::string names = "[";
    for (const std::string& name : batch.rows.names) {
      names += (names.size() > 1 ? "," : "") + JsonQuoted(name);
    }
    // Texts of ours first: what a name says is not looked at again.
    Replace(body, "model", JsonQuoted(settings_.model));
    Replace(body, "version", JsonQuoted(settings_.version));
    Replace(body, "id", JsonQuoted(batch.id));
    Replace(body, "count", std::to_string(batch.rows.size()));
    if (one_row_) {
      std::string row;
      AppendList(row, batch.rows.row(0));
      Replace(body, "row", row);
    } else {
      Replace(body, "rows", NestedRows(batch.rows));
    }
    Replace(body, "columns", names + "]");
    RemoteRequest request;
    request.path = settings_.path;
    request.content_type = "application/json";
    request.body = std::move(body);
    return request;
  }

  base::Result<std::vector<Prediction>> Decode(const RemoteDescription&, const RemoteAnswer& answer,
                                               const RemoteBatch& batch) const override {
    base::Result<json> read = ParseAnswer(answer.body);
    if (!read) {
      return tl::unexpected(read.error());
    }
    const base::Result<json> found = At(*read);
    if (!found) {
      return tl::unexpected(found.error());
    }
    const json list = one_row_ ? json::array({*found}) : *found;
    return ItemPerRow(list, batch.rows.size(), settings_.output, settings_.version);
  }

 private:
  [[nodiscard]] base::Result<json> At(const json& answer) const {
    try {
      return answer.at(json::json_pointer(settings_.response));
    } catch (const json::exception&) {
      return base::Fail(base::ErrorCode::kParse,
                        "the answer has nothing at \"" + base::OneLine(settings_.response) + "\"");
    }
  }

  const RemoteModelSettings settings_;
  const bool one_row_;
};

}  // namespace

std::unique_ptr<RemoteProtocol> MakeTemplateProtocol(const RemoteModelSettings& settings) {
  return std::make_unique<TemplateProtocol>(settings);
}

}  // namespace promtally::inference
