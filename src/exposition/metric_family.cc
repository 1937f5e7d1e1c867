// SPDX-License-Identifier: Apache-2.0
#include "exposition/metric_family.h"

#include <algorithm>

namespace promtally::exposition {
namespace {

constexpr TextArena::Id kNoText = ~TextArena::Id{0};

}  // namespace

MetricFamily::MetricFamily(MetricDefinition definition, base::Instant created, std::uint32_t epoch,
                           std::shared_ptr<TextArena> texts)
    : definition_(std::move(definition)),
      created_(created),
      epoch_(epoch),
      texts_(texts),
      series_(std::move(texts)) {
  const MetricType type = definition_.type;
  stride_ = type == MetricType::kHistogram ? definition_.buckets.size()
                                           : (type == MetricType::kSummary ? 1U : 0U);
  has_created_ = type == MetricType::kCounter || stride_ > 0;
  has_windows_ = !definition_.quantiles.empty();
}

MetricFamily::~MetricFamily() {
  for (Row row = 0; row < infos_.size(); ++row) {
    SetInfo(row, {});
  }
}

MetricFamily::Row MetricFamily::FindOrInsert(std::string_view body, base::Instant now,
                                             std::uint32_t epoch) {
  if (const auto row = series_.Find(body)) {
    return *row;
  }
  const Row row = series_.Insert(body, epoch);
  if (row == values_.size()) {
    values_.push_back(0);
    counts_.resize(counts_.size() + stride_);
    if (has_created_) {
      created_of_.push_back(now);
    }
    if (definition_.ttl) {
      changed_of_.push_back(now);
    }
    if (definition_.type == MetricType::kInfo) {
      infos_.push_back(kNoText);
    }
    if (has_windows_) {
      windows_.push_back(nullptr);
    }
  } else if (has_created_) {
    created_of_[row] = now;
  }
  return row;
}

void MetricFamily::Clear(Row row) {
  values_[row] = 0;
  std::fill_n(counts_.begin() + static_cast<std::ptrdiff_t>(row * stride_), stride_, 0U);
  if (definition_.type == MetricType::kInfo) {
    SetInfo(row, {});
  }
  if (has_windows_) {
    windows_[row].reset();
  }
  exemplars_.erase(exemplars_.lower_bound({row, 0}), exemplars_.lower_bound({row + 1, 0}));
}

void MetricFamily::SetInfo(Row row, std::string_view info) {
  if (infos_[row] != kNoText) {
    texts_->Free(infos_[row]);
    infos_[row] = kNoText;
  }
  if (!info.empty()) {
    infos_[row] = texts_->Add(info);
  }
}

std::string_view MetricFamily::info(Row row) const {
  return infos_[row] == kNoText ? std::string_view() : texts_->Get(infos_[row]);
}

void MetricFamily::Apply(const CheckedChange& change, base::Instant now, std::uint32_t epoch) {
  const Row row = FindOrInsert(change.body, now, epoch);
  switch (change.op) {
    case SampleOp::kAdd:
      values_[row] += change.value;
      break;
    case SampleOp::kObserve:
      Observe(row, change.value, now);
      break;
    case SampleOp::kSet:
    case SampleOp::kDefault:
      values_[row] = change.value;
      break;
  }
  if (definition_.type == MetricType::kInfo) {
    SetInfo(row, change.info);
  }
  if (change.exemplar) {
    const bool buckets = definition_.type == MetricType::kHistogram;
    const std::size_t place = buckets ? BucketOf(change.exemplar->value) : 0;
    exemplars_.insert_or_assign({row, place}, *change.exemplar);
  }
  Touch(row, now);
}

std::size_t MetricFamily::BucketOf(double value) const {
  const auto& bounds = definition_.buckets;
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), value);
  return std::min(static_cast<std::size_t>(at - bounds.begin()), bounds.size() - 1);
}

void MetricFamily::Observe(Row row, double value, base::Instant now) {
  values_[row] += value;
  const std::size_t place = definition_.type == MetricType::kHistogram ? BucketOf(value) : 0;
  ++counts_[row * stride_ + place];
  if (has_windows_) {
    auto& window = windows_[row];
    if (!window) {
      window = std::make_unique<QuantileWindow>(definition_.max_age, now);
    }
    window->Insert(definition_.quantiles, value, now);
  }
}

void MetricFamily::Touch(Row row, base::Instant now) {
  if (definition_.ttl) {
    changed_of_[row] = now;
    next_expiry_ = std::min(next_expiry_, now + *definition_.ttl);
  }
}

bool MetricFamily::Restore(std::string_view body, const SeriesState& state, std::uint32_t epoch) {
  if (state.counts.size() != stride_) {
    return false;
  }
  const Row row = FindOrInsert(body, state.created, epoch);
  Clear(row);
  values_[row] = state.value;
  std::copy(state.counts.begin(), state.counts.end(),
            counts_.begin() + static_cast<std::ptrdiff_t>(row * stride_));
  if (has_created_) {
    created_of_[row] = state.created;
  }
  if (definition_.type == MetricType::kInfo) {
    SetInfo(row, state.info);
  }
  Touch(row, state.changed);
  return true;
}

SeriesState MetricFamily::StateOf(Row row) const {
  SeriesState state;
  state.value = values_[row];
  state.counts.assign(counts(row), counts(row) + stride_);
  if (definition_.type == MetricType::kInfo) {
    state.info = info(row);
  }
  state.created = created(row);
  state.changed = definition_.ttl ? changed_of_[row] : created_;
  return state;
}

void MetricFamily::Remove(Row row) {
  Clear(row);
  series_.Erase(row);
}

std::size_t MetricFamily::Expire(base::Instant now) {
  if (!definition_.ttl || !MayExpire(now)) {
    return 0;
  }
  std::size_t removed = 0;
  next_expiry_ = base::Instant::max();
  for (Row row = 0; row < series_.end(); ++row) {
    if (!series_.IsUsed(row)) {
      continue;
    }
    const base::Instant due = changed_of_[row] + *definition_.ttl;
    if (due <= now) {
      Remove(row);
      ++removed;
    } else {
      next_expiry_ = std::min(next_expiry_, due);
    }
  }
  return removed;
}

base::Instant MetricFamily::created(Row row) const {
  return has_created_ ? created_of_[row] : created_;
}

double MetricFamily::Quantile(Row row, double quantile, base::Instant now) const {
  const auto& window = windows_[row];
  return window ? window->Get(definition_.quantiles, quantile, now)
                : std::numeric_limits<double>::quiet_NaN();
}

const CheckedChange::ExemplarText* MetricFamily::ExemplarOf(Row row, std::size_t place) const {
  if (exemplars_.empty()) {
    return nullptr;
  }
  const auto found = exemplars_.find({row, place});
  return found == exemplars_.end() ? nullptr : &found->second;
}

std::size_t MetricFamily::bytes() const {
  return sizeof(*this) + series_.bytes() + values_.capacity() * sizeof(double) +
         counts_.capacity() * sizeof(std::uint64_t) +
         (created_of_.capacity() + changed_of_.capacity()) * sizeof(base::Instant) +
         infos_.capacity() * sizeof(TextArena::Id) + windows_.capacity() * sizeof(void*);
}

}  // namespace promtally::exposition
