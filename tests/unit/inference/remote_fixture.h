// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include "inference/remote_model.h"
#include "support/fake_server.h"

namespace promtally::inference {

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

/// Waits that a test can read, and a clock that goes on with them alone.
struct FakeTime {
  std::chrono::steady_clock::time_point now{};
  std::vector<base::Milliseconds> sleeps;

  [[nodiscard]] RemoteServer::Waiting Waiting() {
    return {[this] { return now; },
            [this](base::Milliseconds time) {
              sleeps.push_back(time);
              now += time;
            }};
  }
};

inline Rows RowsOf(std::size_t columns, std::vector<double> values) {
  return Rows{columns, {}, std::move(values)};
}

/// A server of the Open Inference Protocol with one model: answers infer requests by `infer`.
struct OipScript {
  std::string metadata =
      R"({"name":"lags","versions":["1"],"inputs":[{"name":"input_series","datatype":"FP32",)"
      R"("shape":[-1,3]}],"outputs":[{"name":"predict","datatype":"FP32","shape":[-1,1]}]})";
  int ready = 200;
  std::function<test::Reply(const test::SeenRequest&)> infer;

  test::Reply operator()(const test::SeenRequest& request) const {
    if (request.target == "/v2/models/lags/ready") {
      return test::Reply::Of(ready, "");
    }
    if (request.target == "/v2/models/lags") {
      return test::Reply::Of(200, metadata);
    }
    if (request.target == "/v2/models/lags/infer" && infer) {
      return infer(request);
    }
    return test::Reply::Of(404, R"({"error":"nothing here"})");
  }
};

inline config::RemoteModelSettings Settings(const test::FakeServer& server,
                                            config::RemoteModelType type) {
  config::RemoteModelSettings settings;
  settings.name = "remote";
  settings.type = type;
  settings.url = server.url();
  settings.model = "lags";
  settings.timeout = base::Milliseconds(10'000);
  return settings;
}

/// How many of the requests were for `target`.
inline std::size_t Asked(const test::FakeServer& server, const std::string& target) {
  std::size_t count = 0;
  for (const test::SeenRequest& request : server.requests()) {
    count += request.target == target ? 1U : 0U;
  }
  return count;
}

}  // namespace promtally::inference
