// SPDX-License-Identifier: Apache-2.0
// Universal Binary JSON (draft 12), as XGBoost writes it: big-endian numbers, arrays with a count
// and with or without a type.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "inference/document_cursor.h"

namespace promtally::inference {
namespace {

constexpr std::string_view kIntegers = "iUIlL";

std::size_t WidthOf(char type) {
  switch (type) {
    case 'i':
    case 'U':
      return 1;
    case 'I':
      return 2;
    case 'l':
    case 'd':
      return 4;
    case 'L':
    case 'D':
      return 8;
    default:
      return 0;
  }
}

class UbjCursor final : public DocumentCursor {
 public:
  explicit UbjCursor(std::string_view bytes) : DocumentCursor(bytes) {}

  Kind Peek() override {
    switch (Marker()) {
      case '{':
        return Kind::kObject;
      case '[':
        return Kind::kArray;
      case 'S':
      case 'C':
        return Kind::kText;
      case 'T':
      case 'F':
        return Kind::kBool;
      case 'Z':
        return Kind::kNull;
      default:
        return WidthOf(Marker()) > 0 ? Kind::kNumber : Kind::kNothing;
    }
  }

  std::string ReadText() override {
    if (!ok()) {
      return {};
    }
    const char marker = Marker();
    if (Peek() != Kind::kText) {
      FailHere("must be a text");
      return {};
    }
    TakeMarker();
    return marker == 'C' ? std::string(Take(1)) : TakeText();
  }

  float ReadFloat() override;

  std::int64_t ReadInteger() override {
    const char marker = Marker();
    if (ok() && (marker == '\0' || kIntegers.find(marker) == std::string_view::npos)) {
      FailHere("must be a whole number");
    }
    if (!ok()) {
      return 0;
    }
    TakeMarker();
    return TakeInteger(marker);
  }

  bool ReadBool() override {
    const char marker = Marker();
    if (ok() && marker != 'T' && marker != 'F') {
      FailHere("must be true or false");
    }
    TakeMarker();
    return marker == 'T';
  }

  void ReadNull() override {
    if (ok() && Marker() != 'Z') {
      FailHere("must be null");
    }
    TakeMarker();
  }

  void Finish() override {
    if (ok() && !IsAtEnd()) {
      FailAtByte("there is something behind the end of the document");
    }
  }

 protected:
  void DoEnterObject() override { Enter(); }
  void DoEnterArray() override { Enter(); }

  bool DoNextKey(std::string* key) override {
    if (!DoNext('}')) {
      return false;
    }
    *key = TakeText();
    return ok();
  }

  bool DoNextElement(bool /*is_first*/) override { return DoNext(']'); }

 private:
  /// An object or array that is open: counted ones have no end marker.
  struct Container {
    std::int64_t left = -1;  ///< -1: up to the end marker
    char type = '\0';        ///< of every value; 0: each has its own marker
  };

  /// The type of the next value, in front of it or of the whole array.
  [[nodiscard]] char Marker() {
    if (!containers_.empty() && containers_.back().type != '\0') {
      return containers_.back().type;
    }
    while (!IsAtEnd() && bytes_[position_] == 'N') {
      ++position_;
    }
    return IsAtEnd() ? '\0' : bytes_[position_];
  }

  void TakeMarker() {
    if (ok() && (containers_.empty() || containers_.back().type == '\0')) {
      Take(1);
    }
  }

  std::string_view Take(std::size_t size) {
    if (!ok() || bytes_.size() - position_ < size) {
      FailAtByte("the document is cut here");
      return {};
    }
    position_ += size;
    return bytes_.substr(position_ - size, size);
  }

  std::uint64_t TakeBits(std::size_t width) {
    std::uint64_t bits = 0;
    for (const char c : Take(width)) {
      bits = (bits << 8U) | static_cast<unsigned char>(c);
    }
    return bits;
  }

  std::int64_t TakeInteger(char type) {
    const std::uint64_t bits = TakeBits(WidthOf(type));
    switch (type) {
      case 'i':
        return static_cast<std::int8_t>(bits);
      case 'I':
        return static_cast<std::int16_t>(bits);
      case 'l':
        return static_cast<std::int32_t>(bits);
      default:
        return static_cast<std::int64_t>(bits);
    }
  }

  /// A length or a count, with its type in front.
  std::int64_t TakeLength() {
    const std::size_t at = position_;
    const std::string_view type = Take(1);
    if (!ok()) {
      return 0;
    }
    if (kIntegers.find(type[0]) == std::string_view::npos) {
      FailAtByte(at, "expected the type of a length");
      return 0;
    }
    const std::int64_t length = TakeInteger(type[0]);
    // No value of ours takes less than nothing; what cannot be there is not waited for.
    if (ok() && (length < 0 || static_cast<std::uint64_t>(length) > bytes_.size())) {
      FailAtByte(at, "a length of " + std::to_string(length) + " in a document of " +
                         std::to_string(bytes_.size()) + " bytes");
      return 0;
    }
    return length;
  }

  std::string TakeText() {
    const std::int64_t length = TakeLength();
    return std::string(ok() ? Take(static_cast<std::size_t>(length)) : "");
  }

  void Enter() {
    const bool is_object = Marker() == '{';
    TakeMarker();
    Container container;
    if (ok() && !IsAtEnd() && bytes_[position_] == '$') {
      ++position_;
      const std::size_t at = position_;
      container.type = Take(1).empty() ? '\0' : bytes_[at];
      if (ok() && (is_object || WidthOf(container.type) == 0)) {
        FailAtByte(at, "a typed container of something else than numbers");
      }
      if (ok() && (IsAtEnd() || bytes_[position_] != '#')) {
        FailAtByte("expected the count of a typed array");
      }
    }
    if (ok() && !IsAtEnd() && bytes_[position_] == '#') {
      ++position_;
      container.left = TakeLength();
    }
    containers_.push_back(container);
  }

  /// Whether the open container has another value; takes its end.
  bool DoNext(char end) {
    Container& container = containers_.back();
    if (container.left < 0) {
      if (Marker() != end) {
        return ok();
      }
      ++position_;
    } else if (container.left > 0) {
      --container.left;
      return true;
    }
    containers_.pop_back();
    return false;
  }

  std::vector<Container> containers_;
};

float UbjCursor::ReadFloat() {
  const char marker = Marker();
  if (ok() && Peek() != Kind::kNumber) {
    FailHere("must be a number");
  }
  if (!ok()) {
    return 0;
  }
  TakeMarker();
  if (marker == 'd') {
    return std::bit_cast<float>(static_cast<std::uint32_t>(TakeBits(sizeof(float))));
  }
  if (marker != 'D') {
    return static_cast<float>(TakeInteger(marker));
  }
  const auto wide = std::bit_cast<double>(TakeBits(sizeof(double)));
  if (std::isfinite(wide) && std::abs(wide) > double{std::numeric_limits<float>::max()}) {
    FailHere("the number is out of the range of float32");
    return 0;
  }
  return static_cast<float>(wide);
}

}  // namespace

std::unique_ptr<DocumentCursor> OpenUbjDocument(std::string_view bytes) {
  return std::make_unique<UbjCursor>(bytes);
}

}  // namespace promtally::inference
