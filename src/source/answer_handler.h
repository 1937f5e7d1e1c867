// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/vector_decoder.h"

namespace promtally::source {

constexpr std::size_t kJsonDepthLimit = 64;

/// Takes the parts of a JSON text in their order and fills a DecodedAnswer. Knows where in the text
/// it is by a stack of places; what it does not know it skips. The caller keeps the nesting below
/// kJsonDepthLimit.
class AnswerHandler {
 public:
  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  void Key(std::string_view name);
  void Text(std::string_view text);
  void Number(std::string_view text);
  void Bool(bool value);
  void Null();
  [[nodiscard]] DecodedAnswer& answer() { return answer_; }
  /// From the beginning on, `values` of each series are taken in the place of `value`.
  void TakeRaw(RawDecoding raw) { raw_ = raw; }

 private:
  enum class Place : std::uint8_t {
    kOutside,
    kTop,
    kData,
    kNames,   ///< `data` as a list
    kResult,  ///< `data.result`
    kSeries,
    kMetric,
    kSample,      ///< `value` of a series: time and value
    kValues,      ///< `values` of a series
    kRawSample,   ///< one of them
    kHistograms,  ///< `histograms` of a series
    kRawHistogram,
    kHistogramBody,
    kTexts,  ///< warnings or infos
    kSkip,
  };
  enum class Member : std::uint8_t {
    kOther,
    kStatus,
    kData,
    kError,
    kErrorType,
    kWarnings,
    kInfos,
    kPartial,
    kResultType,
    kResult,
    kMetric,
    kValue,
    kHistogram,
    kValues,
    kHistograms,
    kCount,
    kSum,
  };

  [[nodiscard]] static Member MemberOf(Place place, std::string_view name);
  [[nodiscard]] Place place() const { return places_[depth_]; }
  [[nodiscard]] Place ObjectPlace();
  [[nodiscard]] Place ArrayPlace();
  void Push(Place place) { places_[++depth_] = place; }
  void Fault(std::string_view text);
  void TopText(std::string_view text);
  /// A number, a boolean, null, or a container where none belongs; `harmless`: as good as absent.
  void Misplaced(bool harmless);
  void AddRemark(std::string_view text);
  void SampleItem(std::string_view text);
  void RawItem(std::string_view text);
  void AddRaw(std::string_view value);
  void EndSeries();
  [[nodiscard]] Place RawArrayPlace(Place here);

  DecodedAnswer answer_;
  std::array<Place, kJsonDepthLimit + 2> places_{};
  std::size_t depth_ = 0;
  Member member_ = Member::kOther;  ///< the last key, where it matters
  std::string name_;                ///< the last key of a metric or of `data`
  bool remarks_are_infos_ = false;
  std::uint32_t seen_[3] = {0, 0, 0};  ///< members that the top, `data` and this series have had
  int sample_items_ = 0;
  std::optional<RawDecoding> raw_;
  std::int64_t time_ms_ = 0;  ///< of the raw sample that is being read
};

}  // namespace promtally::source
