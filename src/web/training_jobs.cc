// SPDX-License-Identifier: Apache-2.0
#include "web/training_jobs.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "web/body_value.h"
#include "web/python_text.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kRemembered = 1000;
constexpr std::int64_t kRunsKept = 10;
constexpr int kNiceness = 10;

enum class JobState { kQueued, kRunning, kDone, kFailed };

struct Job {
  std::string id;
  std::string model;
  std::size_t runs_kept = 10;
  JobState state = JobState::kQueued;
  std::shared_ptr<std::atomic<double>> progress = std::make_shared<std::atomic<double>>(0);
  std::string result;  // JSON
  std::string error;

  [[nodiscard]] bool IsOver() const {
    return state == JobState::kDone || state == JobState::kFailed;
  }
};

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

std::string Quoted(std::string_view text) {
  std::string json;
  AppendJsonText(json, text);
  return json;
}

/// Collection and scrapes come first; of this thread alone.
void LowerPriority() {
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness));
}

}  // namespace

struct TrainingJobs::State : std::enable_shared_from_this<State> {
  explicit State(Parts its_parts) : parts(std::move(its_parts)) {
    asio::post(pool, [] { LowerPriority(); });
  }

  [[nodiscard]] Job* Find(const std::string& id) {
    const auto found =
        std::find_if(jobs.begin(), jobs.end(), [&](const Job& job) { return job.id == id; });
    return found == jobs.end() ? nullptr : &*found;
  }

  void Run(const std::string& id, const collector::TrainingRequest& request,
           const std::shared_ptr<std::atomic<double>>& progress) {
    asio::post(pool, [self = shared_from_this(), id, request, progress] {
      if (self->stopped) {
        return;
      }
      asio::post(*self->parts.loop, [self, id] { self->Begin(id); });
      auto result = collector::Train(*self->parts.models, request,
                                     [progress](double part) { *progress = part; });
      asio::post(*self->parts.loop, [self, id, request, result = std::move(result)] {
        self->Finish(id, request, result);
      });
    });
  }

  void Begin(const std::string& id) {
    if (Job* const job = Find(id)) {
      job->state = JobState::kRunning;
    }
  }

  void Finish(const std::string& id, const collector::TrainingRequest& request,
              const base::Result<collector::TrainingResult>& result) {
    Job* const job = Find(id);
    if (job == nullptr || stopped) {
      return;
    }
    if (result) {
      job->state = JobState::kDone;
      *job->progress = 1;
      job->result = result->json;
      parts.log->Info("A model was trained", {{"job", id}, {"model", result->model_tag}});
    } else {
      job->state = JobState::kFailed;
      job->error = result.error().message;
      parts.log->Warn("A training failed",
                      {{"job", id}, {"model", job->model}, {"err", job->error}});
    }
    Forget(job->model, job->runs_kept);
    if (result && parts.trained) {
      parts.trained(request, *result);
    }
  }

  /// Finished runs of a model beyond how many are wanted, and beyond what is remembered at all.
  void Forget(const std::string& model, std::size_t kept) {
    std::size_t seen = 0;
    for (std::size_t i = jobs.size(); i-- > 0;) {
      const bool over = jobs[i].IsOver() && jobs[i].model == model;
      if (over && ++seen > std::max<std::size_t>(kept, 1)) {
        jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    while (jobs.size() > kRemembered && jobs.front().IsOver()) {
      jobs.pop_front();
    }
  }

  [[nodiscard]] std::size_t Waiting() const {
    return static_cast<std::size_t>(std::count_if(
        jobs.begin(), jobs.end(), [](const Job& job) { return job.state == JobState::kQueued; }));
  }

  const Parts parts;
  std::deque<Job> jobs;  // loop thread
  std::uint64_t last_number = 0;
  std::atomic<bool> stopped = false;
  asio::thread_pool pool{1};
};

TrainingJobs::TrainingJobs(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

TrainingJobs::~TrainingJobs() {
  Stop();
  state_->pool.join();
}

void TrainingJobs::Stop() { state_->stopped = true; }

std::optional<std::string> TrainingJobs::Add(collector::TrainingRequest request) {
  if (state_->Waiting() >= state_->parts.queue) {
    return std::nullopt;
  }
  Job job;
  // Ids of another run of the service are none of this one.
  const auto now = state_->parts.models->Now().time_since_epoch().count();
  job.id = "train-" + std::to_string(now) + "-" + std::to_string(++state_->last_number);
  job.model = request.model_name;
  job.runs_kept = static_cast<std::size_t>(request.max_mlruns_count.value_or(kRunsKept));
  const std::string id = job.id;
  const auto progress = job.progress;
  state_->jobs.push_back(std::move(job));
  state_->Run(id, request, progress);
  return id;
}

std::optional<std::string> TrainingJobs::JobJson(const std::string& id) const {
  const Job* const job = state_->Find(id);
  if (job == nullptr) {
    return std::nullopt;
  }
  return "{\"id\":" + Quoted(job->id) + ",\"kind\":\"train\",\"state\":\"" + ToText(job->state) +
         "\",\"progress\":" + PythonFloatText(*job->progress) +
         ",\"result\":" + (job->result.empty() ? "null" : job->result) +
         ",\"error\":" + (job->error.empty() ? "null" : Quoted(job->error)) + "}";
}

}  // namespace promtally::web
