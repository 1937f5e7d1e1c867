// SPDX-License-Identifier: Apache-2.0
#include "inference/model_store.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_folder.h"

namespace promtally::inference {
namespace {

namespace fs = std::filesystem;

ModelRecord Record(const std::string& name, const std::string& payload) {
  ModelRecord record;
  record.name = name;
  record.type = "naive";
  record.created = base::FromUnixSeconds(1'700'000'000);
  record.parameters = Json{{"period", 12}, {"kind", "additive"}};
  record.features = {"a", "b"};
  record.metrics = ErrorMetrics{.mae = 1.5, .rmse = 2, .mape = 0.1, .smape = 0.2, .r2 = 0.25};
  record.baseline = Baseline{"naive", {.mae = 2, .rmse = 3, .mape = 4, .smape = 5, .r2 = -1}};
  record.training_digest = std::string(64, 'a');
  record.details = Json{{"forecast", {1.25, 0.1}}};
  record.payload = payload;
  return record;
}

std::string Bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void Write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class Store : public testing::Test {
 protected:
  [[nodiscard]] ModelStore Open(std::size_t most = 0) const {
    return ModelStore((folder_.path() / "models").string(), most);
  }
  [[nodiscard]] fs::path File(const std::string& name, int version) const {
    return folder_.path() / "models" / name / (std::to_string(version) + ".model");
  }

  test::TempFolder folder_;
};

TEST_F(Store, GivesBackWhatWasPut) {
  const std::string payload("\0 any bytes\n\n\xff", 14);
  ASSERT_EQ(Open().Put(Record("cpu", payload)), 1);
  const auto record = Open().Get({"cpu", std::nullopt});
  ASSERT_TRUE(record) << record.error().message;
  const ModelRecord expected = Record("cpu", payload);
  EXPECT_EQ(record->version, 1);
  EXPECT_EQ(record->type, expected.type);
  EXPECT_EQ(record->created, expected.created);
  EXPECT_EQ(record->parameters, expected.parameters);
  EXPECT_EQ(record->features, expected.features);
  EXPECT_EQ(ToJson(*record->metrics), ToJson(*expected.metrics));
  EXPECT_EQ(BaselineJson(record->baseline, record->metrics),
            BaselineJson(expected.baseline, expected.metrics));
  EXPECT_EQ(record->training_digest, expected.training_digest);
  EXPECT_EQ(record->details, expected.details);
  EXPECT_EQ(record->payload, payload);
}

TEST_F(Store, NumbersVersionsAndNeverGivesANumberTwice) {
  const ModelStore store = Open();
  EXPECT_EQ(store.Put(Record("cpu", "1")), 1);
  EXPECT_EQ(store.Put(Record("cpu", "2")), 2);
  EXPECT_EQ(store.Put(Record("mem", "3")), 1);
  EXPECT_EQ(store.Get({"cpu", 1})->payload, "1");
  EXPECT_EQ(store.Get({"cpu", std::nullopt})->payload, "2");
  EXPECT_EQ(store.Remove({"cpu", 2}, ModelStore::Removal::kVersion), 1U);
  EXPECT_EQ(store.Get({"cpu", std::nullopt})->payload, "1");
  EXPECT_EQ(store.Put(Record("cpu", "4")), 3);
  EXPECT_EQ(store.Remove({"cpu", std::nullopt}, ModelStore::Removal::kWholeName), 2U);
  EXPECT_EQ(store.Get({"cpu", std::nullopt}).error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(store.Put(Record("cpu", "5")), 4);
}

TEST_F(Store, SaysThatAModelIsNotThere) {
  EXPECT_EQ(Open().Get({"cpu", std::nullopt}).error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(Open().Remove({"cpu", 1}, ModelStore::Removal::kVersion).error().code,
            base::ErrorCode::kNotFound);
  ASSERT_TRUE(Open().Put(Record("cpu", "1")));
  EXPECT_EQ(Open().Get({"cpu", 2}).error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(Open().Remove({"cpu", 2}, ModelStore::Removal::kVersion).error().code,
            base::ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(folder_.path() / "models" / "mem"));
}

TEST_F(Store, KeepsTheNewestVersionsOfEachName) {
  const ModelStore store = Open(2);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(store.Put(Record("cpu", std::to_string(i))));
  }
  ASSERT_TRUE(store.Put(Record("mem", "x")));
  const auto listing = store.List();
  ASSERT_TRUE(listing);
  std::vector<std::string> found;
  for (const ModelRecord& record : listing->models) {
    found.push_back(ToText({record.name, record.version}));
  }
  EXPECT_THAT(found, testing::ElementsAre("cpu:3", "cpu:4", "mem:1"));
}

TEST_F(Store, RefusesNamesThatLeaveTheFolder) {
  for (const char* name : {"", "..", "a/b", ".hidden", "a b", "a:1", "\xc3\xa4", "a\n"}) {
    EXPECT_FALSE(Open().Put(Record(name, "x"))) << name;
    EXPECT_FALSE(ParseModelReference(name) && std::string(name) != "a:1") << name;
  }
  EXPECT_TRUE(Open().Put(Record("A-z_0.9", "x")));
}

TEST_F(Store, ReadsReferences) {
  EXPECT_EQ(ParseModelReference("cpu")->version, std::nullopt);
  EXPECT_EQ(ParseModelReference("cpu:latest")->version, std::nullopt);
  EXPECT_EQ(ParseModelReference("cpu:12")->version, 12);
  for (const char* text :
       {"cpu:", "cpu:0", "cpu:-1", "cpu:01", "cpu:1x", "cpu:99999999999", ":1"}) {
    EXPECT_FALSE(ParseModelReference(text)) << text;
  }
}

TEST_F(Store, RefusesAFileCutAnywhere) {
  ASSERT_TRUE(Open().Put(Record("cpu", "the payload")));
  const std::string whole = Bytes(File("cpu", 1));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Write(File("cpu", 1), whole.substr(0, size));
    const auto record = Open().Get({"cpu", 1});
    ASSERT_FALSE(record) << size;
    EXPECT_EQ(record.error().code, base::ErrorCode::kParse) << size;
  }
  Write(File("cpu", 1), whole);
  EXPECT_TRUE(Open().Get({"cpu", 1}));
}

TEST_F(Store, RefusesEveryChangedByteAndWhatStandsBehindTheEnd) {
  ASSERT_TRUE(Open().Put(Record("cpu", "the payload")));
  const std::string whole = Bytes(File("cpu", 1));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    Write(File("cpu", 1), changed);
    EXPECT_FALSE(Open().Get({"cpu", 1})) << at;
  }
  Write(File("cpu", 1), whole + " ");
  EXPECT_FALSE(Open().Get({"cpu", 1}));
}

TEST_F(Store, ListsWhatIsWholeAndNamesWhatIsDamaged) {
  ASSERT_TRUE(Open().Put(Record("cpu", "1")));
  ASSERT_TRUE(Open().Put(Record("cpu", "2")));
  Write(File("cpu", 1), "garbage");
  const auto listing = Open().List();
  ASSERT_TRUE(listing);
  ASSERT_EQ(listing->models.size(), 1U);
  EXPECT_EQ(listing->models[0].version, 2);
  ASSERT_EQ(listing->problems.size(), 1U);
  EXPECT_THAT(listing->problems[0], testing::HasSubstr("1.model"));
}

TEST_F(Store, RefusesAFileUnderAnotherName) {
  ASSERT_TRUE(Open().Put(Record("cpu", "1")));
  ASSERT_TRUE(Open().Put(Record("mem", "2")));
  fs::copy_file(File("cpu", 1), File("mem", 1), fs::copy_options::overwrite_existing);
  EXPECT_EQ(Open().Get({"mem", 1}).error().code, base::ErrorCode::kParse);
}

TEST_F(Store, ShowsNoHalfOfAWriterThatWasKilled) {
  // A child that writes without end is killed; what it had announced is there, and nothing broken.
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string payload(1 << 16, 'x');
    while (true) {
      const auto version = Open(3).Put(Record("cpu", payload));
      const char done = version ? 'y' : 'n';
      if (write(pipe_ends[1], &done, 1) != 1) {
        _exit(1);
      }
    }
  }
  close(pipe_ends[1]);
  char done = 0;
  int announced = 0;
  while (announced < 7 && read(pipe_ends[0], &done, 1) == 1 && done == 'y') {
    ++announced;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(pipe_ends[0]);
  ASSERT_EQ(announced, 7);
  const auto listing = Open().List();
  ASSERT_TRUE(listing);
  EXPECT_THAT(listing->problems, testing::IsEmpty());
  ASSERT_FALSE(listing->models.empty());
  EXPECT_GE(listing->models.back().version, announced);
  const auto next = Open(3).Put(Record("cpu", "after"));
  ASSERT_TRUE(next);
  EXPECT_GT(*next, listing->models.back().version);
  for (const auto& entry : fs::directory_iterator(folder_.path() / "models" / "cpu")) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(testing::HasSubstr(".tmp")));
  }
}

TEST_F(Store, GivesSeveralWritersDifferentVersions) {
  constexpr int kWriters = 4;
  constexpr int kEach = 5;
  std::vector<std::thread> writers;
  std::vector<std::vector<int>> given(kWriters);
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        given[static_cast<std::size_t>(writer)].push_back(
            Open().Put(Record("cpu", "x")).value_or(-1));
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  std::vector<int> all;
  for (const auto& versions : given) {
    all.insert(all.end(), versions.begin(), versions.end());
  }
  std::sort(all.begin(), all.end());
  for (int i = 0; i < kWriters * kEach; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)], i + 1);
  }
}

TEST_F(Store, WritesUndefinedMetricsAsNull) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const ErrorMetrics metrics{.mae = 1, .rmse = 1, .mape = nan, .smape = 1, .r2 = nan};
  EXPECT_EQ(ToJson(metrics).dump(), R"({"mae":1.0,"rmse":1.0,"mape":null,"smape":1.0,"r2":null})");
  EXPECT_EQ(BaselineJson(Baseline{"naive", {.mae = 1}}, ErrorMetrics{.mae = 1})["beaten"], false);
}

}  // namespace
}  // namespace promtally::inference
