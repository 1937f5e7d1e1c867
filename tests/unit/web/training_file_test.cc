// SPDX-License-Identifier: Apache-2.0
#include "web/training_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace promtally::web {
namespace {

std::string PathOf(const std::string& name) {
  return testing::TempDir() + "trainings-" + std::to_string(getpid()) + "-" + name;
}

KeptJob JobIn(JobState state) {
  KeptJob job;
  job.id = "train-1";
  job.model = "a \"name\"\n";
  job.runs_kept = 3;
  job.state = state;
  return job;
}

TEST(TrainingFile, KeepsWhatIsOverAndSaysWhatWasInterrupted) {
  const std::string path = PathOf("kept");
  KeptJob done = JobIn(JobState::kDone);
  done.result = R"({"name":"m","version":1})";
  KeptJob failed = JobIn(JobState::kFailed);
  failed.error = "no \\ data";
  ASSERT_TRUE(TrainingFile(path).Write(
      1, {done, failed, JobIn(JobState::kRunning), JobIn(JobState::kQueued)}));
  const auto jobs = TrainingFile(path).Load();
  ASSERT_TRUE(jobs) << jobs.error().message;
  ASSERT_EQ(jobs->size(), 4U);
  EXPECT_EQ((*jobs)[0].model, done.model);
  EXPECT_EQ((*jobs)[0].runs_kept, 3U);
  EXPECT_EQ((*jobs)[0].result, done.result);
  EXPECT_EQ((*jobs)[1].error, failed.error);
  for (const std::size_t place : {2U, 3U}) {
    EXPECT_EQ((*jobs)[place].state, JobState::kFailed);
    EXPECT_EQ((*jobs)[place].error, "interrupted by restart");
  }
  std::filesystem::remove(path);
}

TEST(TrainingFile, IsNotOverwrittenByWhatWasKnownBefore) {
  const std::string path = PathOf("order");
  TrainingFile file(path);
  ASSERT_TRUE(file.Write(2, {JobIn(JobState::kDone)}));
  ASSERT_TRUE(file.Write(1, {JobIn(JobState::kQueued)}));
  const auto jobs = file.Load();
  ASSERT_TRUE(jobs);
  EXPECT_EQ(jobs->front().state, JobState::kDone);
  std::filesystem::remove(path);
}

TEST(TrainingFile, PutsADamagedOneAside) {
  const std::string path = PathOf("damaged");
  std::ofstream(path) << R"({"format":"promtally-trainings-1","jobs":[{"id":1}]})";
  EXPECT_FALSE(TrainingFile(path).Load());
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
  const auto jobs = TrainingFile(path).Load();
  ASSERT_TRUE(jobs);
  EXPECT_TRUE(jobs->empty());
  std::filesystem::remove(path + ".damaged");
}

}  // namespace
}  // namespace promtally::web
