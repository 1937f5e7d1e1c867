// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "exposition/name_escaping.h"
#include "promtally/base/labels.h"

namespace promtally::exposition {

/// Writers of Prometheus' text format and of OpenMetrics 1.0.0; all exposition of the program goes
/// through them. Each appends to `out` and never fails. Names and texts must be UTF-8 and names not
/// empty: that is the caller's duty, while label values and help texts may hold anything else and
/// stay inside their line. No sample carries a timestamp. Any thread.
///
/// The writer of prometheus-cpp is not used: it leaves help texts unescaped and cuts values to 16
/// digits.

enum class FamilyType { kCounter, kGauge, kHistogram, kSummary, kUntyped, kInfo, kStateSet };

/// The word of the text format, which has no word for info and stateset: they are gauges there.
[[nodiscard]] std::string_view ToText(FamilyType type);

enum class Format {
  kText,         ///< 0.0.4, and 1.0.0, which differs in what its names may hold
  kOpenMetrics,  ///< 1.0.0
};

/// How a page is written.
struct PageStyle {
  Format format = Format::kText;
  Escaping escaping = Escaping::kUnderscores;
  friend bool operator==(const PageStyle&, const PageStyle&) = default;
};

/// A family in the words of OpenMetrics.
struct FamilyHead {
  std::string_view name;  ///< without the suffixes of its samples: no `_total`, no `_info`
  FamilyType type = FamilyType::kUntyped;
  std::string_view help;  ///< may be empty, and then has no line
  std::string_view unit;  ///< written in OpenMetrics where the name ends in it
};

/// `# HELP`, `# TYPE` and `# UNIT`; once for each family, before its samples. The text format names
/// a counter and an info by their samples (`x_total`, `x_info`).
void AppendHead(std::string& out, const PageStyle& style, const FamilyHead& head);

/// The same for classic names in the text format; a counter's `name` ends in `_total`.
void AppendFamily(std::string& out, std::string_view name, FamilyType type, std::string_view help);

/// The last line of an OpenMetrics page; nothing in the text format.
void AppendEnd(std::string& out, const PageStyle& style);

/// A sample's name as a style writes it, worked out once for many samples.
class SampleName {
 public:
  /// `suffix`: `_total`, `_bucket`, … or nothing.
  SampleName(std::string_view family, std::string_view suffix, const PageStyle& style);

  /// `name{body,extra} value` and the line's end. `body` and `extra` are label bodies in the same
  /// style, each may be empty.
  void Append(std::string& out, std::string_view body, std::string_view extra, double value) const;
  /// The same without the line's end, for an exemplar that follows.
  void AppendOpen(std::string& out, std::string_view body, std::string_view extra,
                  double value) const;

 private:
  std::string bare_;  // `name ` or `{"näme"} `
  std::string open_;  // `name{` or `{"näme",`
};

/// `a="x",b="y"` in the set's order, names that are not classic in quotes: a label body in the
/// style of kAllowUtf8, from which StyledBody makes the other ones.
[[nodiscard]] std::string LabelBody(const base::LabelSet& labels);
void AppendLabel(std::string& out, std::string_view name, std::string_view value);

/// Whether a label's name is written differently in a style than in a label body.
[[nodiscard]] bool IsRewritten(std::string_view label_name, Escaping escaping);
/// A label body with the names of another scheme.
[[nodiscard]] std::string StyledBody(std::string_view body, Escaping escaping);
/// The labels of a label body, values unescaped.
[[nodiscard]] base::LabelSet LabelsOfBody(std::string_view body);

/// How many characters the names and values of an exemplar's labels may have together.
inline constexpr std::size_t kMaxExemplarCharacters = 128;
[[nodiscard]] std::size_t CharactersIn(std::string_view text);

/// `name{labels} value` in the text format; `label_text` is what LabelText returned.
void AppendSample(std::string& out, std::string_view name, std::string_view label_text,
                  double value);

/// `{a="x",b="y"}` in the set's order, or nothing for an empty set. Classic names only.
[[nodiscard]] std::string LabelText(const base::LabelSet& labels);

/// The shortest text that reads back as the same double; `NaN`, `+Inf`, `-Inf`.
void AppendNumber(std::string& out, double value);
[[nodiscard]] std::string NumberText(double value);

/// The value of an `le` or `quantile` label; OpenMetrics wants `1.0`, not `1`.
[[nodiscard]] std::string BoundText(double bound, Format format);

}  // namespace promtally::exposition
