// SPDX-License-Identifier: Apache-2.0
#include "source/vector_decoder.h"

#include <algorithm>
#include <cstdint>

#include <boost/json/basic_parser_impl.hpp>

#include "source/answer_handler.h"

namespace promtally::source {
namespace {

namespace json = boost::json;

constexpr std::size_t kHeadBytes = 512;

/// Boost.JSON's side: joins texts that arrive in parts. Most come whole and are not copied.
class ParserHandler {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the names are Boost's.
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  AnswerHandler handler;

  static bool on_document_begin(json::error_code&) { return true; }
  static bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    handler.BeginObject();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    handler.EndObject();
    return true;
  }
  bool on_array_begin(json::error_code&) {
    handler.BeginArray();
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    handler.EndArray();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return Keep(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    handler.Key(Whole(part));
    parts_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return Keep(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    handler.Text(Whole(part));
    parts_.clear();
    return true;
  }
  bool on_number_part(json::string_view part, json::error_code&) { return Keep(part); }
  bool on_int64(std::int64_t, json::string_view part, json::error_code&) { return OnNumber(part); }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code&) {
    return OnNumber(part);
  }
  bool on_double(double, json::string_view part, json::error_code&) { return OnNumber(part); }
  bool on_bool(bool value, json::error_code&) {
    handler.Bool(value);
    return true;
  }
  bool on_null(json::error_code&) {
    handler.Null();
    return true;
  }
  static bool on_comment_part(json::string_view, json::error_code&) { return true; }
  static bool on_comment(json::string_view, json::error_code&) { return true; }
  // NOLINTEND(readability-identifier-naming)

 private:
  bool Keep(json::string_view part) {
    parts_.append(part.data(), part.size());
    return true;
  }
  std::string_view Whole(json::string_view last) {
    if (parts_.empty()) {
      return {last.data(), last.size()};
    }
    Keep(last);
    return parts_;
  }
  bool OnNumber(json::string_view part) {
    handler.Number(Whole(part));
    parts_.clear();
    return true;
  }

  std::string parts_;
};

json::parse_options Options() {
  json::parse_options options;
  options.max_depth = kJsonDepthLimit;
  return options;
}

}  // namespace

class VectorDecoder::Parser {
 public:
  explicit Parser(std::optional<RawDecoding> raw) {
    if (raw) {
      parser_.handler().handler.TakeRaw(*raw);
    }
  }

  void Write(std::string_view bytes) {
    DecodedAnswer& answer = Answer();
    if (answer.head.size() < kHeadBytes) {
      answer.head.append(bytes.substr(0, kHeadBytes - answer.head.size()));
    }
    if (!answer.json_error.empty()) {
      return;
    }
    if (!parser_.done()) {
      json::error_code error;
      const std::size_t used = parser_.write_some(true, bytes.data(), bytes.size(), error);
      offset_ += used;
      if (error) {
        Fail(error.message());
        return;
      }
      bytes.remove_prefix(used);
    }
    // Asked again, the parser would begin another text.
    const std::size_t other = bytes.find_first_not_of(" \t\r\n");
    if (other != std::string_view::npos) {
      offset_ += other;
      Fail("something stands behind the end");
    }
    offset_ += bytes.size();
  }

  DecodedAnswer Finish() {
    DecodedAnswer& answer = Answer();
    if (answer.json_error.empty() && !parser_.done()) {
      json::error_code error;
      parser_.write_some(false, "", 0, error);
      if (error) {
        Fail(offset_ == 0 ? "an empty body" : error.message());
      }
    }
    answer.is_json = answer.json_error.empty();
    if (answer.shape_fault.empty()) {
      answer.shape_fault = FaultText(answer.answer.fault());
    }
    return std::move(answer);
  }

 private:
  DecodedAnswer& Answer() { return parser_.handler().handler.answer(); }

  void Fail(const std::string& why) {
    Answer().json_error = why + " at byte " + std::to_string(offset_);
  }

  static const char* FaultText(metering::Answer::Fault fault) {
    switch (fault) {
      case metering::Answer::Fault::kNone:
        return "";
      case metering::Answer::Fault::kTooLarge:
        return "a series with a value or labels of a size that cannot be";
      case metering::Answer::Fault::kDuplicateLabel:
        return "a series with one label twice";
    }
    return "";
  }

  json::basic_parser<ParserHandler> parser_{Options()};
  std::uint64_t offset_ = 0;
};

VectorDecoder::VectorDecoder(std::optional<RawDecoding> raw)
    : parser_(std::make_unique<Parser>(raw)) {}
VectorDecoder::~VectorDecoder() = default;

bool VectorDecoder::Write(std::string_view bytes) {
  parser_->Write(bytes);
  return true;
}

DecodedAnswer VectorDecoder::Finish() { return parser_->Finish(); }

}  // namespace promtally::source
