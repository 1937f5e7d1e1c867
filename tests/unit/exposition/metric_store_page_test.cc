// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exposition/metric_store.h"
#include "unit/exposition/page_readers.h"

namespace promtally::exposition {
namespace {

const base::Instant kNow(base::Milliseconds(1748736000250));
constexpr PageStyle kText{Format::kText, Escaping::kUnderscores};
constexpr PageStyle kOpen{Format::kOpenMetrics, Escaping::kUnderscores};

class StorePage : public testing::Test {
 protected:
  std::string Page(const PageStyle& style) {
    std::string page = ReadAll(*store_.Read(style, {}, kNow));
    AppendEnd(page, style);
    return page;
  }
  void Make(const MetricDefinition& definition, const std::vector<SampleChange>& changes) {
    const auto made = store_.Create(definition, kNow);
    ASSERT_TRUE(made) << made.error().message;
    const auto applied = store_.Apply(definition.name, changes, kNow);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  void ExpectReadable() {
    if (HasPromtool()) {
      const auto [status, said] = Promtool(Page(kText));
      EXPECT_EQ(status, 0) << said;
    }
    if (HasPythonClient()) {
      for (const std::string& line :
           FamiliesByPython({{Format::kText, Page(kText)}, {Format::kOpenMetrics, Page(kOpen)}})) {
        EXPECT_THAT(line, testing::Not(testing::HasSubstr("error"))) << Page(kOpen);
      }
    }
  }

  MetricStore store_{MetricStore::Options{}};
};

SampleChange Value(double value, base::LabelSet labels = {}) {
  SampleChange change;
  change.value = value;
  change.labels = std::move(labels);
  return change;
}

TEST_F(StorePage, WritesACounterInBothFormats) {
  MetricDefinition definition;
  definition.name = "my_requests";
  definition.type = MetricType::kCounter;
  definition.help = "HTTP \"req\" with \\ back\nslash";
  definition.labels = {"method"};
  SampleChange change = Value(2.5, {{"method", "ge\"t\\x\n"}});
  change.exemplar = Exemplar{{{"trace_id", "abc # {"}}, 2.5, 1748736000.125};
  Make(definition, {change, Value(1, {{"method", "b"}})});
  EXPECT_EQ(Page(kText), R"(# HELP my_requests_total HTTP "req" with \\ back\nslash
# TYPE my_requests_total counter
my_requests_total{method="ge\"t\\x\n"} 2.5
my_requests_total{method="b"} 1
# HELP my_requests_created HTTP "req" with \\ back\nslash
# TYPE my_requests_created gauge
my_requests_created{method="ge\"t\\x\n"} 1748736000.25
my_requests_created{method="b"} 1748736000.25
)");
  EXPECT_EQ(Page(kOpen), R"(# HELP my_requests HTTP \"req\" with \\ back\nslash
# TYPE my_requests counter
my_requests_total{method="ge\"t\\x\n"} 2.5 # {trace_id="abc # {"} 2.5 1748736000.125
my_requests_created{method="ge\"t\\x\n"} 1748736000.25
my_requests_total{method="b"} 1
my_requests_created{method="b"} 1748736000.25
# EOF
)");
  ExpectReadable();
}

TEST_F(StorePage, WritesAGaugeWithItsUnit) {
  MetricDefinition definition;
  definition.name = "my_temp_celsius";
  definition.unit = "celsius";
  definition.help = "t";
  Make(definition, {Value(-0.1)});
  EXPECT_EQ(Page(kText),
            "# HELP my_temp_celsius t\n# TYPE my_temp_celsius gauge\nmy_temp_celsius -0.1\n");
  EXPECT_EQ(Page(kOpen),
            "# HELP my_temp_celsius t\n# TYPE my_temp_celsius gauge\n"
            "# UNIT my_temp_celsius celsius\nmy_temp_celsius -0.1\n# EOF\n");
  ExpectReadable();
}

TEST_F(StorePage, WritesInfoAndStateSet) {
  MetricDefinition info;
  info.name = "my_build";
  info.type = MetricType::kInfo;
  info.help = "b";
  SampleChange build;
  build.info = {{"version", "1.2.3"}};
  Make(info, {build});
  MetricDefinition states;
  states.name = "task_state";
  states.type = MetricType::kStateSet;
  states.help = "s";
  states.labels = {"task"};
  states.states = {"starting", "run\"ning"};
  SampleChange running;
  running.labels = {{"task", "x"}};
  running.state = "run\"ning";
  Make(states, {running});
  EXPECT_EQ(Page(kText), R"(# HELP my_build_info b
# TYPE my_build_info gauge
my_build_info{version="1.2.3"} 1
# HELP task_state s
# TYPE task_state gauge
task_state{task="x",task_state="starting"} 0
task_state{task="x",task_state="run\"ning"} 1
)");
  EXPECT_EQ(Page(kOpen), R"(# HELP my_build b
# TYPE my_build info
my_build_info{version="1.2.3"} 1
# HELP task_state s
# TYPE task_state stateset
task_state{task="x",task_state="starting"} 0
task_state{task="x",task_state="run\"ning"} 1
# EOF
)");
  ExpectReadable();
}

TEST_F(StorePage, WritesAHistogramInBothFormats) {
  MetricDefinition definition;
  definition.name = "lat_seconds";
  definition.type = MetricType::kHistogram;
  definition.help = "l";
  definition.labels = {"a"};
  definition.buckets = {0.25, 1, 1e6};
  SampleChange change = Value(1, {{"a", "x"}});
  change.exemplar = Exemplar{{}, 1, std::nullopt};
  Make(definition, {change, Value(7e6, {{"a", "x"}})});
  EXPECT_EQ(Page(kText), R"(# HELP lat_seconds l
# TYPE lat_seconds histogram
lat_seconds_bucket{a="x",le="0.25"} 0
lat_seconds_bucket{a="x",le="1"} 1
lat_seconds_bucket{a="x",le="1e+06"} 1
lat_seconds_bucket{a="x",le="+Inf"} 2
lat_seconds_sum{a="x"} 7000001
lat_seconds_count{a="x"} 2
# HELP lat_seconds_created l
# TYPE lat_seconds_created gauge
lat_seconds_created{a="x"} 1748736000.25
)");
  EXPECT_EQ(Page(kOpen), R"(# HELP lat_seconds l
# TYPE lat_seconds histogram
lat_seconds_bucket{a="x",le="0.25"} 0
lat_seconds_bucket{a="x",le="1.0"} 1 # {} 1
lat_seconds_bucket{a="x",le="1e+06"} 1
lat_seconds_bucket{a="x",le="+Inf"} 2
lat_seconds_sum{a="x"} 7000001
lat_seconds_count{a="x"} 2
lat_seconds_created{a="x"} 1748736000.25
# EOF
)");
  ExpectReadable();
}

TEST_F(StorePage, ShowsNoSumThatMayFall) {
  MetricDefinition definition;
  definition.name = "h";
  definition.type = MetricType::kHistogram;
  definition.help = "h";
  definition.buckets = {-1, 1};
  Make(definition, {Value(-3)});
  const std::string buckets =
      "h_bucket{le=\"-1\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n";
  EXPECT_THAT(Page(kText), testing::HasSubstr(buckets + "h_count 1\n"));
  EXPECT_THAT(Page(kText), testing::Not(testing::HasSubstr("h_sum")));
  EXPECT_THAT(Page(kOpen), testing::Not(testing::HasSubstr("h_sum")));
  EXPECT_THAT(Page(kOpen), testing::Not(testing::HasSubstr("h_count")));
  ExpectReadable();
}

TEST_F(StorePage, WritesASummaryInBothFormats) {
  MetricDefinition definition;
  definition.name = "size_bytes";
  definition.type = MetricType::kSummary;
  definition.help = "s";
  definition.quantiles = {{0.5, 0.05}, {1, 0.001}};
  Make(definition, {Value(1), Value(2), Value(3)});
  EXPECT_EQ(Page(kText), R"(# HELP size_bytes s
# TYPE size_bytes summary
size_bytes{quantile="0.5"} 2
size_bytes{quantile="1"} 3
size_bytes_sum 6
size_bytes_count 3
# HELP size_bytes_created s
# TYPE size_bytes_created gauge
size_bytes_created 1748736000.25
)");
  EXPECT_EQ(Page(kOpen), R"(# HELP size_bytes s
# TYPE size_bytes summary
size_bytes{quantile="0.5"} 2
size_bytes{quantile="1.0"} 3
size_bytes_sum 6
size_bytes_count 3
size_bytes_created 1748736000.25
# EOF
)");
  ExpectReadable();
  const SampleChange negative = Value(-100);
  ASSERT_TRUE(store_.Apply("size_bytes", std::span(&negative, 1), kNow));
  ExpectReadable();
}

TEST_F(StorePage, WritesUtf8NamesInEveryScheme) {
  MetricDefinition definition;
  definition.name = "utf8.name/x";
  definition.labels = {"lé", "b_c"};
  definition.help = "h";
  Make(definition, {Value(1, {{"lé", "v\""}, {"b_c", "2"}})});
  const auto line = [&](Format format, Escaping escaping) {
    const std::string page = Page({format, escaping});
    const std::size_t end = page.find("} 1\n") + 4;
    const std::size_t begin = page.rfind('\n', end - 2) + 1;
    return page.substr(begin, end - begin);
  };
  for (const Format format : {Format::kText, Format::kOpenMetrics}) {
    EXPECT_EQ(line(format, Escaping::kUnderscores), "utf8_name_x{b_c=\"2\",l_=\"v\\\"\"} 1\n");
    EXPECT_EQ(line(format, Escaping::kDots), "utf8_dot_name__x{b__c=\"2\",l__=\"v\\\"\"} 1\n");
    EXPECT_EQ(line(format, Escaping::kValues),
              "U__utf8_2e_name_2f_x{b_c=\"2\",U__l_e9_=\"v\\\"\"} 1\n");
    EXPECT_EQ(line(format, Escaping::kAllowUtf8),
              "{\"utf8.name/x\",b_c=\"2\",\"lé\"=\"v\\\"\"} 1\n");
  }
  EXPECT_THAT(Page({Format::kText, Escaping::kAllowUtf8}),
              testing::HasSubstr("# HELP \"utf8.name/x\" h\n# TYPE \"utf8.name/x\" gauge\n"));
}

TEST_F(StorePage, HasNoCreatedWhereItIsSwitchedOff) {
  StoreLimits limits;
  limits.created_series = false;
  MetricStore store({limits, nullptr});
  MetricDefinition definition;
  definition.name = "c";
  definition.type = MetricType::kCounter;
  ASSERT_TRUE(store.Create(definition, kNow));
  EXPECT_EQ(ReadAll(*store.Read(kText, {}, kNow)),
            "# HELP c_total \n# TYPE c_total counter\nc_total 0\n");
  EXPECT_EQ(ReadAll(*store.Read(kOpen, {}, kNow)), "# HELP c \n# TYPE c counter\nc_total 0\n");
}

}  // namespace
}  // namespace promtally::exposition
