// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "exposition/metric_store.h"
#include "unit/exposition/page_readers.h"

namespace promtally::exposition {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline const base::Instant kNow = base::FromUnixSeconds(1748736000);

inline MetricDefinition Define(const std::string& name, MetricType type,
                               std::vector<std::string> labels = {}) {
  MetricDefinition definition;
  definition.name = name;
  definition.type = type;
  definition.labels = std::move(labels);
  if (type == MetricType::kStateSet) {
    definition.states = {"starting", "running"};
  }
  return definition;
}

inline SampleChange Change(double value, base::LabelSet labels = {},
                           SampleOp op = SampleOp::kDefault) {
  SampleChange change;
  change.value = value;
  change.labels = std::move(labels);
  change.op = op;
  return change;
}

class MetricStoreTest : public testing::Test {
 protected:
  std::string Page(const PageStyle& style = {}, const NameFilter& filter = {},
                   const std::vector<std::string>& taken = {}) {
    return ReadAll(*store_.Read(style, filter, kNow, taken));
  }
  void Make(const MetricDefinition& definition) {
    const auto made = store_.Create(definition, kNow);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(*made);
  }
  base::ErrorCode Refused(const MetricDefinition& definition) {
    const auto made = store_.Create(definition, kNow);
    EXPECT_FALSE(made) << definition.name;
    said_ = made ? "" : made.error().message;
    return made ? base::ErrorCode::kInternal : made.error().code;
  }
  base::Result<std::size_t> Apply(std::string_view name, const SampleChange& change) {
    return store_.Apply(name, std::span(&change, 1), kNow);
  }
  base::ErrorCode Refused(std::string_view name, const SampleChange& change) {
    const std::string before = Page();
    const auto applied = Apply(name, change);
    EXPECT_FALSE(applied) << name;
    EXPECT_EQ(Page(), before);
    said_ = applied ? "" : applied.error().message;
    return applied ? base::ErrorCode::kInternal : applied.error().code;
  }

  MetricStore store_{MetricStore::Options{
      {}, [](std::string_view name) { return name.starts_with("promtally_usage_"); }}};
  std::string said_;
};

}  // namespace promtally::exposition
