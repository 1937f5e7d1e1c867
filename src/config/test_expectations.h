// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/value_reader.h"
#include "promtally/config/test_file.h"

namespace promtally::config {

/// A test while its file is read: names of specs are looked up when all of it was.
struct TestGroupDraft {
  TestGroup group;
  struct Name {
    const Node* node = nullptr;
    std::size_t index = 0;  ///< of the test in its list
  };
  std::vector<Name> query_metrics;
  std::vector<Name> usage_metrics;
  std::vector<const Node*> usage_times;
  const Node* map = nullptr;
};

void ReadExpressionTests(ValueReader& reader, const Node& value, TestGroupDraft& draft);
void ReadQueryTests(ValueReader& reader, const Node& value, TestGroupDraft& draft);
void ReadUsageTests(ValueReader& reader, const Node& value, TestGroupDraft& draft);

/// A period's length: whole seconds that divide a day.
[[nodiscard]] std::optional<base::Seconds> ReadTestPeriod(ValueReader& reader, const Node& value);

}  // namespace promtally::config
