// SPDX-License-Identifier: Apache-2.0
// JSON as RFC 8259 has it, with bare NaN as a number.
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "inference/document_cursor.h"

namespace promtally::inference {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(unsigned code, std::string& text) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
  } else {
    if (code < 0x10000) {
      text += static_cast<char>(0xE0U | (code >> 12U));
    } else {
      text += static_cast<char>(0xF0U | (code >> 18U));
      text += static_cast<char>(0x80U | ((code >> 12U) & 0x3FU));
    }
    text += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
  }
  text += static_cast<char>(0x80U | (code & 0x3FU));
}

class JsonCursor final : public DocumentCursor {
 public:
  explicit JsonCursor(std::string_view bytes) : DocumentCursor(bytes) {}

  Kind Peek() override {
    SkipSpace();
    switch (Current()) {
      case '{':
        return Kind::kObject;
      case '[':
        return Kind::kArray;
      case '"':
        return Kind::kText;
      case 't':
      case 'f':
        return Kind::kBool;
      case 'n':
        return Kind::kNull;
      default:
        return Current() == '-' || Current() == 'N' || IsDigit(Current()) ? Kind::kNumber
                                                                          : Kind::kNothing;
    }
  }

  std::string ReadText() override;
  float ReadFloat() override;
  std::int64_t ReadInteger() override;

  bool ReadBool() override {
    SkipSpace();
    const bool value = Current() == 't';
    Expect(value ? "true" : "false", "must be true or false");
    return value;
  }
  void ReadNull() override {
    SkipSpace();
    Expect("null", "must be null");
  }

  void Finish() override {
    SkipSpace();
    if (ok() && !IsAtEnd()) {
      FailAtByte("there is something behind the end of the document");
    }
  }

 protected:
  void DoEnterObject() override {
    ++position_;
    is_first_key_ = true;
  }

  bool DoNextKey(std::string* key) override {
    const bool is_first = std::exchange(is_first_key_, false);
    SkipSpace();
    if (Current() == '}') {
      ++position_;
      return false;
    }
    if (!is_first) {
      TakeComma("} or a comma");
    }
    if (ok() && Current() != '"') {
      FailAtByte("expected a key in quotes");
    }
    *key = ok() ? ReadText() : "";
    SkipSpace();
    if (ok() && Current() != ':') {
      FailAtByte("expected a colon behind the key");
    }
    ++position_;
    return ok();
  }

  void DoEnterArray() override { ++position_; }

  bool DoNextElement(bool is_first) override {
    SkipSpace();
    if (Current() == ']') {
      ++position_;
      return false;
    }
    if (!is_first) {
      TakeComma("] or a comma");
    }
    return ok();
  }

 private:
  [[nodiscard]] char Current() const { return IsAtEnd() ? '\0' : bytes_[position_]; }

  void SkipSpace() {
    while (Current() == ' ' || Current() == '\n' || Current() == '\t' || Current() == '\r') {
      ++position_;
    }
  }

  void TakeComma(std::string_view expected) {
    if (Current() != ',') {
      FailAtByte(IsAtEnd() ? "the document is cut here" : "expected " + std::string(expected));
      return;
    }
    ++position_;
    SkipSpace();
  }

  void Expect(std::string_view word, std::string_view reason) {
    if (!ok()) {
      return;
    }
    if (bytes_.substr(position_, word.size()) != word) {
      FailHere(reason);
      return;
    }
    position_ += word.size();
  }

  void SkipDigits() {
    if (!IsDigit(Current())) {
      FailAtByte("expected a digit");
    }
    while (IsDigit(Current())) {
      ++position_;
    }
  }

  std::string_view NumberText();
  void AppendEscape(std::string& text);
  unsigned ReadHex();

  // Between EnterObject and its first NextKey no other object is entered.
  bool is_first_key_ = false;
};

/// The text of a number of JSON's grammar; from_chars alone would take more.
std::string_view JsonCursor::NumberText() {
  const std::size_t begin = position_;
  if (Current() == '-') {
    ++position_;
  }
  if (Current() == '0') {
    ++position_;
  } else {
    SkipDigits();
  }
  if (Current() == '.') {
    ++position_;
    SkipDigits();
  }
  if (Current() == 'e' || Current() == 'E') {
    ++position_;
    if (Current() == '+' || Current() == '-') {
      ++position_;
    }
    SkipDigits();
  }
  return bytes_.substr(begin, position_ - begin);
}

float JsonCursor::ReadFloat() {
  if (!ok()) {
    return 0;
  }
  if (Peek() != Kind::kNumber) {
    FailHere("must be a number");
    return 0;
  }
  if (Current() == 'N') {
    Expect("NaN", "must be a number");
    return std::numeric_limits<float>::quiet_NaN();
  }
  const std::string_view text = NumberText();
  float value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    double wide = 0;
    const auto wide_error = std::from_chars(text.data(), text.data() + text.size(), wide).ec;
    if (wide_error == std::errc() && std::abs(wide) < 1) {
      return std::signbit(wide) ? -0.0F : 0.0F;
    }
    FailHere("the number is out of the range of float32");
    return 0;
  }
  if (ok() && (error != std::errc() || stop != text.data() + text.size())) {
    FailHere("must be a number");
  }
  return value;
}

std::int64_t JsonCursor::ReadInteger() {
  if (!ok()) {
    return 0;
  }
  if (Peek() != Kind::kNumber || Current() == 'N') {
    FailHere("must be a whole number");
    return 0;
  }
  const std::string_view text = NumberText();
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ok() && (error != std::errc() || stop != text.data() + text.size())) {
    FailHere("must be a whole number");
  }
  return value;
}

std::string JsonCursor::ReadText() {
  std::string text;
  if (!ok()) {
    return text;
  }
  if (Peek() != Kind::kText) {
    FailHere("must be a text");
    return text;
  }
  ++position_;
  while (ok() && !IsAtEnd() && Current() != '"') {
    if (static_cast<unsigned char>(Current()) < ' ') {
      FailAtByte("a control character in a text");
    } else if (Current() == '\\') {
      ++position_;
      AppendEscape(text);
    } else {
      text += Current();
      ++position_;
    }
  }
  if (ok() && IsAtEnd()) {
    FailAtByte("the document is cut here");
  }
  ++position_;
  return text;
}

unsigned JsonCursor::ReadHex() {
  unsigned code = 0;
  const std::string_view digits = bytes_.substr(std::min(position_, bytes_.size()), 4);
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() != 4 || error != std::errc() || stop != digits.data() + 4) {
    FailAtByte("expected four hexadecimal digits");
  }
  position_ += 4;
  return code;
}

void JsonCursor::AppendEscape(std::string& text) {
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  const char c = Current();
  ++position_;
  if (const std::size_t at = kFrom.find(c); at != std::string_view::npos && c != '\0') {
    text += kTo[at];
    return;
  }
  if (c != 'u') {
    FailAtByte(position_ - 1, "an escape that JSON does not have");
    return;
  }
  unsigned code = ReadHex();
  if (code >= 0xD800 && code < 0xDC00 &&
      bytes_.substr(std::min(position_, bytes_.size()), 2) == "\\u") {
    position_ += 2;
    const unsigned low = ReadHex();
    if (low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
  }
  if (code >= 0xD800 && code < 0xE000) {
    FailAtByte("half of a surrogate pair");
    return;
  }
  AppendUtf8(code, text);
}

}  // namespace

std::unique_ptr<DocumentCursor> OpenJsonDocument(std::string_view bytes) {
  return std::make_unique<JsonCursor>(bytes);
}

}  // namespace promtally::inference
