// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "net/http_client.h"
#include "promtally/base/time.h"
#include "source/source.h"
#include "source/vector_decoder.h"

namespace promtally::source {

/// One request to the HTTP API below a source's URL.
struct ApiRequest {
  explicit ApiRequest(std::string api_path) : path(std::move(api_path)) {}
  std::string path;    ///< `/api/v1/…`
  std::string fields;  ///< form-encoded; in the body of a POST, else in the URL
  bool post = false;   ///< GET where the server refuses POST
  std::uint64_t byte_limit = 1U << 20U;
  base::Milliseconds timeout{10000};  ///< at most the source's own
  std::optional<RawDecoding> raw;     ///< the answer is raw samples
};
using ApiAnswered = std::function<void(net::HttpResponse, DecodedAnswer)>;
using ApiCall = std::function<void(const ApiRequest&, ApiAnswered)>;

/// Finds out by a few requests, one after the other, which server answers and whether its windows
/// are closed at both ends. The edge is probed by a query that needs no data, never derived from a
/// version: Thanos and VictoriaMetrics tell versions that look like an old Prometheus. The version
/// stays empty for VictoriaMetrics, whose build information is a constant.
///
/// `done` comes once, on the thread of the answers; what could not be had is unknown. A connection
/// error or time-out ends the questions; at the first one the server is not reachable.
void IdentifyServer(ApiCall call, base::Instant now, std::function<void(ServerIdentity)> done);

/// Unix seconds as the API takes them: `1748743200`, `1748743200.250`.
[[nodiscard]] std::string UnixText(base::Instant time);

}  // namespace promtally::source
