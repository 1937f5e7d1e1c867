// SPDX-License-Identifier: Apache-2.0
#include "web/status_routes.h"

#include <filesystem>
#include <system_error>

#include <nlohmann/json.hpp>

namespace promtally::web {
namespace {

using nlohmann::ordered_json;

Response Success(ordered_json data) {
  const ordered_json envelope = {{"status", "success"}, {"data", std::move(data)}};
  Response response =
      TextResponse(200, envelope.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  response.content_type = "application/json";
  return response;
}

}  // namespace

Response ConfigResponse(const StatusFacts& facts) { return Success({{"yaml", facts.config_yaml}}); }

Response FlagsResponse(const StatusFacts& facts) {
  ordered_json flags = ordered_json::object();
  for (const auto& [name, value] : facts.flags) {
    flags[name] = value;
  }
  return Success(std::move(flags));
}

Response BuildInfoResponse(const StatusFacts& facts) {
  return Success({{"version", facts.build.version},
                  {"revision", facts.build.revision},
                  {"branch", facts.build.branch},
                  {"buildDate", facts.build.date},
                  {"compiler", facts.build.compiler},
                  {"buildType", facts.build.build_type},
                  {"features", facts.build.features}});
}

Response RuntimeInfoResponse(const StatusFacts& facts) {
  std::error_code error;
  const auto now = std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
  return Success({{"startTime", base::ToText(facts.started)},
                  {"CWD", std::filesystem::current_path(error).string()},
                  {"serverTime", base::ToText(now)},
                  {"reloadConfigSuccess", facts.reload_successful},
                  {"lastConfigTime", base::ToText(facts.config_loaded)}});
}

}  // namespace promtally::web
