// SPDX-License-Identifier: Apache-2.0
#include "web/status_routes.h"

#include <filesystem>
#include <system_error>

#include "web/body_value.h"
#include "web/router.h"

namespace promtally::web {
namespace {

/// Texts by name, as JSON; truth values are told by their type.
class Data {
 public:
  Data& Text(std::string_view name, std::string_view value) {
    Name(name);
    AppendJsonText(json_, value);
    return *this;
  }
  Data& Bool(std::string_view name, bool value) {
    Name(name);
    json_ += value ? "true" : "false";
    return *this;
  }
  /// In Prometheus' envelope.
  [[nodiscard]] Response ToResponse() const {
    return JsonResponse(200, R"({"status":"success","data":{)" + json_ + "}}");
  }

 private:
  void Name(std::string_view name) {
    json_ += json_.empty() ? "" : ",";
    AppendJsonText(json_, name);
    json_ += ':';
  }
  std::string json_;
};

}  // namespace

Response ConfigResponse(const StatusFacts& facts) {
  return Data().Text("yaml", facts.config_yaml).ToResponse();
}

Response FlagsResponse(const StatusFacts& facts) {
  Data data;
  for (const auto& [name, value] : facts.flags) {
    data.Text(name, value);
  }
  return data.ToResponse();
}

Response BuildInfoResponse(const StatusFacts& facts) {
  return Data()
      .Text("version", facts.build.version)
      .Text("revision", facts.build.revision)
      .Text("branch", facts.build.branch)
      .Text("buildDate", facts.build.date)
      .Text("compiler", facts.build.compiler)
      .Text("buildType", facts.build.build_type)
      .Text("features", facts.build.features)
      .ToResponse();
}

Response RuntimeInfoResponse(const StatusFacts& facts) {
  std::error_code error;
  const auto now = std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
  return Data()
      .Text("startTime", base::ToText(facts.started))
      .Text("CWD", std::filesystem::current_path(error).string())
      .Text("serverTime", base::ToText(now))
      .Bool("reloadConfigSuccess", facts.reload_successful)
      .Text("lastConfigTime", base::ToText(facts.config_loaded))
      .ToResponse();
}

}  // namespace promtally::web
