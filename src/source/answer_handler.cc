// SPDX-License-Identifier: Apache-2.0
#include "source/answer_handler.h"

#include <algorithm>

namespace promtally::source {
namespace {

constexpr std::size_t kErrorLimitBytes = 64 * 1024;
constexpr std::size_t kRemarkLimitBytes = 1024;
constexpr std::size_t kRemarkLimit = 100;
constexpr std::size_t kMemberLimit = 64;

/// The first bytes, never half a character.
std::string Cut(std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) {
      --limit;
    }
    text = text.substr(0, limit);
  }
  return std::string(text);
}

}  // namespace

AnswerHandler::Member AnswerHandler::MemberOf(Place place, std::string_view name) {
  struct Known {
    Place place;
    std::string_view name;
    Member member;
  };
  static constexpr std::array<Known, 18> kKnown = {{
      {Place::kSeries, "metric", Member::kMetric},
      {Place::kSeries, "values", Member::kValues},
      {Place::kSeries, "value", Member::kValue},
      {Place::kSeries, "histogram", Member::kHistogram},
      {Place::kSeries, "histograms", Member::kHistograms},
      {Place::kHistogramBody, "count", Member::kCount},
      {Place::kHistogramBody, "sum", Member::kSum},
      {Place::kTop, "status", Member::kStatus},
      {Place::kTop, "data", Member::kData},
      {Place::kTop, "error", Member::kError},
      {Place::kTop, "errorType", Member::kErrorType},
      {Place::kTop, "warnings", Member::kWarnings},
      {Place::kTop, "infos", Member::kInfos},
      {Place::kTop, "isPartial", Member::kPartial},
      {Place::kData, "resultType", Member::kResultType},
      {Place::kData, "result", Member::kResult},
      // Some servers put the mark of a partial answer beside the result.
      {Place::kData, "isPartial", Member::kPartial},
      {Place::kData, "warnings", Member::kWarnings},
  }};
  const auto* const found = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) {
    return known.place == place && known.name == name;
  });
  return found == kKnown.end() ? Member::kOther : found->member;
}

void AnswerHandler::Key(std::string_view name) {
  const Place here = place();
  if (here == Place::kMetric) {
    name_.assign(name);
    return;
  }
  if (here == Place::kHistogramBody) {
    member_ = MemberOf(here, name);
    return;
  }
  if (here != Place::kSeries && here != Place::kTop && here != Place::kData) {
    return;
  }
  if (here == Place::kData) {
    name_.assign(name);
  }
  member_ = MemberOf(here, name);
  if (member_ == Member::kOther) {
    return;
  }
  const std::size_t owner = here == Place::kTop ? 0 : here == Place::kData ? 1 : 2;
  const std::uint32_t bit = 1U << static_cast<unsigned>(member_);
  if ((seen_[owner] & bit) != 0) {
    Fault("a member stands twice in one object: " + std::string(name));
  }
  seen_[owner] |= bit;
}

void AnswerHandler::Fault(std::string_view text) {
  if (answer_.shape_fault.empty()) {
    answer_.shape_fault = text;
  }
}

AnswerHandler::Place AnswerHandler::ObjectPlace() {
  switch (place()) {
    case Place::kOutside:
      return Place::kTop;
    case Place::kTop:
      if (member_ == Member::kData) {
        return Place::kData;
      }
      break;
    case Place::kResult:
      seen_[2] = 0;
      answer_.answer.BeginSeries();
      if (raw_) {
        answer_.samples.BeginSeries();
      }
      return Place::kSeries;
    case Place::kRawHistogram:
      if (sample_items_ == 1) {
        return Place::kHistogramBody;
      }
      break;
    case Place::kSeries:
      if (member_ == Member::kMetric) {
        return Place::kMetric;
      }
      if (member_ == Member::kHistogram) {
        answer_.answer.SetHistogram();
        return Place::kSkip;
      }
      break;
    default:
      break;
  }
  Misplaced(false);
  return Place::kSkip;
}

AnswerHandler::Place AnswerHandler::RawArrayPlace(Place here) {
  sample_items_ = 0;
  if (here == Place::kValues) {
    return Place::kRawSample;
  }
  if (here == Place::kHistograms) {
    return Place::kRawHistogram;
  }
  if (member_ == Member::kValues) {
    return Place::kValues;
  }
  answer_.answer.SetHistogram();
  return raw_->histogram ? Place::kHistograms : Place::kSkip;
}

AnswerHandler::Place AnswerHandler::ArrayPlace() {
  const Place here = place();
  if (here == Place::kValues || here == Place::kHistograms ||
      (raw_ && here == Place::kSeries &&
       (member_ == Member::kValues || member_ == Member::kHistograms))) {
    return RawArrayPlace(here);
  }
  if (here == Place::kTop && member_ == Member::kData) {
    answer_.has_names = true;
    return Place::kNames;
  }
  const bool in_answer = here == Place::kTop || here == Place::kData;
  if (in_answer && (member_ == Member::kWarnings || member_ == Member::kInfos)) {
    remarks_are_infos_ = member_ == Member::kInfos;
    return Place::kTexts;
  }
  if (here == Place::kData && member_ == Member::kResult) {
    answer_.has_result = true;
    return Place::kResult;
  }
  if (here == Place::kSeries && member_ == Member::kValue) {
    sample_items_ = 0;
    return Place::kSample;
  }
  if (here == Place::kSeries && (member_ == Member::kHistogram || member_ == Member::kHistograms)) {
    answer_.answer.SetHistogram();
    return Place::kSkip;
  }
  if (here == Place::kHistogramBody) {  // buckets
    return Place::kSkip;
  }
  Misplaced(false);
  return Place::kSkip;
}

void AnswerHandler::BeginObject() { Push(ObjectPlace()); }

void AnswerHandler::EndObject() {
  const Place ended = place();
  --depth_;
  if (ended == Place::kSeries) {
    EndSeries();
  } else if (ended == Place::kHistogramBody) {
    ++sample_items_;
  }
}

void AnswerHandler::EndSeries() {
  const auto has = [this](Member member) {
    return (seen_[2] & (1U << static_cast<unsigned>(member))) != 0;
  };
  const bool has_value =
      raw_ ? has(Member::kValues) || has(Member::kHistograms) : answer_.answer.HasValue();
  if (!has(Member::kMetric) || !has_value) {
    Fault(has(Member::kMetric) ? "a series without a value" : "a series without labels");
  }
}

void AnswerHandler::BeginArray() { Push(ArrayPlace()); }

void AnswerHandler::EndArray() {
  const bool sample =
      place() == Place::kSample || place() == Place::kRawSample || place() == Place::kRawHistogram;
  --depth_;
  if (sample && sample_items_ != 2) {
    Fault("a value that is no pair of time and value");
  }
}

void AnswerHandler::Text(std::string_view text) {
  switch (place()) {
    case Place::kRawSample:
      RawItem(text);
      return;
    case Place::kHistogramBody:
      if (member_ ==
          (raw_->histogram == metering::HistogramPart::kSum ? Member::kSum : Member::kCount)) {
        AddRaw(text);
      }
      return;
    case Place::kMetric:
      answer_.answer.AddLabel(name_, text);
      return;
    case Place::kSample:
      SampleItem(text);
      return;
    case Place::kNames:
      answer_.names.emplace_back(text);
      return;
    case Place::kTexts:
      AddRemark(text);
      return;
    case Place::kTop:
      TopText(text);
      return;
    case Place::kData:
      if (member_ == Member::kResultType) {
        answer_.result_type = Cut(text, kRemarkLimitBytes);
        return;
      }
      if (member_ == Member::kOther) {
        if (answer_.members.size() < kMemberLimit) {
          answer_.members.emplace_back(Cut(name_, kRemarkLimitBytes), Cut(text, kRemarkLimitBytes));
        }
        return;
      }
      break;
    default:
      break;
  }
  Misplaced(false);
}

void AnswerHandler::TopText(std::string_view text) {
  switch (member_) {
    case Member::kStatus:
      answer_.status = Cut(text, kRemarkLimitBytes);
      return;
    case Member::kError:
      answer_.error = Cut(text, kErrorLimitBytes);
      return;
    case Member::kErrorType:
      answer_.error_type = Cut(text, kRemarkLimitBytes);
      return;
    default:
      Misplaced(false);
  }
}

void AnswerHandler::SampleItem(std::string_view text) {
  if (sample_items_ == 1) {
    answer_.answer.SetValue(text);
  }
  ++sample_items_;
}

void AnswerHandler::RawItem(std::string_view text) {
  if (sample_items_ == 0) {
    if (!metering::ReadSampleTime(text, &time_ms_)) {
      Fault("a time that is no number");
    }
  } else if (sample_items_ == 1) {
    AddRaw(text);
  }
  ++sample_items_;
}

void AnswerHandler::AddRaw(std::string_view value) {
  if (answer_.samples.sample_count() >= raw_->max_samples) {
    answer_.too_many_samples = true;
  } else if (!answer_.samples.Add(time_ms_, value)) {
    Fault("a sample that is no number");
  }
}

void AnswerHandler::AddRemark(std::string_view text) {
  metering::Answer& answer = answer_.answer;
  const bool harmless =
      remarks_are_infos_ || text.starts_with("PromQL info:") || text.starts_with("PromQL warning:");
  if (harmless && answer.infos().size() < kRemarkLimit) {
    answer.AddInfo(Cut(text, kRemarkLimitBytes));
  } else if (!harmless && answer.warnings().size() < kRemarkLimit) {
    answer.AddWarning(Cut(text, kRemarkLimitBytes));
  }
}

void AnswerHandler::Number(std::string_view text) {
  if (place() == Place::kSample) {
    SampleItem(text);
  } else if (place() == Place::kRawSample || place() == Place::kRawHistogram) {
    RawItem(text);
  } else {
    Misplaced(false);
  }
}

void AnswerHandler::Bool(bool value) { Misplaced(!value); }

void AnswerHandler::Null() { Misplaced(true); }

void AnswerHandler::Misplaced(bool harmless) {
  const Place here = place();
  switch (here) {
    case Place::kMetric:
      return Fault("a label value that is no text");
    case Place::kSample:
    case Place::kRawSample:
    case Place::kRawHistogram:
      ++sample_items_;
      return Fault("a value that is neither text nor number");
    case Place::kValues:
    case Place::kHistograms:
      return Fault("an element of the samples is no list");
    case Place::kNames:
      return Fault("a name that is no text");
    case Place::kResult:
      return Fault("an element of the result is no object");
    case Place::kSeries:
      if (member_ == Member::kMetric || member_ == Member::kValue || member_ == Member::kValues) {
        Fault("labels or value of a series in another form");
      }
      return;
    case Place::kTexts:
      if (!remarks_are_infos_) {
        answer_.answer.AddWarning("a warning that is no text");
      }
      return;
    case Place::kTop:
    case Place::kData:
      break;
    default:
      return;
  }
  if (member_ == Member::kPartial) {
    answer_.partial = answer_.partial || !harmless;
  } else if (member_ == Member::kWarnings && !harmless) {
    answer_.answer.AddWarning("warnings that are no list");
  } else if (member_ == Member::kResult || member_ == Member::kResultType) {
    Fault("the result in another form");
  }
}

}  // namespace promtally::source
