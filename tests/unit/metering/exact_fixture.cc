// SPDX-License-Identifier: Apache-2.0
#include "unit/metering/exact_fixture.h"

#include <cmath>

namespace promtally::metering {

MetricSpec ExactSpec(std::string range_function, std::string aggregation) {
  MetricSpec spec;
  spec.metric = spec.name = "c_total";
  spec.evaluation = Evaluation::kExact;
  spec.range_function = std::move(range_function);
  spec.aggregation_method = std::move(aggregation);
  return spec;
}

ExactUsage ExactRun::Period(std::int64_t number, const std::vector<TestSeries>& series) {
  ExactRequest request;
  request.spec = &spec_;
  request.period = PeriodAt(base::FromUnixSeconds(number * seconds_), base::Seconds(seconds_));
  request.settle = settle;
  request.adjacent = adjacent;
  request.with_steps = with_steps;
  request.find = [this](const ThingId& thing) -> std::optional<Checkpoint> {
    const auto at = state.find(thing);
    return at == state.end() ? std::nullopt : std::optional(at->second);
  };
  const RawRange range = RawRangeOf(spec_, settle);
  const double from =
      static_cast<double>(number * seconds_) - static_cast<double>(range.back.count()) / 1000;
  const double to = static_cast<double>((number + 1) * seconds_) +
                    static_cast<double>(range.ahead.count()) / 1000;
  std::vector<RawAnswer> answers(chunks);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const double width = (to - from) / static_cast<double>(chunks);
    for (const TestSeries& one : series) {
      RawAnswer& answer = answers[chunk];
      answer.series.BeginSeries();
      for (const auto& [name, value] : one.labels) {
        answer.series.AddLabel(name, value);
      }
      answer.samples.BeginSeries();
      for (const auto& [time, value] : one.samples) {
        const bool is_last = chunk + 1 == chunks;
        const double begin = from + width * static_cast<double>(chunk);
        if (time > begin && (is_last ? time <= to : time <= begin + width)) {
          static_cast<void>(answer.samples.Add(std::llround(time * 1000), value));
        }
      }
    }
  }
  ExactUsage usage = ComputeExact(request, answers);
  for (const Checkpoint& checkpoint : usage.checkpoints) {
    state[checkpoint.thing] = checkpoint;
  }
  adjacent = true;
  return usage;
}

std::map<std::string, std::string> ExactRun::RawBy(const ExactUsage& usage,
                                                   const std::string& label) const {
  std::map<std::string, std::string> raw;
  for (std::size_t i = 0; i < usage.evidence.size(); ++i) {
    raw[std::string(usage.answer.answer.Label(i, label).value_or(""))] = usage.evidence[i].raw;
  }
  return raw;
}

std::string ExactRun::Raw(const ExactUsage& usage) {
  if (usage.evidence.size() != 1) {
    return usage.evidence.empty() ? "none" : "several";
  }
  return usage.evidence.front().raw;
}

}  // namespace promtally::metering
