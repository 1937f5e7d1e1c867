// SPDX-License-Identifier: Apache-2.0
#include "inference/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "promtally/base/html.h"

namespace promtally::inference {
namespace {

constexpr double kLeft = 84;
constexpr double kRight = 16;
constexpr double kTop = 12;
constexpr double kBottom = 50;
constexpr int kTicks = 6;
constexpr double kLargest = 1e300;  // beyond it the width of a range overflows
constexpr double kTickWidth = 80;   // of a tick of the horizontal axis
constexpr std::size_t kLabelBytes = 48;

/// The step of about `count` round ticks: 1, 2 or 5 times a power of ten.
double TickStep(const AxisRange& range, int count) {
  const double rough = (range.end - range.begin) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double lead = rough / power;
  return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

/// Multiples of the step inside the range; few, whatever the numbers are.
std::vector<double> Ticks(const AxisRange& range, double step) {
  std::vector<double> ticks;
  const double first = std::ceil(range.begin / step);
  for (int i = 0; i <= 4 * kTicks && std::isfinite(first); ++i) {
    const double tick = (first + i) * step;
    if (!(tick <= range.end)) {
      break;
    }
    ticks.push_back(tick);
  }
  return ticks;
}

std::string TickText(double value, double step) {
  const double shown = std::fabs(value) < step * 1e-6 ? 0 : value;
  if (std::fabs(shown) >= 1e7 || (shown != 0 && step < 1e-5)) {
    return fmt::format("{:.3g}", shown);
  }
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", shown, decimals);
}

/// A long name of a series is cut: the axis is no longer than the chart.
std::string LabelText(const std::string& label) {
  if (label.size() <= kLabelBytes) {
    return base::EscapedHtml(label);
  }
  std::size_t end = kLabelBytes;
  while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0U) == 0x80U) {
    --end;  // not within a character of UTF-8
  }
  return base::EscapedHtml(label.substr(0, end)) + "…";
}

}  // namespace

AxisRange AxisRange::Empty() {
  return {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
}

void AxisRange::Include(double value) {
  if (std::fabs(value) < kLargest) {
    begin = std::min(begin, value);
    end = std::max(end, value);
  }
}

AxisRange AxisRange::Padded(double share) const {
  if (!(begin <= end)) {
    return {0, 1};
  }
  const double width = end - begin;
  const double pad = width > 0 ? share * width : std::max(1.0, std::fabs(begin) * 0.1);
  return {begin - pad, end + pad};
}

SvgChart::SvgChart(ChartFrame frame) : frame_(std::move(frame)) { Axes(); }

double SvgChart::X(double value) const {
  return kLeft + (value - frame_.x.begin) / (frame_.x.end - frame_.x.begin) *
                     (frame_.width - kLeft - kRight);
}

double SvgChart::Y(double value) const {
  const double clamped = std::clamp(value, frame_.y.begin, frame_.y.end);
  return kTop + (frame_.y.end - clamped) / (frame_.y.end - frame_.y.begin) *
                    (frame_.height - kTop - kBottom);
}

void SvgChart::Axes() {
  const double bottom = frame_.height - kBottom;
  const double y_step = TickStep(frame_.y, kTicks);
  for (const double tick : Ticks(frame_.y, y_step)) {
    axes_ += fmt::format(R"(<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)"
                         R"(<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>)",
                         kLeft, frame_.width - kRight, Y(tick), Y(tick), kLeft - 8, Y(tick) + 4.5,
                         TickText(tick, y_step));
  }
  const double x_step = TickStep(frame_.x, static_cast<int>(frame_.width / kTickWidth));
  for (const double tick : Ticks(frame_.x, x_step)) {
    axes_ +=
        fmt::format(R"(<line class="axis" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>)"
                    R"(<text class="tick" x="{0:.1f}" y="{3}" text-anchor="middle">{4}</text>)",
                    X(tick), bottom, bottom + 5, bottom + 20, TickText(tick, x_step));
  }
  axes_ += fmt::format(R"(<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>)", kLeft,
                       frame_.width - kRight, bottom, bottom);
  axes_ += fmt::format(R"(<text class="label" x="{:.1f}" y="{}" text-anchor="middle">{}</text>)",
                       (kLeft + frame_.width - kRight) / 2, frame_.height - 8,
                       LabelText(frame_.x_label));
  axes_ += fmt::format(
      R"x(<text class="label" transform="translate(16 {:.1f}) rotate(-90)" text-anchor="middle">{}</text>)x",
      (kTop + bottom) / 2, LabelText(frame_.y_label));
}

void SvgChart::Shade(double begin, double end, std::string_view css_class) {
  marks_ += fmt::format(R"(<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}"/>)",
                        css_class, X(begin), kTop, std::max(0.0, X(end) - X(begin)),
                        frame_.height - kTop - kBottom);
}

void SvgChart::Band(std::span<const double> x, std::span<const double> lower,
                    std::span<const double> upper, std::string_view css_class) {
  std::string forth;
  std::string back;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(lower[i]) && std::isfinite(upper[i])) {
      forth += fmt::format("{:.1f},{:.1f} ", X(x[i]), Y(upper[i]));
      back.insert(0, fmt::format("{:.1f},{:.1f} ", X(x[i]), Y(lower[i])));
    }
  }
  if (!forth.empty()) {
    marks_ += fmt::format(R"(<polygon class="{}" points="{}{}"/>)", css_class, forth, back);
  }
}

void SvgChart::Line(std::span<const double> x, std::span<const double> y,
                    std::string_view css_class) {
  std::string path;
  bool is_open = false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(y[i])) {
      is_open = false;
      continue;
    }
    path += fmt::format("{}{:.1f} {:.1f}", is_open ? "L" : "M", X(x[i]), Y(y[i]));
    // A value between two gaps has no line: a stroke of no length shows it, with round ends.
    if (!std::exchange(is_open, true)) {
      path += "h0";
    }
  }
  marks_ += fmt::format(R"(<path class="{}" d="{}"/>)", css_class, path);
}

void SvgChart::Points(std::span<const double> x, std::span<const double> y,
                      std::string_view css_class) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(y[i])) {
      marks_ += fmt::format(
          R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{} {}: {}</title></circle>)",
          css_class, X(x[i]), Y(y[i]), base::EscapedHtml(frame_.x_label), NumberText(x[i]),
          NumberText(y[i]));
    }
  }
}

void SvgChart::Bars(std::span<const double> x, std::span<const double> y, double width,
                    std::string_view css_class) {
  const double zero = Y(0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(y[i])) {
      const double at = Y(y[i]);
      marks_ +=
          fmt::format(R"(<rect class="{}" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}">)"
                      R"(<title>{} {}: {}</title></rect>)",
                      css_class, X(x[i] - width / 2), std::min(zero, at), X(width) - X(0),
                      std::max(0.5, std::fabs(zero - at)), base::EscapedHtml(frame_.x_label),
                      NumberText(x[i]), NumberText(y[i], 4));
    }
  }
}

void SvgChart::Horizontal(double y, std::string_view css_class) {
  marks_ += fmt::format(R"(<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)", css_class,
                        kLeft, frame_.width - kRight, Y(y), Y(y));
}

std::string SvgChart::Finish() const {
  return fmt::format(R"(<svg role="img" viewBox="0 0 {} {}" aria-label="{}">{}{}</svg>)",
                     frame_.width, frame_.height, base::EscapedHtml(frame_.title), axes_, marks_);
}

std::string NumberText(double value, int digits) {
  if (!std::isfinite(value)) {
    return "–";
  }
  return fmt::format("{:.{}g}", value, digits);
}

}  // namespace promtally::inference
