// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/exact_options.h"

namespace promtally::metering {

std::string_view ToText(Evaluation evaluation) {
  switch (evaluation) {
    case Evaluation::kPromql:
      return "promql";
    case Evaluation::kLocal:
      return "local";
    case Evaluation::kExact:
      return "exact";
  }
  return "";
}

std::string_view ToText(FirstSample first_sample) {
  switch (first_sample) {
    case FirstSample::kIgnore:
      return "ignore";
    case FirstSample::kFromZero:
      return "from_zero";
    case FirstSample::kFromStartTimestamp:
      return "from_start_timestamp";
  }
  return "";
}

std::string_view ToText(GapPolicy gap) {
  return gap == GapPolicy::kAtArrival ? "at_arrival" : "by_time";
}

std::string_view ToText(Integral integral) {
  return integral == Integral::kStep ? "step" : "trapezoid";
}

std::string_view ToText(HistogramPart part) {
  return part == HistogramPart::kCount ? "count" : "sum";
}

std::string_view ToText(SuspiciousReset on_suspicious_reset) {
  return on_suspicious_reset == SuspiciousReset::kReset ? "reset" : "hold";
}

std::optional<Evaluation> EvaluationFromText(std::string_view text) {
  for (const Evaluation evaluation :
       {Evaluation::kPromql, Evaluation::kLocal, Evaluation::kExact}) {
    if (ToText(evaluation) == text) {
      return evaluation;
    }
  }
  return std::nullopt;
}

}  // namespace promtally::metering
