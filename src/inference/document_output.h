// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promtally::inference {

/// The shortest text that gives the float32 back; NaN as XGBoost writes it. XGBoost takes a number
/// without fraction and exponent for a whole one and refuses it where a float stands.
inline std::string FloatText(float value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  std::array<char, 32> text{};
  const std::string shortest(text.data(),
                             std::to_chars(text.data(), text.data() + text.size(), value).ptr);
  return shortest.find_first_of(".e") == std::string::npos ? shortest + "E0" : shortest;
}

/// JSON text, value by value: keys and values in turn, commas by itself.
class JsonOutput {
 public:
  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray(std::size_t /*count*/) { Open('['); }
  void EndArray() { Close(']'); }

  void Key(std::string_view key) {
    Separate();
    AppendQuoted(key);
    text_ += ':';
    is_first_ = true;
  }
  void Text(std::string_view value) {
    Separate();
    AppendQuoted(value);
  }
  void Integer(std::int64_t value) {
    Separate();
    text_ += std::to_string(value);
  }
  template <typename T>
  void Numbers(const std::vector<T>& values) {
    BeginArray(values.size());
    for (const T value : values) {
      Separate();
      if constexpr (std::floating_point<T>) {
        text_ += FloatText(value);
      } else {
        text_ += std::to_string(value);
      }
    }
    EndArray();
  }
  template <typename T>
  void List(const std::vector<T>& values) {
    Numbers(values);
  }

  std::string Take() { return std::move(text_); }

 private:
  void Open(char bracket) {
    Separate();
    text_ += bracket;
    is_first_ = true;
  }
  void Close(char bracket) {
    text_ += bracket;
    is_first_ = false;
  }
  void Separate() {
    if (!is_first_) {
      text_ += ',';
    }
    is_first_ = false;
  }
  void AppendQuoted(std::string_view value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (static_cast<unsigned char>(c) < ' ') {
        text_ += "\\u00";
        text_ += kDigits[static_cast<unsigned char>(c) >> 4U];
        text_ += kDigits[static_cast<unsigned char>(c) & 15U];
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  std::string text_;
  bool is_first_ = true;
};

/// The same calls as UBJ: big-endian, arrays with a count.
class UbjOutput {
 public:
  void BeginObject() { bytes_ += '{'; }
  void EndObject() { bytes_ += '}'; }
  void BeginArray(std::size_t count) {
    bytes_ += "[#";
    Length(count);
  }
  void EndArray() {}

  void Key(std::string_view key) {
    Length(key.size());
    bytes_ += key;
  }
  void Text(std::string_view value) {
    bytes_ += 'S';
    Key(value);
  }
  void Integer(std::int64_t value) { Length(static_cast<std::uint64_t>(value)); }
  void Numbers(const std::vector<float>& values) {
    Begin('d', values.size());
    for (const float value : values) {
      Bits(std::bit_cast<std::uint32_t>(value), sizeof(value));
    }
  }
  void Numbers(const std::vector<std::int32_t>& values) {
    Begin('l', values.size());
    for (const std::int32_t value : values) {
      Bits(static_cast<std::uint32_t>(value), sizeof(value));
    }
  }
  void Numbers(const std::vector<std::uint8_t>& values) {
    Begin('U', values.size());
    bytes_.append(values.begin(), values.end());
  }
  void Numbers(const std::vector<std::int64_t>& values) {
    Begin('L', values.size());
    for (const std::int64_t value : values) {
      Bits(static_cast<std::uint64_t>(value), sizeof(value));
    }
  }

  /// An array whose elements have a type each: XGBoost takes some arrays in this form only.
  void List(const std::vector<std::int32_t>& values) {
    BeginArray(values.size());
    for (const std::int32_t value : values) {
      bytes_ += 'l';
      Bits(static_cast<std::uint32_t>(value), sizeof(value));
    }
  }
  void List(const std::vector<float>& values) {
    BeginArray(values.size());
    for (const float value : values) {
      bytes_ += 'd';
      Bits(std::bit_cast<std::uint32_t>(value), sizeof(value));
    }
  }

  std::string Take() { return std::move(bytes_); }

 private:
  void Begin(char type, std::size_t count) {
    bytes_ += "[$";
    bytes_ += type;
    bytes_ += '#';
    Length(count);
  }
  void Length(std::uint64_t value) {
    bytes_ += 'L';
    Bits(value, sizeof(value));
  }
  void Bits(std::uint64_t bits, std::size_t width) {
    for (std::size_t i = width; i > 0; --i) {
      bytes_ += static_cast<char>((bits >> (8 * (i - 1))) & 0xFFU);
    }
  }

  std::string bytes_;
};

}  // namespace promtally::inference
