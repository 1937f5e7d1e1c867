// SPDX-License-Identifier: Apache-2.0
#include "web/training_file.h"

#include <array>
#include <filesystem>
#include <optional>
#include <system_error>

#include "ledger/durable_file.h"
#include "web/body_value.h"

namespace promtally::web {
namespace {

constexpr std::size_t kDepth = 8;
constexpr std::size_t kFileBytes = 64U << 20U;
constexpr std::string_view kFormat = "promtally-trainings-1";
constexpr std::array kStates{JobState::kQueued, JobState::kRunning, JobState::kDone,
                             JobState::kFailed};

std::optional<KeptJob> ReadJob(const BodyValue& body) {
  KeptJob job;
  bool good = body.IsObject();
  const auto read = [&](const char* name, std::string& text) {
    const BodyValue* const value = good ? body.Find(name) : nullptr;
    good = value != nullptr && value->IsText();
    text = good ? value->text : "";
  };
  std::string state;
  read("id", job.id);
  read("model", job.model);
  read("state", state);
  read("result", job.result);
  read("error", job.error);
  constexpr double kMost = 1e9;
  const BodyValue* const kept = good ? body.Find("runs_kept") : nullptr;
  good = kept != nullptr && kept->IsNumber() && kept->number >= 0 && kept->number <= kMost;
  bool is_state = false;
  for (const JobState each : kStates) {
    if (state == ToText(each)) {
      job.state = each;
      is_state = true;
    }
  }
  if (!good || !is_state) {
    return std::nullopt;
  }
  job.runs_kept = static_cast<std::size_t>(kept->number);
  return job;
}

}  // namespace

const char* ToText(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "queued";
    case JobState::kRunning:
      return "running";
    case JobState::kDone:
      return "done";
    case JobState::kFailed:
      break;
  }
  return "failed";
}

std::string JobsText(const std::vector<KeptJob>& jobs) {
  std::string json = "{\"format\":\"" + std::string(kFormat) + "\",\"jobs\":[";
  for (const KeptJob& job : jobs) {
    json += json.ends_with('[') ? "\n{\"id\":" : ",\n{\"id\":";
    AppendJsonText(json, job.id);
    json += ",\"model\":";
    AppendJsonText(json, job.model);
    json += ",\"runs_kept\":" + std::to_string(job.runs_kept) + ",\"state\":\"" +
            ToText(job.state) + "\",\"result\":";
    AppendJsonText(json, job.result);
    json += ",\"error\":";
    AppendJsonText(json, job.error);
    json += "}";
  }
  return json + "]}\n";
}

base::Result<std::vector<KeptJob>> ReadJobs(const std::string& text) {
  const auto body = ParseJson(text, kDepth);
  const BodyValue* const format = body && body->IsObject() ? body->Find("format") : nullptr;
  const BodyValue* const list = format != nullptr ? body->Find("jobs") : nullptr;
  if (format == nullptr || format->text != kFormat || list == nullptr || !list->IsArray()) {
    return base::Fail(base::ErrorCode::kParse, "it is no file of trainings");
  }
  std::vector<KeptJob> jobs;
  for (const BodyValue& item : list->items) {
    auto job = ReadJob(item);
    if (!job) {
      return base::Fail(base::ErrorCode::kParse, "a training is not as it was written");
    }
    jobs.push_back(*std::move(job));
  }
  return jobs;
}

base::Result<std::vector<KeptJob>> TrainingFile::Load() const {
  std::error_code error;
  if (path_.empty() || !std::filesystem::exists(path_, error)) {
    return std::vector<KeptJob>();
  }
  const auto text = ledger::ReadSmallFile(path_, kFileBytes);
  if (!text) {
    return tl::unexpected(text.error());
  }
  auto jobs = ReadJobs(*text);
  if (!jobs) {
    std::filesystem::rename(path_, path_ + ".damaged", error);
    return base::Fail(path_ + " is damaged, kept as .damaged", jobs.error());
  }
  for (KeptJob& job : *jobs) {
    if (job.state == JobState::kQueued || job.state == JobState::kRunning) {
      job.state = JobState::kFailed;
      job.error = "interrupted by restart";
    }
  }
  return jobs;
}

base::Status TrainingFile::Write(std::uint64_t number, const std::vector<KeptJob>& jobs) {
  const std::lock_guard lock(mutex_);
  if (path_.empty() || number <= written_) {
    return {};
  }
  auto status = ledger::WriteDurably(path_, JobsText(jobs), ledger::FolderOf(path_));
  if (status) {
    written_ = number;
  }
  return status;
}

}  // namespace promtally::web
