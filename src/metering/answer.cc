// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/answer.h"

#include <algorithm>
#include <limits>

namespace promtally::metering {
namespace {

constexpr std::size_t kLargeElements = 256 * 1024;
constexpr std::size_t kLargeGrowth = 8;

/// Large containers grow in large steps: memory that is not touched costs nothing, but each step
/// copies, and has the system clear new pages.
template <typename Container>
void ReserveFor(Container& container, std::size_t more) {
  const std::size_t size = container.size() + more;
  if (size > container.capacity() && size > kLargeElements) {
    container.reserve(size * kLargeGrowth);
  }
}

}  // namespace

std::optional<std::string_view> Answer::Label(std::size_t index, std::string_view name) const {
  for (std::uint32_t label = 0; label < label_count(index); ++label) {
    if (label_name(index, label) == name) {
      return label_value(index, label);
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Answer::NameNumber(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? std::nullopt
                               : std::optional(static_cast<std::uint32_t>(found - names_.begin()));
}

std::string_view Answer::LabelOf(std::size_t index, std::uint32_t name_number) const {
  const LabelRef* label = labels_.data() + series_[index].first_label;
  const LabelRef* const end = label + series_[index].labels;
  for (; label != end; ++label) {
    if (label->name == name_number) {
      return std::string_view(text_).substr(label->begin, label->size);
    }
  }
  return {};
}

void Answer::BeginSeries() {
  if (labels_.size() > std::numeric_limits<std::uint32_t>::max()) {
    fault_ = Fault::kTooLarge;
  }
  Series series;
  series.first_label = static_cast<std::uint32_t>(labels_.size());
  series_.push_back(series);
}

void Answer::AddLabel(std::string_view name, std::string_view value) {
  Series& series = series_.back();
  if (series.labels == std::numeric_limits<std::uint16_t>::max()) {
    fault_ = Fault::kTooLarge;
    return;
  }
  // Servers print every series with the same names in the same order: the name at this place of the
  // series before is nearly always the one, and many a value (a code, a region) is its value too.
  const LabelRef* const likely = LabelBefore(series.labels);
  const bool same_name = likely != nullptr && names_[likely->name] == name;
  LabelRef ref;
  ref.name = same_name ? likely->name : NameIndex(name);
  if (name_used_[ref.name] == series_.size()) {
    fault_ = Fault::kDuplicateLabel;
    return;
  }
  name_used_[ref.name] = series_.size();
  ref.size = static_cast<std::uint32_t>(value.size());
  if (same_name && TextOf(*likely) == value) {
    ref.begin = likely->begin;
  } else if (const std::optional<std::uint32_t> begin = Store(value)) {
    ref.begin = *begin;
  } else {
    return;
  }
  ReserveFor(labels_, 1);
  labels_.push_back(ref);
  ++series.labels;
}

const Answer::LabelRef* Answer::LabelBefore(std::uint16_t place) const {
  if (series_.size() < 2) {
    return nullptr;
  }
  const Series& before = series_[series_.size() - 2];
  return place < before.labels ? &labels_[before.first_label + place] : nullptr;
}

void Answer::SetValue(std::string_view value) {
  if (value.size() > std::numeric_limits<std::uint16_t>::max()) {
    fault_ = Fault::kTooLarge;
    return;
  }
  if (const std::optional<std::uint32_t> begin = Store(value)) {
    series_.back().value_begin = *begin;
    series_.back().value_size = static_cast<std::uint16_t>(value.size());
  }
}

std::uint32_t Answer::NameIndex(std::string_view name) {
  const auto index = static_cast<std::uint32_t>(names_.size());
  const auto [found, added] = name_index_.try_emplace(std::string(name), index);
  if (added) {
    names_.emplace_back(name);
    name_used_.push_back(0);
  }
  return found->second;
}

std::optional<std::uint32_t> Answer::Store(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max() - text_.size()) {
    fault_ = Fault::kTooLarge;
    return std::nullopt;
  }
  const auto begin = static_cast<std::uint32_t>(text_.size());
  ReserveFor(text_, text.size());
  text_.append(text);
  return begin;
}

}  // namespace promtally::metering
