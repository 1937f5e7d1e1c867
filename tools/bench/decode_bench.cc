// SPDX-License-Identifier: Apache-2.0
// How fast answers are decoded, beside two floors: copying the bytes, and parsing JSON for nothing.
// By processor time, the best of some rounds: others may use the machine. --check: exit 1 below 400
// MB/s.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

#include "source/vector_decoder.h"

namespace {

namespace json = boost::json;

constexpr int kSeries = 200000;
constexpr std::size_t kPieceBytes = 16384;  // curl hands out no more at once
constexpr int kRounds = 9;
constexpr double kLeastRate = 400;  // MB/s

std::string MakeAnswer() {
  std::string body = R"({"status":"success","data":{"resultType":"vector","result":[)";
  for (int series = 0; series < kSeries; ++series) {
    const std::string number = std::to_string(series);
    body += series == 0 ? "" : ",";
    body += R"({"metric":{"__name__":"http_requests_total","code":"200","instance":"10.0.)" +
            number + R"(:9100","job":"api","method":"GET","project_id":"project-)" + number +
            R"(","region":"eu-central-1"},"value":[1748743200.123,"1234.5)" + number + R"("]})";
  }
  return body + "]}}";
}

struct Nothing {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static bool on_document_begin(json::error_code&) { return true; }
  static bool on_document_end(json::error_code&) { return true; }
  static bool on_object_begin(json::error_code&) { return true; }
  static bool on_object_end(std::size_t, json::error_code&) { return true; }
  static bool on_array_begin(json::error_code&) { return true; }
  static bool on_array_end(std::size_t, json::error_code&) { return true; }
  static bool on_key_part(json::string_view, std::size_t, json::error_code&) { return true; }
  static bool on_key(json::string_view, std::size_t, json::error_code&) { return true; }
  static bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  static bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  static bool on_number_part(json::string_view, json::error_code&) { return true; }
  static bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  static bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  static bool on_double(double, json::string_view, json::error_code&) { return true; }
  static bool on_bool(bool, json::error_code&) { return true; }
  static bool on_null(json::error_code&) { return true; }
  static bool on_comment_part(json::string_view, json::error_code&) { return true; }
  static bool on_comment(json::string_view, json::error_code&) { return true; }
};

/// The best of some rounds, over the body in pieces: MB a second of processor time.
template <typename Round>
double Measure(const char* name, std::string_view body, Round round) {
  double best = 0;
  for (int count = 0; count < kRounds; ++count) {
    const std::clock_t start = std::clock();
    round([&](const auto& take) {
      for (std::size_t at = 0; at < body.size(); at += kPieceBytes) {
        take(body.substr(at, kPieceBytes));
      }
    });
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    best = std::max(best, static_cast<double>(body.size()) / 1e6 / seconds);
  }
  std::printf("%-12s %8.0f MB/s\n", name, best);
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc > 1 && std::string_view(argv[1]) == "--check";
  const std::string body = MakeAnswer();
  std::printf("%d series, %.1f MB\n", kSeries, static_cast<double>(body.size()) / 1e6);
  std::vector<char> copy(body.size());
  Measure("memcpy", body, [&](const auto& pieces) {
    char* to = copy.data();
    pieces([&](std::string_view piece) {
      std::memcpy(to, piece.data(), piece.size());
      to += piece.size();
    });
  });
  const double floor = Measure("json alone", body, [](const auto& pieces) {
    json::basic_parser<Nothing> parser{json::parse_options()};
    json::error_code error;
    pieces([&](std::string_view piece) {
      parser.write_some(true, piece.data(), piece.size(), error);
    });
  });
  bool whole = true;
  const double rate = Measure("decoder", body, [&](const auto& pieces) {
    promtally::source::VectorDecoder decoder;
    pieces([&](std::string_view piece) { whole = decoder.Write(piece) && whole; });
    const promtally::source::DecodedAnswer answer = decoder.Finish();
    whole = whole && answer.is_json && answer.answer.size() == kSeries;
  });
  std::printf("json alone / decoder %.2f\n", floor / rate);
  return whole && (!check || rate >= kLeastRate) ? 0 : 1;
}
