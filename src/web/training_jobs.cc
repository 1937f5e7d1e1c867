// SPDX-License-Identifier: Apache-2.0
#include "web/training_jobs.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <stop_token>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "web/body_value.h"
#include "web/python_text.h"
#include "web/training_file.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kRemembered = 1000;
constexpr std::int64_t kRunsKept = 10;
constexpr int kNiceness = 10;

struct Job : KeptJob {
  std::shared_ptr<std::atomic<double>> progress = std::make_shared<std::atomic<double>>(0);

  [[nodiscard]] bool IsOver() const {
    return state == JobState::kDone || state == JobState::kFailed;
  }
};

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
  explicit State(Parts its_parts) : parts(std::move(its_parts)), file(parts.path) {
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
      auto result = collector::Train(
          *self->parts.models, request, [progress](double part) { *progress = part; },
          self->stop.get_token());
      asio::post(*self->parts.loop, [self, id, request, result = std::move(result)] {
        self->Finish(id, request, result);
      });
    });
  }

  void Begin(const std::string& id) {
    if (Job* const job = Find(id)) {
      job->state = JobState::kRunning;
      Keep();
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
    Keep();
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

  /// What is known now, for the file.
  [[nodiscard]] std::function<void()> Snapshot() {
    std::vector<KeptJob> kept(jobs.begin(), jobs.end());
    return [self = shared_from_this(), number = ++snapshots, kept = std::move(kept)] {
      if (const auto status = self->file.Write(number, kept); !status) {
        self->parts.log->Error("Trainings cannot be kept", {{"err", status.error().message}});
      }
    };
  }

  /// The disk is waited for on a thread of its own.
  void Keep() { asio::post(disk, Snapshot()); }

  [[nodiscard]] std::size_t Waiting() const {
    return static_cast<std::size_t>(std::count_if(
        jobs.begin(), jobs.end(), [](const Job& job) { return job.state == JobState::kQueued; }));
  }

  const Parts parts;
  std::deque<Job> jobs;  // loop thread
  std::uint64_t last_number = 0;
  std::uint64_t snapshots = 0;
  TrainingFile file;
  std::atomic<bool> stopped = false;
  std::stop_source stop;
  asio::thread_pool disk{1};
  asio::thread_pool pool{1};
};

TrainingJobs::TrainingJobs(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

TrainingJobs::~TrainingJobs() {
  Stop();
  state_->pool.join();
  state_->disk.join();
}

void TrainingJobs::Stop() {
  state_->stopped = true;
  state_->stop.request_stop();
  state_->parts.models->Stop();  // data and other servers are waited for no longer
}

base::Status TrainingJobs::Load() {
  auto kept = state_->file.Load();
  if (!kept) {
    return tl::unexpected(kept.error());
  }
  for (KeptJob& job : *kept) {
    state_->jobs.push_back(Job{std::move(job)});
    *state_->jobs.back().progress = state_->jobs.back().state == JobState::kDone ? 1 : 0;
  }
  return {};
}

std::optional<TrainingJobs::Added> TrainingJobs::Add(collector::TrainingRequest request) {
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
  Added added{id, state_->Snapshot()};
  state_->Run(id, request, progress);
  return added;
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
