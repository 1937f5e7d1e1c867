// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/metering/answer.h"

namespace promtally::metering {

/// One raw sample in 16 bytes: its time, and its value as digits × 10^exponent. A value that does
/// not fit that way (NaN, an infinity, a double above 2^63, more than 18 digits) has a kind of its
/// own; RawSamples knows how to read every one.
class RawSample {
 public:
  enum class Kind : std::uint8_t {
    kDecimal,   ///< digits × 10^exponent
    kDouble,    ///< digits are the bits of a double of 2^63 or more: its exact integer
    kText,      ///< digits number a text that is kept whole
    kNan,       ///< no observation
    kInfinity,  ///< no observation; digits are its sign
  };
  static constexpr int kMaxExponent = 1023;

  RawSample() = default;
  RawSample(std::int64_t time_ms, Kind kind, std::int64_t digits, int exponent = 0)
      : place_((static_cast<std::uint64_t>(time_ms) << 16U) |
               (static_cast<std::uint64_t>(exponent + 1024) << 4U) |
               static_cast<std::uint64_t>(kind)),
        digits_(digits) {}

  /// Milliseconds since the Unix epoch (47 bits and a sign: the years -2500 to 6400).
  [[nodiscard]] std::int64_t time_ms() const { return static_cast<std::int64_t>(place_) >> 16; }
  [[nodiscard]] Kind kind() const { return static_cast<Kind>(place_ & 0xFU); }
  [[nodiscard]] std::int64_t digits() const { return digits_; }
  [[nodiscard]] int exponent() const { return static_cast<int>((place_ >> 4U) & 0xFFFU) - 1024; }
  /// False for NaN and infinities.
  [[nodiscard]] bool IsFinite() const { return kind() < Kind::kNan; }

 private:
  std::uint64_t place_ = 0;
  std::int64_t digits_ = 0;
};
static_assert(sizeof(RawSample) == 16);

/// The samples of the series of one raw answer, series by series, in the order in which they were
/// answered; labels are kept elsewhere (RawAnswer). Compact: 16 bytes a sample and 8 a series.
/// Movable. One thread at a time.
class RawSamples {
 public:
  /// Opens a series; what is added belongs to it.
  void BeginSeries() { ends_.push_back(samples_.size()); }
  /// A value as a server or a file prints it: a decimal, `NaN`, `+Inf`, `-Inf`. Below 2^53 the
  /// decimal of the text; from there on the exact integer of the double that it stands for (servers
  /// print 2^60 + 256 as `1152921504606847200`). False, and nothing added: it is no number.
  [[nodiscard]] bool Add(std::int64_t time_ms, std::string_view value);
  /// As Add, but for exact values of any size (test files): never by way of a double.
  [[nodiscard]] bool AddExact(std::int64_t time_ms, std::string_view value);

  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::size_t sample_count() const { return samples_.size(); }
  [[nodiscard]] std::span<const RawSample> samples(std::size_t series) const {
    const std::size_t begin = ends_[series];
    const std::size_t end = series + 1 < ends_.size() ? ends_[series + 1] : samples_.size();
    return std::span(samples_).subspan(begin, end - begin);
  }

  /// The value as a decimal; 0 for NaN and infinities.
  [[nodiscard]] base::Decimal DecimalOf(const RawSample& sample) const;
  /// The nearest double, as a server has it; NaN and infinities as such.
  [[nodiscard]] double DoubleOf(const RawSample& sample) const;

 private:
  [[nodiscard]] bool AddOther(std::int64_t time_ms, std::string_view value);

  std::vector<RawSample> samples_;
  std::vector<std::size_t> ends_;   ///< of each series the place of its first sample
  std::vector<std::string> texts_;  ///< of kText
};

/// A raw answer: labels (values are not used) and annotations in `series`, samples with the same
/// numbers.
struct RawAnswer {
  Answer series;
  RawSamples samples;
};

/// Milliseconds of a time as servers print it (`1748739600`, `1748739600.001`, `1.7487396e9`).
[[nodiscard]] bool ReadSampleTime(std::string_view text, std::int64_t* time_ms);

}  // namespace promtally::metering
