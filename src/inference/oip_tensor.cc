// SPDX-License-Identifier: Apache-2.0
#include "inference/oip_tensor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace promtally::inference {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are sent as they lie in memory");

struct Datatype {
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array<Datatype, 12> kDatatypes{{{"BOOL", 1},
                                               {"UINT8", 1},
                                               {"UINT16", 2},
                                               {"UINT32", 4},
                                               {"UINT64", 8},
                                               {"INT8", 1},
                                               {"INT16", 2},
                                               {"INT32", 4},
                                               {"INT64", 8},
                                               {"FP16", 2},
                                               {"FP32", 4},
                                               {"FP64", 8}}};

constexpr double kLargestHalf = 65504;

/// IEEE 754 half precision, rounded to nearest even.
std::uint16_t ToHalf(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  if (std::isnan(value)) {
    return static_cast<std::uint16_t>(sign | 0x7E00U);
  }
  const double magnitude = std::abs(static_cast<double>(value));
  if (magnitude < 6.103515625e-05) {  // below the smallest normal number: units of 2^-24
    return static_cast<std::uint16_t>(
        sign | static_cast<std::uint16_t>(std::nearbyint(magnitude * 16777216.0)));
  }
  std::uint32_t rest = (bits & 0x7FFFFFFFU) - (112U << 23U);  // the exponent's bias: 127 to 15
  rest += 0xFFFU + ((rest >> 13U) & 1U);
  return static_cast<std::uint16_t>(sign | (rest >> 13U));
}

double FromHalf(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 31;
  const int fraction = bits & 1023;
  double value = 0;
  if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000U) != 0 ? -value : value;
}

template <typename Element>
void AppendElement(std::string& bytes, Element element) {
  std::array<char, sizeof(Element)> raw{};
  std::memcpy(raw.data(), &element, sizeof(Element));
  bytes.append(raw.data(), raw.size());
}

template <typename Element>
std::vector<double> Elements(std::string_view bytes) {
  std::vector<double> values(bytes.size() / sizeof(Element));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Element element{};
    std::memcpy(&element, bytes.data() + i * sizeof(Element), sizeof(Element));
    values[i] = static_cast<double>(element);
  }
  return values;
}

std::vector<double> Halves(std::string_view bytes) {
  std::vector<double> values = Elements<std::uint16_t>(bytes);
  for (double& value : values) {
    value = FromHalf(static_cast<std::uint16_t>(value));
  }
  return values;
}

std::vector<double> Integers(std::string_view bytes, std::string_view datatype,
                             std::size_t element) {
  const bool is_signed = datatype.front() == 'I';
  switch (element) {
    case 1:
      return is_signed ? Elements<std::int8_t>(bytes) : Elements<std::uint8_t>(bytes);
    case 2:
      return is_signed ? Elements<std::int16_t>(bytes) : Elements<std::uint16_t>(bytes);
    case 4:
      return is_signed ? Elements<std::int32_t>(bytes) : Elements<std::uint32_t>(bytes);
    default:
      return is_signed ? Elements<std::int64_t>(bytes) : Elements<std::uint64_t>(bytes);
  }
}

base::Error Differs(const RemoteTensor& tensor, std::size_t rows, std::size_t columns) {
  return {base::ErrorCode::kInvalidArgument,
          fmt::format("the model's input \"{}\" has the shape {}, the rows have [{},{}]",
                      tensor.name, ShapeText(tensor.shape), rows, columns)};
}

}  // namespace

std::string ShapeText(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

base::Result<std::vector<std::int64_t>> ShapeFor(const RemoteTensor& tensor, std::size_t rows,
                                                 std::size_t columns) {
  const auto row_count = static_cast<std::int64_t>(rows);
  const auto width = static_cast<std::int64_t>(columns);
  std::vector<std::int64_t> shape = tensor.shape;
  if (shape.empty()) {
    return std::vector<std::int64_t>{row_count, width};  // the server does not say
  }
  if (shape.size() == 1) {
    const std::int64_t length = columns == 1 ? row_count : width;
    if ((columns != 1 && rows != 1) || (shape[0] >= 0 && shape[0] != length)) {
      return tl::unexpected(Differs(tensor, rows, columns));
    }
    return std::vector<std::int64_t>{length};
  }
  std::int64_t fixed = 1;
  std::int64_t* open = nullptr;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    if (shape[i] < 0 && open == nullptr) {
      open = &shape[i];
    } else if (shape[i] <= 0 || shape[i] > width || fixed > width) {
      return tl::unexpected(Differs(tensor, rows, columns));
    } else {
      fixed *= shape[i];
    }
  }
  const bool wrong_batch = shape[0] >= 0 && shape[0] != row_count;
  if (wrong_batch || (open == nullptr ? fixed != width : width % fixed != 0)) {
    return tl::unexpected(Differs(tensor, rows, columns));
  }
  if (open != nullptr) {
    *open = width / fixed;
  }
  shape[0] = row_count;
  return shape;
}

std::optional<std::size_t> ElementBytes(std::string_view datatype) {
  const auto found = std::find_if(kDatatypes.begin(), kDatatypes.end(),
                                  [&](const Datatype& known) { return known.name == datatype; });
  return found == kDatatypes.end() ? std::nullopt : std::optional(found->bytes);
}

bool IsFloating(std::string_view datatype) {
  return datatype == "FP64" || datatype == "FP32" || datatype == "FP16";
}

base::Result<std::string> ToElements(const std::vector<double>& values, std::string_view datatype) {
  std::string bytes;
  bytes.reserve(values.size() * ElementBytes(datatype).value_or(8));
  const double largest = datatype == "FP64"   ? std::numeric_limits<double>::max()
                         : datatype == "FP32" ? std::numeric_limits<float>::max()
                                              : kLargestHalf;
  for (const double value : values) {
    if (std::abs(value) > largest) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        fmt::format("the value {} does not fit {}", value, datatype));
    }
    if (datatype == "FP64") {
      AppendElement(bytes, value);
    } else if (datatype == "FP32") {
      AppendElement(bytes, static_cast<float>(value));
    } else {
      AppendElement(bytes, ToHalf(static_cast<float>(value)));
    }
  }
  return bytes;
}

base::Result<std::vector<double>> FromElements(std::string_view bytes, std::string_view datatype) {
  const std::optional<std::size_t> element = ElementBytes(datatype);
  if (!element || datatype == "BOOL") {
    return base::Fail(base::ErrorCode::kParse,
                      "the datatype " + std::string(datatype) + " holds no numbers");
  }
  if (bytes.size() % *element != 0) {
    return base::Fail(base::ErrorCode::kParse, "the last number is cut");
  }
  if (datatype == "FP64") {
    return Elements<double>(bytes);
  }
  if (datatype == "FP32") {
    return Elements<float>(bytes);
  }
  return datatype == "FP16" ? Halves(bytes) : Integers(bytes, datatype, *element);
}

}  // namespace promtally::inference
