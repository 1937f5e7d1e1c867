// SPDX-License-Identifier: Apache-2.0
// Answers that were recorded, cut at every byte, and the fuzzer's corpus.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "fuzz/answer_property.h"
#include "support/fake_server.h"
#include "unit/source/ask.h"

namespace promtally::source {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;

std::vector<std::string> RecordedAnswers(std::size_t count) {
  std::vector<std::string> bodies;
  std::ifstream file(PROMTALLY_TEST_DATA "/cloudkitty/answers.jsonl");
  for (std::string line; bodies.size() < count && std::getline(file, line);) {
    bodies.emplace_back(boost::json::parse(line).at("body").as_string());
  }
  return bodies;
}

std::string ReasonOf(std::string_view body, net::TransferError error) {
  net::HttpResponse response;
  response.status = 200;
  response.error = error;
  VectorDecoder decoder;
  static_cast<void>(decoder.Write(body));
  const auto failure =
      Classify(response, decoder.Finish(), Expect::kVector, base::FromUnixSeconds(0));
  return failure ? failure->reason : "";
}

TEST(RecordedAnswers, AreNeverTakenWhenTheyAreCutAtAnyByte) {
  const std::vector<std::string> bodies = RecordedAnswers(20);
  ASSERT_EQ(bodies.size(), 20U);
  for (const std::string& body : bodies) {
    ASSERT_EQ(ReasonOf(body, net::TransferError::kNone), "") << body;
    for (std::size_t kept = 0; kept < body.size(); ++kept) {
      // Where the length was announced, and where the end of the connection is the end of the body.
      ASSERT_EQ(ReasonOf(body.substr(0, kept), net::TransferError::kIncompleteBody),
                "incomplete_body");
      ASSERT_EQ(ReasonOf(body.substr(0, kept), net::TransferError::kNone), "not_json")
          << kept << " bytes of " << body;
    }
  }
}

TEST(RecordedAnswers, AreNotTakenWithAWrongContentLength) {
  FakeServer server([](const SeenRequest&) { return Reply::Of(200, ""); });
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  for (const std::string& body : RecordedAnswers(20)) {
    for (const std::size_t length : {body.size() + 1, body.size() - 1, body.size() / 2}) {
      server.SetScript([&](const SeenRequest&) {
        return Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) +
                          "\r\n\r\n" + body);
      });
      const QueryOutcome outcome = Ask(*source, "up", base::FromUnixSeconds(0));
      ASSERT_TRUE(outcome.failure.has_value()) << length << " of " << body;
      EXPECT_EQ(outcome.failure->disposition, Disposition::kRetry);
    }
  }
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(AnswerCorpus, HoldsWhatAnAnswerHasToHold) {
  std::size_t count = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(PROMTALLY_ROOT "/tests/fuzz/answer_corpus")) {
    const std::string text = Read(file.path());
    EXPECT_EQ(BrokenPropertyOfAnswer(text), "") << file.path();
    for (std::size_t at = 0; at < text.size(); at += 2) {
      ASSERT_EQ(BrokenPropertyOfAnswer(text.substr(0, at)), "") << file.path() << " " << at;
      std::string mangled = text;
      mangled[at] = "\"{}[],:0e\xFF\\"[at % 11];
      ASSERT_EQ(BrokenPropertyOfAnswer(mangled), "") << file.path() << " " << at;
    }
    ++count;
  }
  EXPECT_GT(count, 40U);
}

}  // namespace
}  // namespace promtally::source
