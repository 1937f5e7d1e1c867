// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <glob.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/report_lines.h"
#include "cli/test_outcome.h"
#include "promtally/config/metrics_file.h"
#include "promtally/config/test_file.h"

namespace promtally::cli {

namespace {

/// The files that a pattern names, in the shell's order.
std::vector<std::string> FilesOf(const std::string& pattern) {
  std::vector<std::string> files;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return files;
}

base::Result<metering::MetricSpecs> ReadSpecs(const std::string& test_file,
                                              const std::string& pattern) {
  const std::vector<std::string> files = FilesOf(JoinPath(test_file, pattern));
  if (files.empty()) {
    return base::Fail(base::ErrorCode::kNotFound, "no file matches \"" + pattern + "\"");
  }
  metering::MetricSpecs specs;
  for (const std::string& path : files) {
    const auto text = ReadFile(path);
    if (!text) {
      return tl::unexpected(text.error());
    }
    config::MetricsFile metrics = config::ReadMetricsFile(*text, path);
    if (base::HasErrors(metrics.diagnostics)) {
      std::erase_if(metrics.diagnostics, [](const base::Diagnostic& diagnostic) {
        return diagnostic.severity != base::Severity::kError;
      });
      PrintDiagnostics(metrics.diagnostics);
      return base::Fail(base::ErrorCode::kInvalidArgument, path + " has errors");
    }
    specs.insert(specs.end(), std::make_move_iterator(metrics.specs.begin()),
                 std::make_move_iterator(metrics.specs.end()));
  }
  return specs;
}

/// Results as they come: a test that failed is followed by what differs.
class Report {
 public:
  explicit Report(Format format) : format_(format) {}

  void Add(const TestOutcome& outcome) {
    failed_ += outcome.errors.empty() ? 0U : 1U;
    ++tests_;
    switch (format_) {
      case Format::kJson:
        std::cout << ToJson(outcome) << '\n';
        return;
      case Format::kCsv:
        AddRows(outcome);
        return;
      case Format::kTable:
        Show(outcome);
    }
  }

  void Finish() {
    if (format_ == Format::kCsv) {
      table_.Print(std::cout, Format::kCsv);
    }
    std::cerr << fmt::format("{} tests, {} failed\n", tests_, failed_);
  }
  [[nodiscard]] bool has_failed() const { return failed_ > 0; }

 private:
  static void Show(const TestOutcome& outcome) {
    std::cout << fmt::format("{}  {}: {}\n", outcome.errors.empty() ? "pass" : "FAIL",
                             Printable(outcome.file), Printable(outcome.test));
    for (const TestError& error : outcome.errors) {
      std::cout << fmt::format("      line {}: {}\n", error.line, Printable(error.message));
      if (error.expected || error.got) {
        std::cout << fmt::format("        expected  {}\n        got       {}\n",
                                 Printable(error.expected.value_or("nothing")),
                                 Printable(error.got.value_or("nothing")));
      }
    }
  }

  void AddRows(const TestOutcome& outcome) {
    if (outcome.errors.empty()) {
      table_.Add({outcome.file, outcome.test, "pass", "", "", "", ""});
    }
    for (const TestError& error : outcome.errors) {
      table_.Add({outcome.file, outcome.test, "fail", std::to_string(error.line), error.message,
                  error.expected.value_or(""), error.got.value_or("")});
    }
  }

  Format format_;
  std::size_t tests_ = 0;
  std::size_t failed_ = 0;
  Table table_{
      {{"file"}, {"test"}, {"status"}, {"line", true}, {"message"}, {"expected"}, {"got"}}};
};

}  // namespace

int RunTests(const TestOptions& options) {
  bool is_valid = true;
  std::vector<std::pair<std::string, config::TestFile>> files;
  for (const std::string& path : options.files) {
    const auto text = ReadFile(path);
    if (!text) {
      is_valid = false;
      PrintError(text.error().message, kBadConfiguration);
      continue;
    }
    config::TestFile file = config::ReadTestFile(
        *text, path, [&path](const std::string& pattern) { return ReadSpecs(path, pattern); });
    PrintDiagnostics(file.diagnostics);
    is_valid = is_valid && !base::HasErrors(file.diagnostics);
    files.emplace_back(path, std::move(file));
  }
  if (!is_valid) {
    return kBadConfiguration;
  }
  Report report(options.format);
  for (const auto& [path, file] : files) {
    for (const config::TestGroup& test : file.groups) {
      report.Add(RunTest(file, test, path));
    }
  }
  report.Finish();
  return report.has_failed() ? kIncomplete : kDone;
}

}  // namespace promtally::cli
