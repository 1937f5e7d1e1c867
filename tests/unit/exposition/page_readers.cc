// SPDX-License-Identifier: Apache-2.0
#include "unit/exposition/page_readers.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace promtally::exposition {
namespace {

constexpr const char* kPython = "/usr/bin/python3";

/// Exit status and output of a command that reads `input`.
std::pair<int, std::string> Run(const std::string& command, const std::string& input) {
  std::string path = testing::TempDir() + "promtally-page-XXXXXX";
  const int file = mkstemp(path.data());
  for (std::size_t done = 0; done < input.size();) {
    const auto written = write(file, input.data() + done, input.size() - done);
    if (written <= 0) {
      ADD_FAILURE() << "cannot write " << path;
      break;
    }
    done += static_cast<std::size_t>(written);
  }
  close(file);
  FILE* pipe = popen((command + " 2>&1 < " + path).c_str(), "r");
  std::string said;
  std::array<char, 4096> chunk;
  while (const std::size_t got = fread(chunk.data(), 1, chunk.size(), pipe)) {
    said.append(chunk.data(), got);
  }
  const int status = pclose(pipe);
  unlink(path.c_str());
  return {WEXITSTATUS(status), said};
}

}  // namespace

std::string ReadAll(PieceReader& reader) {
  std::string page;
  while (reader.Next(page)) {
  }
  return page;
}

std::pair<int, std::string> Promtool(const std::string& page) {
  return Run("promtool check metrics", page);
}

bool HasPromtool() { return access("/usr/bin/promtool", X_OK) == 0; }

std::vector<std::string> FamiliesByPython(const std::vector<FormattedPage>& pages) {
  std::string input;
  for (const auto& [format, page] : pages) {
    input += (format == Format::kOpenMetrics ? "openmetrics " : "text ") +
             std::to_string(page.size()) + "\n" + page;
  }
  const auto [status, said] = Run(
      std::string(kPython) + " -B " + PROMTALLY_ROOT + "/tests/support/page_families.py", input);
  EXPECT_EQ(status, 0) << said;
  std::vector<std::string> lines;
  std::istringstream stream(said);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  EXPECT_EQ(lines.size(), pages.size()) << said;
  lines.resize(pages.size());
  return lines;
}

bool HasPythonClient() {
  static const bool has =
      access(kPython, X_OK) == 0 &&
      Run(std::string(kPython) + " -c 'import prometheus_client.openmetrics.parser'", "").first ==
          0;
  return has;
}

}  // namespace promtally::exposition
