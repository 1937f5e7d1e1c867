// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exposition/metric_store.h"
#include "support/temp_folder.h"
#include "unit/exposition/page_readers.h"

namespace promtally::exposition {
namespace {

const base::Instant kNow = base::FromUnixSeconds(1748736000);

MetricDefinition Define(const std::string& name, MetricType type) {
  MetricDefinition definition;
  definition.name = name;
  definition.type = type;
  definition.labels = {"a"};
  if (type == MetricType::kStateSet) {
    definition.states = {"x", "y", "z"};
  }
  if (type == MetricType::kHistogram) {
    definition.buckets = {1, 2, 5};
  }
  return definition;
}

/// What a store should hold, kept in the simplest way there is.
class Model {
 public:
  struct Series {
    double value = 0;
    std::uint64_t count = 0;
    std::string text;
    base::Instant created;
    base::Instant changed;
    friend bool operator==(const Series&, const Series&) = default;
  };
  struct Metric {
    MetricDefinition definition;
    std::map<std::string, Series> series;
  };
  std::map<std::string, Metric> metrics;

  void Change(const std::string& name, const SampleChange& change, base::Instant now) {
    Metric& metric = metrics.at(name);
    const MetricType type = metric.definition.type;
    auto [at, is_new] = metric.series.try_emplace(change.labels.front().second);
    Series& series = at->second;
    if (is_new) {
      series.created = now;
    }
    const bool adds = type == MetricType::kCounter || type == MetricType::kHistogram ||
                      type == MetricType::kSummary || change.op == SampleOp::kAdd;
    series.value = adds ? series.value + change.value : change.value;
    series.count += type == MetricType::kHistogram || type == MetricType::kSummary ? 1U : 0U;
    series.text = change.state + (change.info.empty() ? "" : change.info.front().second);
    series.changed = now;
  }
  void Expire(base::Instant now) {
    for (auto& [name, metric] : metrics) {
      if (metric.definition.ttl) {
        std::erase_if(metric.series, [&, ttl = *metric.definition.ttl](const auto& one) {
          return one.second.changed + ttl <= now;
        });
      }
    }
  }
};

void ExpectEqual(const MetricStore& store, const Model& model) {
  std::size_t total = 0;
  const MetricPage metrics = store.List("", std::nullopt, "", 1000000);
  ASSERT_EQ(metrics.metrics.size(), model.metrics.size());
  for (const MetricView& view : metrics.metrics) {
    const Model::Metric& metric = model.metrics.at(view.definition.name);
    const MetricType type = metric.definition.type;
    ASSERT_EQ(view.definition, metric.definition);
    const auto page = store.Series(view.definition.name, "", 1000000, kNow);
    ASSERT_EQ(page->series.size(), metric.series.size()) << view.definition.name;
    for (const SeriesView& series : page->series) {
      const auto& wanted = metric.series.at(series.labels.front().second);
      if (type != MetricType::kInfo && type != MetricType::kStateSet) {
        ASSERT_EQ(series.value, wanted.value);
      }
      ASSERT_EQ(series.count, wanted.count);
      ASSERT_EQ(series.state + (series.info.empty() ? "" : series.info.front().second),
                wanted.text);
      if (series.created) {
        ASSERT_EQ(*series.created, wanted.created);
      }
    }
    total += metric.series.size();
  }
  ASSERT_EQ(store.series(), total);
}

class MetricStoreRestart : public testing::Test {
 protected:
  void Open() {
    store_.reset();
    store_ = std::make_unique<MetricStore>(MetricStore::Options{});
    const auto opened = store_->OpenJournal(path_);
    ASSERT_TRUE(opened) << opened.error().message;
    warning_ = *opened;
  }
  void Create(const MetricDefinition& definition, base::Instant now) {
    const auto made = store_->Create(definition, now);
    ASSERT_TRUE(made) << made.error().message;
    if (*made) {
      model_.metrics[definition.name].definition = store_->Find(definition.name)->definition;
    }
  }
  void Step(std::mt19937& random);
  SampleChange RandomChange(std::mt19937& random, MetricType type);
  std::string Page() { return ReadAll(*store_->Read({}, {}, now_)); }

  test::TempFolder folder_;
  std::string path_ = (folder_.path() / "metrics.journal").string();
  std::unique_ptr<MetricStore> store_;
  std::string warning_;
  Model model_;
  base::Instant now_ = kNow;
};

SampleChange MetricStoreRestart::RandomChange(std::mt19937& random, MetricType type) {
  SampleChange change;
  change.labels = {{"a", "é\"\n" + std::to_string(random() % 30)}};
  change.value = static_cast<double>(random() % 1000) / 7;
  if (type == MetricType::kGauge && random() % 2 == 0) {
    change.op = SampleOp::kAdd;
    change.value -= 50;
  } else if (type == MetricType::kInfo) {
    change.value = 0;
    change.info = {{"k", std::to_string(random() % 10)}};
  } else if (type == MetricType::kStateSet) {
    change.value = 0;
    change.state = std::string(1, static_cast<char>('x' + random() % 3));
  }
  return change;
}

void MetricStoreRestart::Step(std::mt19937& random) {
  now_ += base::Milliseconds(random() % 5000);
  const auto type = static_cast<MetricType>(random() % 6);
  const std::string name =
      "m" + std::to_string(static_cast<int>(type)) + "n" + std::to_string(random() % 3);
  const auto action = random() % 20;
  if (model_.metrics.count(name) == 0) {
    MetricDefinition definition = Define(name, type);
    if (random() % 2 == 0) {
      definition.ttl = base::Seconds(20 + random() % 50);
    }
    Create(definition, now_);
  } else if (action == 0) {
    ASSERT_TRUE(store_->Remove(name));
    model_.metrics.erase(name);
  } else if (action == 1) {
    auto& series = model_.metrics.at(name).series;
    if (!series.empty()) {
      const std::string value = series.begin()->first;
      ASSERT_TRUE(store_->RemoveSeries(name, {{"a", value}}));
      series.erase(value);
    }
  } else if (action == 2) {
    store_->Expire(now_);
    model_.Expire(now_);
  } else {
    std::vector<SampleChange> changes(1 + random() % 4);
    for (SampleChange& change : changes) {
      change = RandomChange(random, type);
    }
    const bool refused = random() % 5 == 0;
    if (refused) {
      changes.back().labels.emplace_back("undeclared", "1");
    }
    ASSERT_EQ(store_->Apply(name, changes, now_).has_value(), !refused);
    for (std::size_t i = 0; !refused && i < changes.size(); ++i) {
      model_.Change(name, changes[i], now_);
    }
  }
}

TEST_F(MetricStoreRestart, HoldsWhatASimpleModelHoldsThroughRestartsAndCopies) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Open();
  std::unique_ptr<PieceReader> reader;
  for (int step = 0; step < 3000 && !HasFatalFailure(); ++step) {
    Step(random);
    if (random() % 50 == 0) {
      reader = store_->Read({}, {}, now_);  // some are left open
      std::string piece;
      reader->Next(piece);
    }
    if (random() % 100 == 0) {
      reader.reset();
      ASSERT_TRUE(store_->CompactNow());
    }
    if (random() % 60 == 0) {
      reader.reset();
      Open();
      EXPECT_EQ(warning_, "");
    }
    if (step % 20 == 0) {
      ExpectEqual(*store_, model_);
    }
  }
  reader.reset();
  Open();
  ExpectEqual(*store_, model_);
}

TEST_F(MetricStoreRestart, CopiesInStepsBetweenWhichEverythingMayChange) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Open();
  // Many changes of few series: the journal outgrows what is live.
  const auto gauge = Define("filler", MetricType::kGauge);
  Create(gauge, now_);
  std::vector<SampleChange> changes(1000);
  std::uint64_t longest = 0;
  int copies = 0;
  for (int round = 0; round < 800 && !HasFatalFailure(); ++round) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      changes[i].labels = {{"a", "filler" + std::to_string(i % 100)}};
      changes[i].value = round;
    }
    const std::uint64_t before = store_->journal_bytes();
    ASSERT_TRUE(store_->Apply("filler", changes, now_));
    for (const SampleChange& change : changes) {
      model_.Change("filler", change, now_);
    }
    Step(random);
    if (store_->CompactStep(20) == MetricStore::CopyState::kWaitingForSync && random() % 3 == 0) {
      std::thread([&] { EXPECT_TRUE(store_->Sync()); }).join();
    }
    copies += store_->journal_bytes() < before ? 1 : 0;
    longest = std::max(longest, store_->journal_bytes());
  }
  EXPECT_GE(copies, 2);
  EXPECT_LT(longest, std::uint64_t{12} << 20U);
  const std::string page = Page();
  Open();
  ExpectEqual(*store_, model_);
  ASSERT_TRUE(store_->CompactNow());
  Open();
  ExpectEqual(*store_, model_);
}

TEST_F(MetricStoreRestart, GoesOnAfterAKillAtOnce) {
  const pid_t child = fork();
  if (child == 0) {
    MetricStore store{MetricStore::Options{}};
    MetricDefinition definition = Define("c", MetricType::kCounter);
    definition.labels.clear();
    const SampleChange change{{}, SampleOp::kAdd, 2.5, {}, "", std::nullopt};
    const bool done = store.OpenJournal(path_) && store.Create(definition, kNow) &&
                      store.Apply("c", std::span(&change, 1), kNow + base::Seconds(5)) &&
                      store.Apply("c", std::span(&change, 1), kNow + base::Seconds(6));
    if (done) {
      kill(getpid(), SIGKILL);
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  Open();
  EXPECT_EQ(Page(),
            "# HELP c_total \n# TYPE c_total counter\nc_total 5\n# HELP c_created \n# TYPE "
            "c_created gauge\nc_created 1748736000\n");
  const SampleChange change{{}, SampleOp::kAdd, 1, {}, "", std::nullopt};
  ASSERT_TRUE(store_->Apply("c", std::span(&change, 1), now_));
  Open();
  EXPECT_THAT(Page(), testing::HasSubstr("c_total 6\n"));
}

TEST_F(MetricStoreRestart, HoldsAWholeBatchOrNoneWhereverTheFileIsCut) {
  Open();
  Create(Define("g", MetricType::kGauge), now_);
  std::vector<std::string> pages{Page()};
  std::vector<std::uint64_t> sizes{store_->journal_bytes()};
  for (int i = 0; i < 3; ++i) {
    std::vector<SampleChange> changes(3);
    for (std::size_t k = 0; k < changes.size(); ++k) {
      changes[k].labels = {{"a", std::to_string(k)}};
      changes[k].value = i;
    }
    ASSERT_TRUE(store_->Apply("g", changes, now_));
    pages.push_back(Page());
    sizes.push_back(store_->journal_bytes());
  }
  store_.reset();
  std::ostringstream whole;
  whole << std::ifstream(path_, std::ios::binary).rdbuf();
  for (std::size_t size = sizes.front(); size <= whole.str().size(); ++size) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << whole.str().substr(0, size);
    Open();
    const auto last = std::upper_bound(sizes.begin(), sizes.end(), size) - 1;
    EXPECT_EQ(Page(), pages[static_cast<std::size_t>(last - sizes.begin())]) << size;
    EXPECT_EQ(warning_.empty(), *last == size);
  }
}

TEST_F(MetricStoreRestart, ChangesNothingWhereTheDiskIsFull) {
  Open();
  Create(Define("g", MetricType::kGauge), now_);
  std::vector<SampleChange> changes(50);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i].labels = {{"a", std::to_string(i)}};
  }
  const std::string before = Page();
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  getrlimit(RLIMIT_FSIZE, &old_limit);
  rlimit limit = old_limit;
  limit.rlim_cur = store_->journal_bytes() + 40;
  setrlimit(RLIMIT_FSIZE, &limit);
  const auto applied = store_->Apply("g", changes, now_);
  const auto made = store_->Create(Define("other", MetricType::kHistogram), now_);
  const auto removed = store_->CompactNow();
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, base::ErrorCode::kUnavailable);
  EXPECT_FALSE(made);
  EXPECT_EQ(Page(), before);
  EXPECT_TRUE(store_->Apply("g", changes, now_));
  const std::string after = Page();
  Open();
  EXPECT_EQ(Page(), after);
}

TEST_F(MetricStoreRestart, KeepsHistogramsAndSummaries) {
  Open();
  Create(Define("h", MetricType::kHistogram), now_);
  MetricDefinition summary = Define("s", MetricType::kSummary);
  summary.quantiles = {{0.5, 0.05}};
  Create(summary, now_);
  for (const double value : {0.5, 1.0, 3.0, 100.0}) {
    SampleChange change;
    change.labels = {{"a", "1"}};
    change.value = value;
    ASSERT_TRUE(store_->Apply("h", std::span(&change, 1), now_));
    ASSERT_TRUE(store_->Apply("s", std::span(&change, 1), now_));
  }
  const std::string before = ReadAll(*store_->Read({}, NameFilter({"h", "s_sum"}), now_));
  ASSERT_TRUE(store_->CompactNow());
  Open();
  std::string after = Page();
  // The window is not in a copy.
  EXPECT_THAT(after, testing::HasSubstr("s{a=\"1\",quantile=\"0.5\"} NaN\n"));
  after.replace(after.find("NaN"), 3, "1");
  EXPECT_EQ(after, before);
}

TEST_F(MetricStoreRestart, MakesAMetricWithItsFirstSamplesOrNotAtAll) {
  Open();
  MetricDefinition definition = Define("c", MetricType::kCounter);
  definition.labels.clear();
  SampleChange change;
  change.value = -1;
  EXPECT_FALSE(store_->Create(definition, now_, std::span(&change, 1)));
  EXPECT_EQ(store_->metrics(), 0U);
  change.value = 2;
  EXPECT_TRUE(store_->Create(definition, now_, std::span(&change, 1)).value());
  EXPECT_FALSE(store_->Create(definition, now_, std::span(&change, 1)).value());
  EXPECT_EQ(store_->series(), 1U);
  Open();
  EXPECT_THAT(Page(), testing::HasSubstr("c_total 4\n"));
  EXPECT_EQ(store_->series(), 1U);
}

TEST_F(MetricStoreRestart, SyncsOnAnotherThreadWhileChangesAndCopiesGoOn) {
  Open();
  Create(Define("g", MetricType::kGauge), now_);
  std::atomic<bool> stop = false;
  std::thread syncing([&] {
    while (!stop) {
      EXPECT_TRUE(store_->Sync());
    }
  });
  std::vector<SampleChange> changes(200);
  int copies = 0;
  for (int round = 0; round < 3000 && copies < 2; ++round) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      changes[i].labels = {{"a", std::string(100, 'x') + std::to_string(i)}};
      changes[i].value = round;
    }
    ASSERT_TRUE(store_->Apply("g", changes, now_));
    const std::uint64_t before = store_->journal_bytes();
    store_->CompactStep(50);
    copies += store_->journal_bytes() < before ? 1 : 0;
  }
  stop = true;
  syncing.join();
  EXPECT_EQ(copies, 2);
  const std::string page = Page();
  Open();
  EXPECT_EQ(Page(), page);
}

TEST_F(MetricStoreRestart, DoesNotBringBackAnInitialSeriesThatWasRemoved) {
  Open();
  MetricDefinition definition = Define("g", MetricType::kGauge);
  definition.labels.clear();
  Create(definition, now_);
  ASSERT_TRUE(store_->RemoveSeries("g", {}));
  Open();
  EXPECT_EQ(Page(), "# HELP g \n# TYPE g gauge\n");
  ASSERT_TRUE(store_->CompactNow());
  Open();
  EXPECT_EQ(Page(), "# HELP g \n# TYPE g gauge\n");
}

TEST_F(MetricStoreRestart, KeepsTheNameAMetricWasMadeBy) {
  Open();
  MetricDefinition definition = Define("temp", MetricType::kGauge);
  definition.unit = "celsius";
  ASSERT_TRUE(store_->Create(definition, now_));
  ASSERT_TRUE(store_->CompactNow());
  Open();
  EXPECT_EQ(store_->ResolveFamily("temp"), "temp_celsius");
  EXPECT_FALSE(store_->Create(definition, now_).value());
}

}  // namespace
}  // namespace promtally::exposition
