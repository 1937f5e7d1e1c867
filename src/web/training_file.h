// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::web {

enum class JobState { kQueued, kRunning, kDone, kFailed };

[[nodiscard]] const char* ToText(JobState state);

/// A training as it is kept over a restart.
struct KeptJob {
  std::string id;
  std::string model;
  std::size_t runs_kept = 10;  ///< finished ones of this model that are remembered
  JobState state = JobState::kQueued;
  std::string result;  ///< JSON; empty: none
  std::string error;
};

/// The file that keeps trainings, written whole or not at all. Any thread.
class TrainingFile {
 public:
  /// An empty path keeps nothing.
  explicit TrainingFile(std::string path) : path_(std::move(path)) {}

  /// What the last run knew; none where there is no file. A job that was not over then has failed:
  /// its data may be gone, so it is not run again. A damaged file is kept as `.damaged`, an error.
  [[nodiscard]] base::Result<std::vector<KeptJob>> Load() const;

  /// Writes, if nothing newer was written: numbers ascend with what is known.
  [[nodiscard]] base::Status Write(std::uint64_t number, const std::vector<KeptJob>& jobs);

 private:
  const std::string path_;
  std::mutex mutex_;
  std::uint64_t written_ = 0;
};

[[nodiscard]] std::string JobsText(const std::vector<KeptJob>& jobs);
/// kParse: it is not as JobsText writes it.
[[nodiscard]] base::Result<std::vector<KeptJob>> ReadJobs(const std::string& text);

}  // namespace promtally::web
