// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace promtally::inference {

/// The range that an axis shows; begin < end.
struct AxisRange {
  double begin = 0;
  double end = 1;

  /// Takes in one more value; NaN is left out.
  void Include(double value);
  /// Some air at both ends, and a width where there was none.
  [[nodiscard]] AxisRange Padded(double share) const;
  [[nodiscard]] static AxisRange Empty();
};

struct ChartFrame {
  std::string title;  ///< for those who cannot see it
  std::string x_label;
  std::string y_label;
  AxisRange x;
  AxisRange y;
  double height = 320;
  double width = 960;
};

/// Draws one chart as SVG text. What is drawn first lies below. Colours come from the page's style
/// sheet by class: each mark is given its class. NaN breaks a line and leaves out a mark. Texts are
/// escaped.
class SvgChart {
 public:
  explicit SvgChart(ChartFrame frame);

  void Shade(double begin, double end, std::string_view css_class);
  void Band(std::span<const double> x, std::span<const double> lower, std::span<const double> upper,
            std::string_view css_class);
  void Line(std::span<const double> x, std::span<const double> y, std::string_view css_class);
  void Points(std::span<const double> x, std::span<const double> y, std::string_view css_class);
  /// Bars from zero; `width` in units of x.
  void Bars(std::span<const double> x, std::span<const double> y, double width,
            std::string_view css_class);
  void Horizontal(double y, std::string_view css_class);

  [[nodiscard]] std::string Finish() const;

 private:
  [[nodiscard]] double X(double value) const;
  [[nodiscard]] double Y(double value) const;
  void Axes();

  ChartFrame frame_;
  std::string axes_;
  std::string marks_;
};

/// A number as people read it: grouped by no sign, at most `digits` significant digits.
[[nodiscard]] std::string NumberText(double value, int digits = 6);

}  // namespace promtally::inference
