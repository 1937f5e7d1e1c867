// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "metering/exact_amount.h"

/// Gauges: a value counts until the next sample, at most max_hold long.
namespace promtally::metering {
namespace {

using base::Decimal;

/// The place of one hold: from a sample to the next one, or as far as it is held.
struct Hold {
  const Point* point = nullptr;
  const Point* next = nullptr;  ///< the sample that ends it; nullptr: it runs out
  std::int64_t end_ms = 0;
};

class HoldWalk {
 public:
  HoldWalk(const ExactWindow& window, const std::vector<Point>& followed)
      : window_(window), followed_(followed) {}

  void Run(StreamUsages* usages) {
    usages_ = usages;
    for (std::size_t i = 0; i < followed_.size(); ++i) {
      const Point& point = followed_[i];
      if (point.time_ms > window_.end_ms) {
        break;
      }
      if (point.time_ms > window_.begin_ms) {
        usages_->Count(point);
        TakeSample(point);
      }
      Hold hold{&point, nullptr, point.time_ms + window_.max_hold_ms};
      if (i + 1 < followed_.size() && followed_[i + 1].time_ms <= hold.end_ms) {
        hold.next = &followed_[i + 1];
        hold.end_ms = hold.next->time_ms;
      }
      TakeHold(hold, i + 1 < followed_.size() ? &followed_[i + 1] : nullptr);
    }
  }

 private:
  /// What samples alone make up, however long they are held.
  void TakeSample(const Point& point) {
    StreamUsage& usage = usages_->Of(point.stream);
    const bool is_first = usage.evidence.samples == 1;
    if (window_.function == ExactFunction::kCount) {
      usage.amount += 1;
      AddStep(point, nullptr, 1);
      return;
    }
    if (MeasuresTime()) {
      return;
    }
    const Decimal value = ValueOf(point);
    switch (window_.function) {
      case ExactFunction::kMin:
        usage.amount = is_first ? value : std::min(usage.amount, value);
        break;
      case ExactFunction::kMax:
        usage.amount = is_first ? value : std::max(usage.amount, value);
        break;
      case ExactFunction::kLast:
        usage.amount = value;
        break;
      default:
        usage.amount += value;
    }
    AddStep(point, nullptr, value);
  }

  void TakeHold(const Hold& hold, const Point* following) {
    const std::int64_t from = std::max(hold.point->time_ms, window_.begin_ms);
    const std::int64_t to = std::min(hold.end_ms, window_.end_ms);
    if (to <= from) {
      return;
    }
    const std::uint32_t stream = hold.point->stream;
    usages_->Touch(stream, hold.point->time_ms, hold.end_ms, true, window_);
    StreamUsage& usage = usages_->Of(stream);
    if (following != nullptr && following->time_ms <= window_.end_ms) {
      usage.evidence.largest_gap_ms =
          std::max(usage.evidence.largest_gap_ms, following->time_ms - hold.point->time_ms);
    }
    if (!MeasuresTime()) {
      return;
    }
    usage.has_record = true;
    usage.present_ms += to - from;
    const Decimal amount = window_.function == ExactFunction::kDuration
                               ? Decimal::FromScaled(to - from, -3)
                               : AreaOf(hold, from, to);
    usage.amount += amount;
    AddStep(*hold.point, &hold, amount);
  }

  /// value × seconds of the part of a hold.
  [[nodiscard]] Decimal AreaOf(const Hold& hold, std::int64_t from, std::int64_t to) const {
    const Decimal value = ValueOf(*hold.point);
    if (window_.options->integral == Integral::kStep || hold.next == nullptr) {
      return value * Decimal::FromScaled(to - from, -3);
    }
    const Decimal next = ValueOf(*hold.next);
    return AreaUntil(hold, value, next, to) - AreaUntil(hold, value, next, from);
  }

  /// The area below the straight line from a sample on; cut to 12 places where the period ends
  /// inside, so that the parts add up to the whole.
  [[nodiscard]] static Decimal AreaUntil(const Hold& hold, const Decimal& value,
                                         const Decimal& next, std::int64_t time_ms) {
    const std::int64_t whole = hold.end_ms - hold.point->time_ms;
    const std::int64_t part = time_ms - hold.point->time_ms;
    if (part == whole) {
      return (value + next) * Decimal::FromScaled(5 * whole, -4);
    }
    const Decimal twice = Decimal(2 * whole) * value + (next - value) * Decimal(part);
    return ToTwelvePlaces(twice * Decimal::FromScaled(part, -3), Decimal(2 * whole));
  }

  [[nodiscard]] bool MeasuresTime() const {
    return window_.function == ExactFunction::kIntegral ||
           window_.function == ExactFunction::kDuration || window_.function == ExactFunction::kAvg;
  }

  [[nodiscard]] static Decimal ValueOf(const Point& point) {
    return point.samples->DecimalOf(*point.sample);
  }

  void AddStep(const Point& point, const Hold* hold, const Decimal& amount) {
    if (!window_.with_steps) {
      return;
    }
    UsageStep step;
    step.from_ms = hold != nullptr ? std::max(point.time_ms, window_.begin_ms) : point.time_ms;
    step.to_ms = hold != nullptr ? std::min(hold->end_ms, window_.end_ms) : point.time_ms;
    step.before = ValueOf(point).ToText();
    step.after =
        hold != nullptr && hold->next != nullptr ? ValueOf(*hold->next).ToText() : step.before;
    step.kind = hold != nullptr ? StepKind::kHold : StepKind::kStep;
    step.amount = amount.ToText();
    usages_->Of(point.stream).steps.push_back(std::move(step));
  }

  const ExactWindow& window_;
  const std::vector<Point>& followed_;
  StreamUsages* usages_ = nullptr;
};

/// Follows the replica of the period before from its samples before begin on.
FollowStart StartOf(const Thing& thing, const std::vector<Point>& points,
                    const std::optional<Checkpoint>& before) {
  FollowStart start;
  if (thing.replicas.size() == 1) {
    start.replica = 0;
  }
  if (!before || before->time_ms == Checkpoint::kForgotten) {
    return start;
  }
  const auto at = std::find(thing.replicas.begin(), thing.replicas.end(), before->replica);
  if (at == thing.replicas.end()) {
    return start;
  }
  start.replica = static_cast<std::uint32_t>(at - thing.replicas.begin());
  const bool is_there = std::any_of(points.begin(), points.end(), [&](const Point& point) {
    return point.replica == start.replica && point.time_ms <= before->time_ms;
  });
  if (!is_there) {
    start.time_ms = before->time_ms;
    start.after_ms = INT64_MIN;
  }
  return start;
}

}  // namespace

ThingUsage WalkHolds(const ExactWindow& window, const Thing& thing,
                     const std::vector<RawAnswer>& answers, Period period,
                     const std::optional<Checkpoint>& before) {
  PointList list = CollectPoints(thing, answers, window.begin_ms - window.back_ms,
                                 window.end_ms + window.ahead_ms, period);
  StreamUsages usages;
  for (std::uint32_t stream = 0; stream < thing.streams.size(); ++stream) {
    if (list.skipped[stream] > 0) {
      usages.Of(stream).evidence.skipped = list.skipped[stream];
    }
  }
  const FollowStart start = StartOf(thing, list.points, before);
  const std::vector<Point> followed =
      FollowReplica(std::move(list.points), thing.replicas.size(), start, window.max_gap_ms,
                    window.end_ms + window.ahead_ms);
  HoldWalk(window, followed).Run(&usages);
  ThingUsage usage;
  if (!window.options->replica_label.empty()) {  // who is followed goes on from period to period
    for (auto point = followed.rbegin(); point != followed.rend(); ++point) {
      if (point->time_ms <= window.end_ms) {
        Checkpoint stand;
        stand.thing = thing.id;
        stand.time_ms = point->time_ms;
        stand.value = point->samples->DecimalOf(*point->sample).ToText();
        stand.replica = thing.replicas[point->replica];
        if (stand != before) {
          usage.checkpoint = std::move(stand);
        }
        break;
      }
    }
  }
  usage.streams = usages.Finish();
  return usage;
}

}  // namespace promtally::metering
