// SPDX-License-Identifier: Apache-2.0
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "inference/npy_file.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

namespace promtally::inference {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are copied as they stand");

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kAlignment = 64;

tl::unexpected<base::Error> Wrong(const std::string& what) {
  return base::Fail(base::ErrorCode::kParse, "NPY: " + what);
}

/// The text of a header's key up to the comma or bracket that ends it.
std::string_view ValueOf(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "':";
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) {
    return {};
  }
  header.remove_prefix(at + quoted.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  if (header.starts_with('(')) {
    const std::size_t end = header.find(')');
    return end == std::string_view::npos ? std::string_view() : header.substr(0, end + 1);
  }
  return header.substr(0, header.find_first_of(",}"));
}

std::optional<std::size_t> TakeNumber(std::string_view& text) {
  std::size_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

/// `(100000, 12)`
bool ReadShape(std::string_view text, NpyMatrix& matrix) {
  if (!text.starts_with('(')) {
    return false;
  }
  text.remove_prefix(1);
  const auto rows = TakeNumber(text);
  if (!rows || !text.starts_with(',')) {
    return false;
  }
  text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto columns = TakeNumber(text);
  if (!columns || text != ")") {
    return false;
  }
  matrix.rows = *rows;
  matrix.columns = *columns;
  return true;
}

}  // namespace

base::Result<NpyMatrix> ReadNpy(std::string_view bytes) {
  const std::size_t prefix = kMagic.size() + kLengthBytes;
  if (!bytes.starts_with(kMagic.substr(0, 6)) || bytes.size() < prefix) {
    return Wrong("the file does not begin as one");
  }
  if (!bytes.starts_with(kMagic)) {
    return Wrong("only version 1.0 is read");
  }
  const auto low = static_cast<unsigned char>(bytes[kMagic.size()]);
  const auto high = static_cast<unsigned char>(bytes[kMagic.size() + 1]);
  const std::size_t length = low + 256U * high;
  if (bytes.size() - prefix < length) {
    return Wrong("the header is cut");
  }
  const std::string_view header = bytes.substr(prefix, length);
  const std::string_view type = ValueOf(header, "descr");
  const std::size_t width = type == "'<f4'" ? sizeof(float) : type == "'<f8'" ? sizeof(double) : 0;
  if (width == 0) {
    return Wrong("the type must be '<f4' or '<f8'");
  }
  if (ValueOf(header, "fortran_order") != "False") {
    return Wrong("the order must be C (fortran_order False)");
  }
  NpyMatrix matrix;
  if (!ReadShape(ValueOf(header, "shape"), matrix)) {
    return Wrong("the shape must be two-dimensional, such as (100, 12)");
  }
  const std::string_view data = bytes.substr(prefix + length);
  const std::size_t count = data.size() / width;
  const bool is_whole = data.size() % width == 0 && matrix.columns > 0 &&
                        count % matrix.columns == 0 && count / matrix.columns == matrix.rows;
  if (!is_whole) {
    return Wrong("the shape and the number of bytes differ");
  }
  matrix.values.resize(count);
  if (width == sizeof(float)) {
    std::memcpy(matrix.values.data(), data.data(), data.size());
    return matrix;
  }
  for (std::size_t i = 0; i < count; ++i) {
    double value = 0;
    std::memcpy(&value, data.data() + i * width, width);
    matrix.values[i] = static_cast<float>(value);
  }
  return matrix;
}

std::string WriteNpy(std::span<const float> values, std::size_t columns) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(columns == 0 ? 0 : values.size() / columns) + ", " +
                       std::to_string(columns) + "), }";
  const std::size_t prefix = kMagic.size() + kLengthBytes;
  while ((prefix + header.size() + 1) % kAlignment != 0) {
    header += ' ';
  }
  header += '\n';
  std::string bytes(kMagic);
  bytes += static_cast<char>(header.size() & 0xFFU);
  bytes += static_cast<char>(header.size() >> 8U);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return bytes;
}

}  // namespace promtally::inference
