// SPDX-License-Identifier: Apache-2.0
#include "ledger/accept.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/durable_file.h"

namespace promtally::ledger {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxFileBytes = 1024 * 1024;

std::string RequestFolder(const std::string& ledger_path) { return ledger_path + ".requests"; }
std::string AnswerPath(const std::string& request_path) { return request_path + ".done"; }

/// Sorts by time; two requests of one instant differ by process and chance.
std::string NewRequestName() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string stamp =
      std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  stamp.insert(0, 20 - std::min<std::size_t>(stamp.size(), 20), '0');
  return stamp + "-" + std::to_string(getpid()) + "-" + std::to_string(std::random_device()()) +
         ".json";
}

base::Status MakeFolder(const std::string& folder, const std::string& ledger_path) {
  if (mkdir(folder.c_str(), 0755) == 0) {
    AdoptOwner(folder, ledger_path);
    return SyncFolder(FolderOf(folder));
  }
  if (errno != EEXIST) {
    return tl::unexpected(SystemError("create folder", folder));
  }
  return {};
}

std::int64_t MillisecondsOf(base::Instant instant) { return instant.time_since_epoch().count(); }

base::Instant InstantOf(const Json& json) {
  return base::Instant(base::Milliseconds(json.get<std::int64_t>()));
}

std::optional<AcceptRequest> ReadRequest(const std::string& path) {
  const auto text = ReadSmallFile(path, kMaxFileBytes);
  if (!text) {
    return std::nullopt;
  }
  try {
    const Json json = Json::parse(*text);
    AcceptRequest request;
    request.job = json.at("job").get<std::string>();
    request.name = json.at("name").get<std::string>();
    request.range = {InstantOf(json.at("begin_ms")), InstantOf(json.at("end_ms"))};
    return request;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string ToText(const base::Result<AcceptReport>& outcome) {
  Json json;
  if (outcome) {
    json = {{"accepted", outcome->accepted},
            {"awaited", outcome->awaited},
            {"refused", outcome->refused}};
  } else {
    json = {{"code", static_cast<int>(outcome.error().code)}, {"error", outcome.error().message}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Result<AcceptReport> ReadAnswer(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (json.contains("error")) {
      const int code = json.at("code").get<int>();
      const bool is_known = code >= 0 && code <= static_cast<int>(base::ErrorCode::kInternal);
      return base::Fail(is_known ? static_cast<base::ErrorCode>(code) : base::ErrorCode::kInternal,
                        json.at("error").get<std::string>());
    }
    AcceptReport report;
    report.accepted = json.at("accepted").get<int>();
    report.awaited = json.at("awaited").get<int>();
    report.refused = json.at("refused").get<std::vector<std::string>>();
    return report;
  } catch (const Json::exception& error) {
    return base::Fail(base::ErrorCode::kParse,
                      std::string("the answer to the request is damaged: ") + error.what());
  }
}

}  // namespace

base::Result<std::string> LeaveAcceptRequest(const std::string& ledger_path,
                                             const AcceptRequest& request) {
  const std::string folder = RequestFolder(ledger_path);
  const Json json = {{"job", request.job},
                     {"name", request.name},
                     {"begin_ms", MillisecondsOf(request.range.begin)},
                     {"end_ms", MillisecondsOf(request.range.end)}};
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string path = folder + "/" + NewRequestName();
  // Whoever takes an answer removes the empty folder, perhaps between the two steps.
  base::Status status;
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (status = MakeFolder(folder, ledger_path); !status) {
      break;
    }
    status = WriteDurably(path, text, ledger_path);
    if (status || status.error().code != base::ErrorCode::kNotFound) {
      break;
    }
  }
  if (!status) {
    return base::Fail("leave a request for the ledger's holder", status.error());
  }
  return path;
}

std::vector<PendingAccept> PendingAcceptRequests(const std::string& ledger_path) {
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator it(RequestFolder(ledger_path), error), end;
       !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".json") {
      paths.push_back(it->path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<PendingAccept> pending;
  for (std::string& path : paths) {
    if (auto request = ReadRequest(path)) {
      pending.push_back({std::move(path), *std::move(request)});
    }
  }
  return pending;
}

void FinishAcceptRequest(const PendingAccept& pending, const base::Result<AcceptReport>& outcome) {
  // The answer first: a request that goes without one would leave its sender waiting. Accepting
  // twice changes nothing, so a crash in between does no harm.
  const auto written = WriteDurably(AnswerPath(pending.path), ToText(outcome), pending.path);
  if (written) {
    unlink(pending.path.c_str());
  }
}

std::optional<base::Result<AcceptReport>> TakeAcceptAnswer(const std::string& request_path) {
  const std::string path = AnswerPath(request_path);
  const auto text = ReadSmallFile(path, kMaxFileBytes);
  if (!text) {
    return std::nullopt;
  }
  unlink(path.c_str());
  unlink(request_path.c_str());
  rmdir(FolderOf(request_path).c_str());  // fails while other requests wait
  return ReadAnswer(*text);
}

}  // namespace promtally::ledger
