// SPDX-License-Identifier: Apache-2.0
#include "collector/event_log.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/base/labels.h"

namespace promtally::collector {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

config::LogSettings Settings(config::LogFormat format,
                             config::LogLevel level = config::LogLevel::kInfo) {
  return {level, format};
}

/// What one warning with this value writes.
std::string Written(config::LogFormat format, const std::string& value) {
  testing::internal::CaptureStderr();
  EventLog(Settings(format)).Warn("Period failed", {{"err", value}, {"name", "a"}});
  return testing::internal::GetCapturedStderr();
}

const std::vector<std::string>& HostileValues() {
  static const std::vector<std::string> values = {
      "",
      "a b",
      "a=b",
      "\"quoted\" \\ back",
      "two\nlines\r\nts=1 level=error msg=forged",
      std::string("zero\0byte", 9),
      "\x1b[31mred\x7f",
      "csi \xc2\x9b"
      "31m",
      "tab\there",
      "{\"json\":1}",
  };
  return values;
}

TEST(EventLog, WritesLogfmtWithTimeCallerLevelAndMessage) {
  EXPECT_THAT(Written(config::LogFormat::kLogfmt, "plain-value"),
              MatchesRegex("ts=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z "
                           "caller=event_log_test\\.cc:[0-9]+ level=warn "
                           "msg=\"Period failed\" err=plain-value name=a\n"));
}

TEST(EventLog, KeepsHostileValuesInOneLineThatReadsBackAsJson) {
  for (const std::string& value : HostileValues()) {
    const std::string line = Written(config::LogFormat::kJson, value);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
    boost::system::error_code error;
    const auto json = boost::json::parse(line, error);
    ASSERT_FALSE(error) << line;
    EXPECT_EQ(json.at("err").as_string(), value);
    EXPECT_EQ(json.at("level").as_string(), "warn");
    EXPECT_EQ(json.at("msg").as_string(), "Period failed");
  }
}

TEST(EventLog, KeepsHostileValuesInOneLineThatReadsBackAsLogfmt) {
  for (const std::string& value : HostileValues()) {
    const std::string line = Written(config::LogFormat::kLogfmt, value);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
    const std::size_t begin = line.find(" err=") + 5;
    const std::size_t end = line.rfind(" name=a\n");
    ASSERT_NE(end, std::string::npos) << line;
    const std::string written = line.substr(begin, end - begin);
    if (written.front() == '"') {
      boost::system::error_code error;
      EXPECT_EQ(boost::json::parse(written, error).as_string(), value) << line;
    } else {
      EXPECT_EQ(written, value);
    }
  }
}

TEST(EventLog, LetsNoControlCharacterThrough) {
  for (const auto format : {config::LogFormat::kLogfmt, config::LogFormat::kJson}) {
    for (const std::string& value : HostileValues()) {
      std::string line = Written(format, value);
      line.pop_back();
      for (std::size_t i = 0; i < line.size(); ++i) {
        const auto byte = static_cast<unsigned char>(line[i]);
        EXPECT_FALSE(byte < 0x20 || byte == 0x7F || (byte == 0xC2 && line[i + 1] < '\xA0')) << line;
      }
    }
  }
}

TEST(EventLog, WritesValidUtf8WhateverItIsGiven) {
  for (const auto format : {config::LogFormat::kLogfmt, config::LogFormat::kJson}) {
    const std::string line = Written(format, "cut \xe2\x82");
    EXPECT_TRUE(base::IsUtf8(line));
    EXPECT_THAT(line, HasSubstr(R"(cut \u00e2\u0082)"));
  }
  EXPECT_THAT(Written(config::LogFormat::kLogfmt, "größe"), HasSubstr("err=größe "));
}

TEST(EventLog, LeavesOutWhatIsBelowItsLevel) {
  testing::internal::CaptureStderr();
  const EventLog log(Settings(config::LogFormat::kLogfmt, config::LogLevel::kError));
  log.Debug("d");
  log.Info("i");
  log.Warn("w");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty());
  testing::internal::CaptureStderr();
  log.Error("e");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("level=error msg=e"));
}

TEST(EventLog, FollowsAnotherConfiguration) {
  EventLog log(Settings(config::LogFormat::kLogfmt, config::LogLevel::kError));
  log.Configure(Settings(config::LogFormat::kJson, config::LogLevel::kDebug));
  testing::internal::CaptureStderr();
  log.Debug("d");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(R"("level":"debug","msg":"d"})"));
}

}  // namespace
}  // namespace promtally::collector
