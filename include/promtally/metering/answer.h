// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "promtally/base/time.h"

namespace promtally::metering {

/// What a source returned for one instant query: series with their value as text, and the server's
/// annotations.
///
/// Compact: one text arena and small index rows, filled while bytes arrive (a series costs its
/// text as far as it differs from the series before, 12 bytes a label and 16 bytes). Movable, not
/// meant to be copied. One thread at a time. What cannot be held (see Fault) is left out and
/// remembered: look at fault() before use.
class Answer {
 public:
  enum class Fault {
    kNone,
    kTooLarge,        ///< over 4 GiB of text or of labels, 65,535 labels a series or bytes a value
    kDuplicateLabel,  ///< a series with one label name twice
  };
  struct LabelRef {
    std::uint32_t name = 0;   ///< index into names()
    std::uint32_t begin = 0;  ///< of the value, in the arena
    std::uint32_t size = 0;
  };
  struct Series {
    std::uint32_t first_label = 0;
    std::uint32_t value_begin = 0;
    std::uint16_t labels = 0;
    std::uint16_t value_size = 0;
    bool histogram = false;  ///< a native histogram: there is no value
  };

  // --- reading
  [[nodiscard]] std::size_t size() const { return series_.size(); }
  [[nodiscard]] const Series& series(std::size_t index) const { return series_[index]; }
  [[nodiscard]] std::string_view value(std::size_t index) const {
    return std::string_view(text_).substr(series_[index].value_begin, series_[index].value_size);
  }
  [[nodiscard]] std::uint32_t label_count(std::size_t index) const { return series_[index].labels; }
  [[nodiscard]] std::string_view label_name(std::size_t index, std::uint32_t label) const {
    return names_[labels_[series_[index].first_label + label].name];
  }
  [[nodiscard]] std::string_view label_value(std::size_t index, std::uint32_t label) const {
    return TextOf(labels_[series_[index].first_label + label]);
  }
  /// Every label name that a series has, each once.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// The number of a label name in this answer, for LabelOf(); nullopt when no series has it.
  [[nodiscard]] std::optional<std::uint32_t> NameNumber(std::string_view name) const;
  /// The value of the label with that number; empty text when series `index` does not have it.
  [[nodiscard]] std::string_view LabelOf(std::size_t index, std::uint32_t name_number) const;
  /// The value of a label of series `index`; nullopt when the series does not have it.
  [[nodiscard]] std::optional<std::string_view> Label(std::size_t index,
                                                      std::string_view name) const;
  [[nodiscard]] Fault fault() const { return fault_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] const std::vector<std::string>& infos() const { return infos_; }

  // --- filling (decoders)
  /// Opens a series; labels and value that follow belong to it.
  void BeginSeries();
  void AddLabel(std::string_view name, std::string_view value);
  void SetValue(std::string_view value);
  void SetHistogram() { series_.back().histogram = true; }
  [[nodiscard]] bool HasValue() const {
    return series_.back().value_size > 0 || series_.back().histogram;
  }
  void AddWarning(std::string text) { warnings_.push_back(std::move(text)); }
  void AddInfo(std::string text) { infos_.push_back(std::move(text)); }

 private:
  [[nodiscard]] std::string_view TextOf(const LabelRef& ref) const {
    return std::string_view(text_).substr(ref.begin, ref.size);
  }
  /// The label at that place of the series before the last one, or nullptr.
  [[nodiscard]] const LabelRef* LabelBefore(std::uint16_t place) const;
  [[nodiscard]] std::uint32_t NameIndex(std::string_view name);
  /// Copies into the arena; nullopt (and a fault) when it does not fit.
  [[nodiscard]] std::optional<std::uint32_t> Store(std::string_view text);

  std::string text_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> name_index_;
  std::vector<std::size_t> name_used_;  ///< of each name: size() when a series last had it
  std::vector<LabelRef> labels_;
  std::vector<Series> series_;
  std::vector<std::string> warnings_;
  std::vector<std::string> infos_;
  Fault fault_ = Fault::kNone;
};

}  // namespace promtally::metering
