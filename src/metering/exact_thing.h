// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/metering/exact_usage.h"

/// One metered thing: its series, and which of their samples count (private to exact usage).
namespace promtally::metering {

inline constexpr std::uint32_t kNoReplica = 0xFFFFFFFF;

/// One raw series of a thing. Series of several answers with the same labels have the same stream.
struct RawStream {
  std::uint32_t answer = 0;  ///< whose labels are those of the stream
  std::uint32_t series = 0;
  std::uint32_t replica = 0;  ///< index into Thing::replicas
};

/// Where a sample comes from: the answer tells how to read its value.
struct PointSource {
  std::uint32_t answer = 0;
  std::uint32_t series = 0;
  std::uint32_t stream = 0;  ///< index into Thing::streams
};

struct Thing {
  ThingId id{};
  std::vector<RawStream> streams;
  std::vector<PointSource> sources;
  std::vector<std::string_view> replicas;  ///< values of the replica label, each once
};

/// Joins the series of the answers into things, in the order in which they first stand there.
[[nodiscard]] std::vector<Thing> GroupThings(const std::vector<RawAnswer>& answers,
                                             const ExactOptions& options);

/// A sample that can count.
struct Point {
  std::int64_t time_ms = 0;
  const RawSample* sample = nullptr;
  const RawSamples* samples = nullptr;  ///< that read its value
  std::uint32_t stream = 0;
  std::uint32_t replica = 0;
  /// Of the first point after a change of the replica: that replica's own sample before it, by
  /// which a reset is judged; nullptr: it had none.
  const RawSample* own_before = nullptr;
  const RawSamples* own_samples = nullptr;
  bool switched = false;
};

/// The points of a thing in time order, and what was left out.
struct PointList {
  std::vector<Point> points;
  std::vector<std::int64_t> skipped;  ///< of each stream: NaN and infinities in the period
};

/// Sorts and merges the samples with from < t <= to: of two of one time (and one replica) the
/// larger counts.
[[nodiscard]] PointList CollectPoints(const Thing& thing, const std::vector<RawAnswer>& answers,
                                      std::int64_t from_ms, std::int64_t to_ms, Period period);

/// Where following begins.
struct FollowStart {
  std::optional<std::int64_t> time_ms;  ///< of the last sample; absent: none is known
  std::int64_t after_ms = INT64_MIN;    ///< only later samples are looked at
  std::uint32_t replica = kNoReplica;   ///< that is followed; none: whichever comes first
};

/// Follows one replica at a time: it is left when it has been silent for longer than max_gap, and
/// the one that comes first after its last sample is followed from there on. `horizon_ms` is how
/// far the samples were looked for.
[[nodiscard]] std::vector<Point> FollowReplica(std::vector<Point> points, std::size_t replicas,
                                               FollowStart start, std::int64_t max_gap_ms,
                                               std::int64_t horizon_ms);

}  // namespace promtally::metering
