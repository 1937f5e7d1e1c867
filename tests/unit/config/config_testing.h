// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "promtally/base/diagnostic.h"

namespace promtally::config {

inline std::string FileText(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// All diagnostics as they are printed.
inline std::string Rendered(const base::Diagnostics& diagnostics) {
  std::string text;
  for (const base::Diagnostic& diagnostic : diagnostics) {
    text += base::ToText(diagnostic);
  }
  return text;
}

/// The errors alone.
inline base::Diagnostics Errors(const base::Diagnostics& diagnostics) {
  base::Diagnostics errors;
  for (const base::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == base::Severity::kError) {
      errors.push_back(diagnostic);
    }
  }
  return errors;
}

/// One case of a table: a name, a file, and what is printed about it.
struct RenderedCase {
  const char* name;
  const char* yaml;
  const char* expected;
};

inline std::string CaseName(const testing::TestParamInfo<RenderedCase>& info) {
  return info.param.name;
}

}  // namespace promtally::config
