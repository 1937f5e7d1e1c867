// SPDX-License-Identifier: Apache-2.0
#include "metering/exact_thing.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace promtally::metering {
namespace {

constexpr std::string_view kNameLabel = "__name__";

/// Finds the thing of each series. A key is length-prefixed names and values, as they stand in the
/// answer when they are sorted there, which they nearly always are.
class ThingGrouper {
 public:
  ThingGrouper(const std::vector<RawAnswer>& answers, const ExactOptions& options)
      : answers_(answers), options_(options) {}

  std::vector<Thing> Run() {
    for (std::uint32_t a = 0; a < answers_.size(); ++a) {
      for (std::uint32_t s = 0; s < answers_[a].series.size(); ++s) {
        Add(a, s);
      }
    }
    return std::move(things_);
  }

 private:
  void Add(std::uint32_t a, std::uint32_t s) {
    std::string_view replica;
    ReadLabels(answers_[a].series, s, &replica);
    const auto [at, is_new] = index_.try_emplace(KeyOf(labels_), things_.size());
    if (is_new) {
      things_.emplace_back().id = IdOf(labels_);
    }
    Thing& thing = things_[at->second];
    const std::uint32_t stream = StreamOf(&thing, a, s, replica);
    thing.sources.push_back({a, s, stream});
  }

  /// The labels that name the thing, sorted, into labels_.
  void ReadLabels(const Answer& answer, std::uint32_t s, std::string_view* replica) {
    labels_.clear();
    if (!options_.replica_label.empty()) {
      *replica = answer.Label(s, options_.replica_label).value_or("");
    }
    if (!options_.identity.empty()) {
      for (const std::string& name : options_.identity) {
        labels_.emplace_back(name, answer.Label(s, name).value_or(""));
      }
      return;
    }
    for (std::uint32_t i = 0; i < answer.label_count(s); ++i) {
      const std::string_view name = answer.label_name(s, i);
      const bool names_it = name != kNameLabel && name != options_.replica_label;
      if (names_it && !answer.label_value(s, i).empty()) {
        labels_.emplace_back(name, answer.label_value(s, i));
      }
    }
    if (!std::is_sorted(labels_.begin(), labels_.end())) {
      std::sort(labels_.begin(), labels_.end());
    }
  }

  static std::string KeyOf(const LabelViews& labels) {
    std::string key;
    for (const auto& [name, value] : labels) {
      for (const std::string_view text : {name, value}) {
        const auto size = static_cast<std::uint32_t>(text.size());
        key.append({static_cast<char>(size & 0xFFU), static_cast<char>((size >> 8U) & 0xFFU),
                    static_cast<char>((size >> 16U) & 0xFFU), static_cast<char>(size >> 24U)});
        key += text;
      }
    }
    return key;
  }

  ThingId IdOf(const LabelViews& labels) {
    for (const auto& [name, value] : labels) {
      hasher_.Add(name).Add(value);
    }
    return hasher_.Finish();
  }

  /// The same labels in another answer are the same stream: a read was split by time.
  std::uint32_t StreamOf(Thing* thing, std::uint32_t a, std::uint32_t s, std::string_view replica) {
    for (std::uint32_t i = 0; i < thing->streams.size(); ++i) {
      const RawStream& known = thing->streams[i];
      if (HasEqualLabels(answers_[known.answer].series, known.series, answers_[a].series, s)) {
        return i;
      }
    }
    auto& replicas = thing->replicas;
    const auto at = std::find(replicas.begin(), replicas.end(), replica);
    thing->streams.push_back({a, s, static_cast<std::uint32_t>(at - replicas.begin())});
    if (at == replicas.end()) {
      replicas.push_back(replica);
    }
    return static_cast<std::uint32_t>(thing->streams.size() - 1);
  }

  static bool HasEqualLabels(const Answer& x, std::uint32_t i, const Answer& y, std::uint32_t j) {
    if (x.label_count(i) != y.label_count(j)) {
      return false;
    }
    for (std::uint32_t label = 0; label < x.label_count(i); ++label) {
      if (y.Label(j, x.label_name(i, label)) != x.label_value(i, label)) {
        return false;
      }
    }
    return true;
  }

  const std::vector<RawAnswer>& answers_;
  const ExactOptions& options_;
  std::vector<Thing> things_;
  std::unordered_map<std::string, std::size_t> index_;
  LabelViews labels_;
  base::FieldHasher hasher_;
};

/// True when x counts before y among samples of one time: the larger comes last, and wins.
bool IsSmaller(const Point& x, const Point& y) {
  if (x.sample->kind() == RawSample::Kind::kDecimal && y.sample->kind() == x.sample->kind() &&
      x.sample->exponent() == y.sample->exponent()) {
    return x.sample->digits() < y.sample->digits();
  }
  return x.samples->DecimalOf(*x.sample) < y.samples->DecimalOf(*y.sample);
}

bool IsBefore(const Point& x, const Point& y) {
  if (x.time_ms != y.time_ms) {
    return x.time_ms < y.time_ms;
  }
  return x.replica != y.replica ? x.replica < y.replica : IsSmaller(x, y);
}

/// Walks the points of each replica, one of which is followed.
class Follower {
 public:
  Follower(const std::vector<Point>& points, std::size_t replicas, FollowStart start,
           std::int64_t max_gap_ms, std::int64_t horizon_ms)
      : lists_(replicas), next_(replicas, 0), max_gap_(max_gap_ms), horizon_(horizon_ms) {
    for (const Point& point : points) {
      lists_[point.replica].push_back(&point);
    }
    replica_ = start.replica;
    last_ = start.time_ms;
    after_ = std::max(start.after_ms, last_.value_or(start.after_ms));
  }

  std::vector<Point> Run() {
    while (TakeNext()) {
    }
    return std::move(followed_);
  }

 private:
  bool TakeNext() {
    const Point* own = replica_ == kNoReplica ? nullptr : NextOf(replica_);
    const bool is_silent =
        last_ ? (own != nullptr ? own->time_ms : horizon_) - *last_ > max_gap_ : own == nullptr;
    const Point* taken = own;
    for (std::uint32_t r = 0; is_silent && r < lists_.size(); ++r) {
      const Point* const other = r == replica_ ? nullptr : NextOf(r);
      if (other != nullptr && (taken == nullptr || other->time_ms < taken->time_ms)) {
        taken = other;
      }
    }
    if (taken == nullptr) {
      return false;
    }
    Point point = *taken;
    if (replica_ != point.replica && last_) {
      point.switched = true;
      if (const Point* const before = BeforeOf(point.replica)) {
        point.own_before = before->sample;
        point.own_samples = before->samples;
      }
    }
    replica_ = point.replica;
    last_ = point.time_ms;
    after_ = point.time_ms;
    followed_.push_back(point);
    return true;
  }

  /// The first point of the replica after the last one taken.
  const Point* NextOf(std::uint32_t replica) {
    const auto& list = lists_[replica];
    std::size_t& next = next_[replica];
    while (next < list.size() && list[next]->time_ms <= after_) {
      ++next;
    }
    return next < list.size() ? list[next] : nullptr;
  }

  const Point* BeforeOf(std::uint32_t replica) {
    const std::size_t next = next_[replica];
    return next > 0 ? lists_[replica][next - 1] : nullptr;
  }

  std::vector<std::vector<const Point*>> lists_;  // by replica
  std::vector<std::size_t> next_;
  std::int64_t max_gap_;
  std::int64_t horizon_;
  std::uint32_t replica_ = kNoReplica;
  std::optional<std::int64_t> last_;
  std::int64_t after_;
  std::vector<Point> followed_;
};

}  // namespace

std::vector<Thing> GroupThings(const std::vector<RawAnswer>& answers, const ExactOptions& options) {
  return ThingGrouper(answers, options).Run();
}

PointList CollectPoints(const Thing& thing, const std::vector<RawAnswer>& answers,
                        std::int64_t from_ms, std::int64_t to_ms, Period period) {
  PointList list;
  list.skipped.assign(thing.streams.size(), 0);
  const std::int64_t begin = period.begin.time_since_epoch().count();
  const std::int64_t end = period.end.time_since_epoch().count();
  for (const PointSource& source : thing.sources) {
    const RawSamples& samples = answers[source.answer].samples;
    for (const RawSample& sample : samples.samples(source.series)) {
      const std::int64_t time = sample.time_ms();
      if (time <= from_ms || time > to_ms) {
        continue;
      }
      if (!sample.IsFinite()) {
        list.skipped[source.stream] += time > begin && time <= end ? 1 : 0;
        continue;
      }
      list.points.push_back({time, &sample, &samples, source.stream,
                             thing.streams[source.stream].replica, nullptr, nullptr, false});
    }
  }
  const auto is_in_order = [](const Point& x, const Point& y) {
    return x.time_ms < y.time_ms;  // strictly: nothing to choose either
  };
  auto& points = list.points;
  if (std::adjacent_find(points.begin(), points.end(), std::not_fn(is_in_order)) == points.end()) {
    return list;
  }
  std::sort(points.begin(), points.end(), IsBefore);
  // Of equal times the last one is the largest: it stays.
  const auto last = std::unique(points.rbegin(), points.rend(), [](const Point& x, const Point& y) {
    return x.time_ms == y.time_ms && x.replica == y.replica;
  });
  points.erase(points.begin(), last.base());
  return list;
}

std::vector<Point> FollowReplica(std::vector<Point> points, std::size_t replicas, FollowStart start,
                                 std::int64_t max_gap_ms, std::int64_t horizon_ms) {
  if (replicas == 1 && start.replica == 0) {
    const std::int64_t after = std::max(start.after_ms, start.time_ms.value_or(start.after_ms));
    const auto first = std::find_if(points.begin(), points.end(),
                                    [after](const Point& point) { return point.time_ms > after; });
    points.erase(points.begin(), first);
    return points;
  }
  return Follower(points, replicas, start, max_gap_ms, horizon_ms).Run();
}

}  // namespace promtally::metering
