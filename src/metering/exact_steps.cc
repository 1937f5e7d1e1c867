// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "metering/exact_amount.h"

/// Counters: from sample to sample. A value is an integer at the scale of the finest sample of the
/// thing where all fit (nearly always), else a decimal.
namespace promtally::metering {
namespace {

using base::Decimal;

struct ScaledNumbers {
  using Value = Decimal::Int128;
  static constexpr int kMostShift = 12;  // 2^63 × 10^12 × 10^7 samples stay below 2^127
  int exponent = 0;

  [[nodiscard]] Value Of(const RawSamples& /*samples*/, const RawSample& sample) const {
    Value value = sample.digits();
    for (int i = sample.exponent(); i > exponent; --i) {
      value *= 10;
    }
    return value;
  }
  [[nodiscard]] Decimal ToDecimal(const Value& value) const {
    return Decimal::FromScaled(value, exponent);
  }
  /// Finds the scale; false: these samples need decimals.
  template <typename Samples>
  bool Fit(const Samples& samples) {
    int lowest = RawSample::kMaxExponent;
    int highest = -RawSample::kMaxExponent;
    for (const RawSample* sample : samples) {
      if (sample->kind() != RawSample::Kind::kDecimal) {
        return false;
      }
      if (sample->digits() != 0) {
        lowest = std::min(lowest, sample->exponent());
        highest = std::max(highest, sample->exponent());
      }
    }
    exponent = lowest <= highest ? lowest : 0;
    return highest - lowest <= kMostShift;
  }
};

struct DecimalNumbers {
  using Value = Decimal;
  [[nodiscard]] static Value Of(const RawSamples& samples, const RawSample& sample) {
    return samples.DecimalOf(sample);
  }
  [[nodiscard]] static const Decimal& ToDecimal(const Value& value) { return value; }
};

/// The sample at which a thing stands.
template <typename Value>
struct Place {
  std::int64_t time_ms = 0;
  Value value{};
};

/// What the walk of either kind of numbers has to know.
struct WalkInput {
  const ExactWindow* window = nullptr;
  const std::vector<Point>* followed = nullptr;
  const std::optional<Checkpoint>* before = nullptr;  ///< with a place, or forgotten
  const RawSamples* before_value = nullptr;           ///< of the checkpoint, where it has a place
  const std::vector<StartMark>* starts = nullptr;
  std::size_t bases = 0;  ///< so many of `followed` lie at or before begin
};

template <typename Numbers>
class StepWalk {
 public:
  using Value = typename Numbers::Value;

  StepWalk(WalkInput input, Numbers numbers)
      : in_(input), window_(*input.window), numbers_(numbers) {}

  /// Fills usage and checkpoint; `usages` has what was counted before.
  void Run(StreamUsages* usages, ThingUsage* usage) {
    usages_ = usages;
    usage_ = usage;
    TakeBase();
    for (std::size_t i = in_.bases; i < in_.followed->size(); ++i) {
      const Point& point = (*in_.followed)[i];
      if (point.time_ms > window_.end_ms) {
        LookAhead(point);
        break;
      }
      usages_->Count(point);
      const Value value = numbers_.Of(*point.samples, *point.sample);
      if (place_) {
        Arrive(point, value);
      } else {
        First(point, value);
      }
      MoveTo(point, value);
    }
    for (const auto& [stream, amount] : amounts_) {
      usages_->Of(stream).amount += numbers_.ToDecimal(amount);
    }
  }

  /// Where the thing stands after the period; time kForgotten: nowhere.
  [[nodiscard]] Checkpoint Stand() const {
    Checkpoint stand;
    if (place_) {
      stand.time_ms = place_->time_ms;
      stand.value = numbers_.ToDecimal(place_->value).ToText();
      stand.billed = billed_.IsZero() ? "" : billed_.ToText();
    }
    stand.start_ms = start_ms_;
    return stand;
  }
  /// The point at which it stands; nullptr: at the checkpoint from before.
  [[nodiscard]] const Point* stands_at() const { return stands_at_; }

 private:
  void TakeBase() {
    const auto& before = *in_.before;
    if (before && before->time_ms != Checkpoint::kForgotten) {
      place_.emplace(Place<Value>{
          before->time_ms, numbers_.Of(*in_.before_value, in_.before_value->samples(0).front())});
      billed_ = before->billed.empty() ? Decimal() : *Decimal::Parse(before->billed);
      start_ms_ = before->start_ms;
    }
    for (std::size_t i = 0; i < in_.bases; ++i) {
      const Point& point = (*in_.followed)[i];
      MoveTo(point, numbers_.Of(*point.samples, *point.sample));
      start_ms_ = StartAt(point.time_ms);
    }
  }

  void MoveTo(const Point& point, const Value& value) {
    place_.emplace(Place<Value>{point.time_ms, value});
    billed_ = Decimal();
    stands_at_ = &point;
  }

  [[nodiscard]] std::int64_t StartAt(std::int64_t time_ms) const {
    std::int64_t start = Checkpoint::kForgotten;
    for (const StartMark& mark : *in_.starts) {
      if (mark.time_ms > time_ms) {
        break;
      }
      start = mark.start_ms;
    }
    return start;
  }

  void First(const Point& point, const Value& value) {
    const bool was_known = in_.before->has_value();
    const bool grows =
        window_.function == ExactFunction::kIncrease || window_.function == ExactFunction::kRate;
    bool counts = false;
    start_ms_ = StartAt(point.time_ms);
    if (grows && !was_known && window_.options->first_sample == FirstSample::kFromZero) {
      counts = true;
      usage_->needs_history = usage_->needs_history || !window_.adjacent;
    } else if (grows && !was_known &&
               window_.options->first_sample == FirstSample::kFromStartTimestamp) {
      counts = start_ms_ != Checkpoint::kForgotten &&
               (window_.adjacent || start_ms_ >= window_.begin_ms);
    }
    ++usages_->Of(point.stream).evidence.first_samples;
    const Value amount = counts ? value : Value{};
    Bill(point.stream, amount);
    AddStep(point, value, StepKind::kFirst, numbers_.ToDecimal(amount));
  }

  /// What the step to `value` is worth, and whether the counter began again in it.
  Value AmountOf(const Point& point, const Value& value, bool* reset) {
    const Value& last = place_->value;
    if (window_.function == ExactFunction::kDelta) {
      return value - last;
    }
    const std::int64_t start = StartAt(point.time_ms);
    const bool began_again = start_ms_ != Checkpoint::kForgotten && start > start_ms_;
    *reset = value < last || began_again;
    if (value < last && point.switched && point.own_before != nullptr && !began_again) {
      // Another replica saw the same counter: only its own fall is a reset.
      *reset = value < numbers_.Of(*point.own_samples, *point.own_before);
    }
    return *reset ? value : value - last;
  }

  /// The step to a sample of the period.
  void Arrive(const Point& point, const Value& value) {
    bool reset = false;
    const Value amount = AmountOf(point, value, &reset);
    const std::int64_t length = point.time_ms - place_->time_ms;
    usages_->Touch(point.stream, place_->time_ms, point.time_ms, length <= window_.max_gap_ms,
                   window_);
    if (reset) {
      CountReset(point, value);
    }
    start_ms_ = std::max(start_ms_, StartAt(point.time_ms));
    const StepKind kind = reset                         ? StepKind::kReset
                          : length > window_.max_gap_ms ? StepKind::kGap
                                                        : StepKind::kStep;
    if (IsCounted()) {
      const bool counts =
          window_.function == ExactFunction::kResets ? reset : value != place_->value;
      usages_->Of(point.stream).amount += counts ? 1 : 0;
      AddStep(point, value, kind, counts ? 1 : 0);
      return;
    }
    Bill(point.stream, amount);
    if (billed_.IsZero()) {
      AddStep(point, value, kind, numbers_.ToDecimal(amount));
    } else {  // earlier periods had their shares: this one takes what is left
      usages_->Of(point.stream).amount += -billed_;
      AddStep(point, value, kind, numbers_.ToDecimal(amount) - billed_);
    }
  }

  /// The first sample behind the end: it closes the last step, a share of which may fall into the
  /// period.
  void LookAhead(const Point& point) {
    if (!place_) {
      return;
    }
    const std::int64_t length = point.time_ms - place_->time_ms;
    const bool is_gap = length > window_.max_gap_ms;
    const bool shares = is_gap && window_.options->gap == GapPolicy::kByTime && !IsCounted();
    const std::uint32_t here = stands_at_ != nullptr && !shares ? stands_at_->stream : point.stream;
    usages_->Touch(here, place_->time_ms, point.time_ms, !is_gap, window_);
    if (!shares) {
      return;
    }
    bool reset = false;
    const Value value = numbers_.Of(*point.samples, *point.sample);
    const Decimal amount = numbers_.ToDecimal(AmountOf(point, value, &reset));
    const std::int64_t from = std::max<std::int64_t>(window_.begin_ms - place_->time_ms, 0);
    const Decimal share =
        ShareOf(amount, window_.end_ms - place_->time_ms, length) - ShareOf(amount, from, length);
    StreamUsage& usage = usages_->Of(point.stream);
    usage.has_record = true;
    usage.amount += share;
    billed_ += share;
    AddStep(point, value, StepKind::kGap, share);
  }

  void CountReset(const Point& point, const Value& value) {
    UsageEvidence& evidence = usages_->Of(point.stream).evidence;
    ++evidence.resets;
    if (value < place_->value && value + value > place_->value) {
      ++evidence.suspicious_resets;
      if (usage_->suspicious.empty()) {
        usage_->suspicious = "a fall from " + numbers_.ToDecimal(place_->value).ToText() + " to " +
                             numbers_.ToDecimal(value).ToText() + " at " +
                             base::ToText(base::Instant(base::Milliseconds(point.time_ms)));
      }
    }
  }

  [[nodiscard]] bool IsCounted() const {
    return window_.function == ExactFunction::kResets ||
           window_.function == ExactFunction::kChanges;
  }

  void Bill(std::uint32_t stream, const Value& amount) {
    if (amounts_.empty() || amounts_.back().first != stream) {
      amounts_.emplace_back(stream, Value{});
    }
    amounts_.back().second += amount;
  }

  void AddStep(const Point& point, const Value& value, StepKind kind, const Decimal& amount) {
    if (!window_.with_steps) {
      return;
    }
    UsageStep step;
    if (place_) {
      step.from_ms = place_->time_ms;
      step.before = numbers_.ToDecimal(place_->value).ToText();
    }
    step.to_ms = point.time_ms;
    step.after = numbers_.ToDecimal(value).ToText();
    step.kind = kind;
    step.amount = amount.ToText();
    usages_->Of(point.stream).steps.push_back(std::move(step));
  }

  WalkInput in_;
  const ExactWindow& window_;
  Numbers numbers_;
  StreamUsages* usages_ = nullptr;
  ThingUsage* usage_ = nullptr;
  std::optional<Place<Value>> place_;
  const Point* stands_at_ = nullptr;
  Decimal billed_;
  std::int64_t start_ms_ = Checkpoint::kForgotten;
  std::vector<std::pair<std::uint32_t, Value>> amounts_;
};

std::uint32_t ReplicaNumber(const Thing& thing, std::string_view replica) {
  const auto at = std::find(thing.replicas.begin(), thing.replicas.end(), replica);
  return at == thing.replicas.end() ? kNoReplica
                                    : static_cast<std::uint32_t>(at - thing.replicas.begin());
}

/// Where following begins, and from which time on samples are looked at.
FollowStart StartOf(const ExactWindow& window, const Thing& thing,
                    const std::optional<Checkpoint>& before) {
  const bool has_place = before && before->time_ms != Checkpoint::kForgotten;
  FollowStart start;
  start.replica = has_place                    ? ReplicaNumber(thing, before->replica)
                  : thing.replicas.size() == 1 ? 0
                                               : kNoReplica;
  if (has_place) {
    start.time_ms = before->time_ms;
    // After the period just before, what lies at or before begin came late and is passed over.
    start.after_ms = window.adjacent ? window.begin_ms : before->time_ms;
  }
  return start;
}

std::vector<const RawSample*> AllSamples(const std::vector<Point>& followed,
                                         const RawSamples& before_value) {
  std::vector<const RawSample*> samples;
  samples.reserve(followed.size() + 2);
  for (const Point& point : followed) {
    samples.push_back(point.sample);
    if (point.own_before != nullptr) {
      samples.push_back(point.own_before);
    }
  }
  if (before_value.size() > 0) {
    samples.push_back(before_value.samples(0).data());
  }
  return samples;
}

/// Runs the walk in the one kind of numbers or the other.
template <typename Numbers>
void Walk(const WalkInput& input, const Numbers& numbers, const Thing& thing, StreamUsages* usages,
          ThingUsage* usage) {
  StepWalk<Numbers> walk(input, numbers);
  walk.Run(usages, usage);
  Checkpoint stand = walk.Stand();
  stand.thing = thing.id;
  if (walk.stands_at() != nullptr) {
    stand.replica = thing.replicas[walk.stands_at()->replica];
  } else if (*input.before) {
    stand.replica = (*input.before)->replica;
  }
  if (stand.time_ms != Checkpoint::kForgotten && stand != *input.before) {
    usage->checkpoint = std::move(stand);
  }
}

}  // namespace

ThingUsage WalkSteps(const ExactWindow& window, const Thing& thing,
                     const std::vector<RawAnswer>& answers, Period period,
                     const std::optional<Checkpoint>& before,
                     const std::vector<StartMark>& starts) {
  PointList list = CollectPoints(thing, answers, window.begin_ms - window.back_ms,
                                 window.end_ms + window.ahead_ms, period);
  const bool has_place = before && before->time_ms != Checkpoint::kForgotten;
  StreamUsages usages;
  for (const Point& point : list.points) {
    const bool is_late = point.time_ms <= window.begin_ms && window.adjacent &&
                         (!has_place || (point.time_ms > before->time_ms &&
                                         thing.replicas[point.replica] == before->replica));
    usages.Of(point.stream).evidence.late += is_late ? 1 : 0;
  }
  for (std::uint32_t stream = 0; stream < thing.streams.size(); ++stream) {
    if (list.skipped[stream] > 0) {
      usages.Of(stream).evidence.skipped = list.skipped[stream];
    }
  }
  const FollowStart start = StartOf(window, thing, before);
  const std::vector<Point> followed =
      FollowReplica(std::move(list.points), thing.replicas.size(), start, window.max_gap_ms,
                    window.end_ms + window.ahead_ms);
  WalkInput input{&window, &followed, &before, nullptr, &starts, 0};
  while (input.bases < followed.size() && followed[input.bases].time_ms <= window.begin_ms) {
    ++input.bases;
  }
  RawSamples before_value;
  if (has_place) {
    before_value.BeginSeries();
    static_cast<void>(before_value.AddExact(before->time_ms, before->value));
  }
  input.before_value = &before_value;
  ThingUsage usage;
  ScaledNumbers scaled;
  if (scaled.Fit(AllSamples(followed, before_value))) {
    Walk(input, scaled, thing, &usages, &usage);
  } else {
    Walk(input, DecimalNumbers{}, thing, &usages, &usage);
  }
  usage.streams = usages.Finish();
  return usage;
}

}  // namespace promtally::metering
