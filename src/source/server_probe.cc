// SPDX-License-Identifier: Apache-2.0
#include "source/server_probe.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "net/url.h"
#include "promtally/base/time.h"
#include "source/classify.h"

namespace promtally::source {
namespace {

const std::string* FindMember(const DecodedAnswer& answer, std::string_view name) {
  const auto found = std::find_if(answer.members.begin(), answer.members.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == answer.members.end() ? nullptr : &found->second;
}

bool IsSuccess(const net::HttpResponse& response, const DecodedAnswer& answer) {
  return response.error == net::TransferError::kNone && response.status == 200 && answer.is_json &&
         answer.status == "success";
}

bool IsLost(const net::HttpResponse& response) {
  return response.error == net::TransferError::kConnect ||
         response.error == net::TransferError::kTimeout ||
         response.error == net::TransferError::kCancelled;
}

bool IsVictoriaMetrics(const net::HttpResponse& response, const DecodedAnswer& answer) {
  if (response.Header("x-server-hostname") != nullptr) {
    return true;
  }
  // What it says about itself is a constant: nothing at all, or this version alone.
  const std::string* const version = FindMember(answer, "version");
  const bool constant = answer.members.empty() ||
                        (answer.members.size() == 1 && version != nullptr && *version == "2.24.0");
  return IsSuccess(response, answer) && !answer.has_names && constant;
}

/// Keeps itself alive by the callbacks that it hands out.
class Probe : public std::enable_shared_from_this<Probe> {
 public:
  Probe(ApiCall call, base::Instant now, std::function<void(ServerIdentity)> done)
      : call_(std::move(call)), now_(now), done_(std::move(done)) {}

  void AskBuild() { Ask(ApiRequest("/api/v1/status/buildinfo"), &Probe::TakeBuild); }

 private:
  using Step = void (Probe::*)(const net::HttpResponse&, const DecodedAnswer&);

  void Ask(const ApiRequest& request, Step next) {
    call_(request, [self = shared_from_this(), next](const net::HttpResponse& response,
                                                     const DecodedAnswer& answer) {
      if (const auto date = ServerDate(response)) {
        self->identity_.server_date = date;
      }
      if (IsLost(response)) {
        self->identity_.reachable = self->answered_;
        self->done_(std::move(self->identity_));
        return;
      }
      self->answered_ = true;
      (*self.*next)(response, answer);
    });
  }

  void TakeBuild(const net::HttpResponse& response, const DecodedAnswer& answer) {
    if (IsVictoriaMetrics(response, answer)) {
      identity_.kind = "victoriametrics";
      AskEdge();
      return;
    }
    if (const std::string* const version = FindMember(answer, "version")) {
      identity_.version = *version;
    }
    const std::string* const application = FindMember(answer, "application");
    if (application != nullptr && application->find("Mimir") != std::string::npos) {
      identity_.kind = "mimir";
      AskEdge();
      return;
    }
    Ask(ApiRequest("/api/v1/status/runtimeinfo"), &Probe::TakeRuntime);
  }

  void TakeRuntime(const net::HttpResponse& response, const DecodedAnswer& answer) {
    const std::string* const retention = FindMember(answer, "storageRetention");
    if (IsSuccess(response, answer) && retention != nullptr) {
      // "15d", "15d or 10GiB", "10GiB"
      if (const auto age = base::ParseDuration(retention->substr(0, retention->find(' ')))) {
        identity_.retention = *age;
      }
      identity_.kind = "prometheus";
      AskEdge();
      return;
    }
    Ask(ApiRequest("/api/v1/stores"), &Probe::TakeStores);
  }

  void TakeStores(const net::HttpResponse& response, const DecodedAnswer& answer) {
    if (IsSuccess(response, answer)) {
      identity_.kind = "thanos";
    }
    AskEdge();
  }

  void AskEdge() {
    // A whole minute: only there does an evaluation step fall on the begin of the window. Some
    // minutes ago: VictoriaMetrics moves what is younger than 30 s.
    const base::Instant minute =
        std::chrono::floor<std::chrono::minutes>(identity_.server_date.value_or(now_)) -
        std::chrono::minutes(5);
    ApiRequest request("/api/v1/query");
    request.fields = "query=" + net::FormEncode("count_over_time(vector(1)[2m:1m])") +
                     "&time=" + UnixText(minute);
    request.post = true;
    Ask(request, &Probe::TakeEdge);
  }

  void TakeEdge(const net::HttpResponse& response, const DecodedAnswer& answer) {
    if (!Classify(response, answer, Expect::kVector, now_) && answer.answer.size() == 1) {
      const std::string_view count = answer.answer.value(0);
      if (count == "3" || count == "2") {
        identity_.closed_edges = count == "3";
      }
    }
    done_(std::move(identity_));
  }

  ApiCall call_;
  base::Instant now_;
  std::function<void(ServerIdentity)> done_;
  ServerIdentity identity_;
  bool answered_ = false;
};

}  // namespace

void IdentifyServer(ApiCall call, base::Instant now, std::function<void(ServerIdentity)> done) {
  std::make_shared<Probe>(std::move(call), now, std::move(done))->AskBuild();
}

std::string UnixText(base::Instant time) {
  const std::int64_t seconds = base::ToUnixSeconds(time);
  const std::int64_t rest = (time - base::FromUnixSeconds(seconds)).count();
  const std::string text = std::to_string(seconds);
  return rest == 0 ? text : text + "." + std::to_string(1000 + rest).substr(1);
}

}  // namespace promtally::source
