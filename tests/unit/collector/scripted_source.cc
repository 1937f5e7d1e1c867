// SPDX-License-Identifier: Apache-2.0
#include "unit/collector/scripted_source.h"

#include <algorithm>

namespace promtally::collector {

namespace {
bool IsForUp(const AskedQuery& query) { return query.text.find("(up[") != std::string::npos; }
}  // namespace

SourceScript::SourceScript() {
  query = [](const AskedQuery&) { return Answered({}); };
  values = [](metering::Period) { return source::Source::LabelValues{}; };
  has_data = [](base::Instant) { return std::optional<bool>(true); };
  stores = [] { return source::StoreList{}; };
  identity.kind = "prometheus";
  identity.version = "3.16.0";
  identity.closed_edges = false;
}

void SourceScript::Note(AskedQuery asked) {
  if (on_asked && !IsForUp(asked)) {
    on_asked();
  }
  const std::lock_guard lock(mutex_);
  asked_.push_back(std::move(asked));
}

std::vector<AskedQuery> SourceScript::asked() const {
  const std::lock_guard lock(mutex_);
  std::vector<AskedQuery> usage = asked_;
  std::erase_if(usage, IsForUp);
  return usage;
}

std::size_t SourceScript::asked_for_up() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(asked_.begin(), asked_.end(), IsForUp));
}

void SourceScript::NoteDiscovery(AskedDiscovery discovery) {
  const std::lock_guard lock(mutex_);
  discoveries_.push_back(std::move(discovery));
}

std::vector<AskedDiscovery> SourceScript::discoveries() const {
  const std::lock_guard lock(mutex_);
  return discoveries_;
}

ScriptedSource::ScriptedSource(std::shared_ptr<SourceScript> script)
    : script_(std::move(script)), thread_([this] { Run(); }) {}

ScriptedSource::~ScriptedSource() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ScriptedSource::Query(std::string text, base::Instant time,
                           std::function<void(source::QueryOutcome)> done) {
  AskedQuery asked{std::move(text), time};
  script_->Note(asked);
  const bool keep = script_->keep_back > 0 && !IsForUp(asked);
  Step step = [script = script_, asked = std::move(asked), done = std::move(done)](bool cancelled) {
    done(cancelled ? Unreachable() : script->query(asked));
  };
  if (keep) {
    KeepBack(std::move(step));
  } else {
    Post(std::move(step));
  }
}

void ScriptedSource::QueryRaw(std::string text, base::Instant time,
                              std::optional<metering::HistogramPart> /*histogram*/,
                              std::function<void(source::QueryOutcome)> done) {
  Query(std::move(text), time, std::move(done));
}

void ScriptedSource::Identify(std::function<void(source::ServerIdentity)> done) {
  script_->on_identify();
  Step step = [identity = script_->identity, done = std::move(done)](bool) { done(identity); };
  if (script_->keep_identity_back) {
    const std::lock_guard lock(mutex_);
    kept_back_.push_back(std::move(step));
  } else {
    Post(std::move(step));
  }
}

void ScriptedSource::ListLabelValues(std::string /*label*/, std::vector<std::string> selectors,
                                     metering::Period period,
                                     std::function<void(LabelValues)> done) {
  script_->NoteDiscovery({selectors, period});
  Post([script = script_, selector = selectors.front(), period,
        done = std::move(done)](bool cancelled) {
    done(cancelled           ? LabelValues{{}, Unreachable().failure}
         : script->values_of ? script->values_of(selector)
                             : script->values(period));
  });
}

void ScriptedSource::HasDataUpTo(base::Instant time,
                                 std::function<void(std::optional<bool>)> done) {
  Post([script = script_, time, done = std::move(done)](bool cancelled) {
    done(cancelled ? std::nullopt : script->has_data(time));
  });
}

void ScriptedSource::ListStores(std::function<void(source::StoreList)> done) {
  Post([script = script_, done = std::move(done)](bool cancelled) {
    done(cancelled ? source::StoreList{{}, Unreachable().failure} : script->stores());
  });
}

void ScriptedSource::Post(Step step) {
  {
    const std::lock_guard lock(mutex_);
    steps_.push_back(std::move(step));
  }
  changed_.notify_one();
}

void ScriptedSource::KeepBack(Step step) {
  bool full = false;
  {
    const std::lock_guard lock(mutex_);
    kept_back_.push_back(std::move(step));
    full = released_ || kept_back_.size() >= script_->keep_back;
  }
  if (full) {
    Release();
  }
}

void ScriptedSource::Release() {
  {
    const std::lock_guard lock(mutex_);
    released_ = true;
    steps_.insert(steps_.end(), kept_back_.rbegin(), kept_back_.rend());
    kept_back_.clear();
  }
  changed_.notify_one();
}

void ScriptedSource::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !steps_.empty(); });
    if (steps_.empty() && !kept_back_.empty()) {
      std::move(kept_back_.begin(), kept_back_.end(), std::back_inserter(steps_));
      kept_back_.clear();
    }
    if (steps_.empty()) {
      return;
    }
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    const bool cancelled = ending_;
    lock.unlock();
    step(cancelled);
    lock.lock();
  }
}

metering::Answer MakeAnswer(const std::vector<Series>& series) {
  metering::Answer answer;
  for (const auto& [labels, value] : series) {
    answer.BeginSeries();
    for (const auto& [name, text] : labels) {
      answer.AddLabel(name, text);
    }
    answer.SetValue(value);
  }
  return answer;
}

source::QueryOutcome Answered(const std::vector<Series>& series) {
  source::QueryOutcome outcome;
  outcome.answer = MakeAnswer(series);
  outcome.bytes = 100;
  return outcome;
}

source::QueryOutcome Failing(source::Disposition disposition, std::string reason) {
  source::QueryOutcome outcome;
  outcome.failure.emplace();
  outcome.failure->disposition = disposition;
  outcome.failure->reason = std::move(reason);
  outcome.failure->detail = "as the script says";
  return outcome;
}

source::QueryOutcome Unreachable() {
  source::QueryOutcome outcome = Failing(source::Disposition::kRetry, "unreachable");
  outcome.failure->connection = true;
  return outcome;
}

}  // namespace promtally::collector
