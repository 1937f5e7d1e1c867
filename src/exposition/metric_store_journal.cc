// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exposition/journal_record.h"
#include "exposition/metric_entry.h"

namespace promtally::exposition {
namespace {

// A journal below this is not worth a copy; above it, one that is several times what is live.
constexpr std::uint64_t kLeastJournal = std::uint64_t{8} << 20U;
constexpr std::uint64_t kGrowth = 4;
constexpr std::size_t kRowsInRecord = 500;

tl::unexpected<base::Error> Unreadable(std::string message) {
  return base::Fail(base::ErrorCode::kParse, std::move(message));
}

}  // namespace

base::Result<std::string> MetricStore::OpenJournal(const std::string& path) {
  auto opened =
      MetricJournal::Open(path, [this](std::string_view record) { return Replay(record); });
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  journal_ = std::move(opened->journal);
  FindStrangers();
  return std::move(opened->warning);
}

base::Status MetricStore::Write(std::string frame, const Entry* entry) {
  if (!journal_) {
    return {};
  }
  // What the copy does not know yet will come into it as it is by then.
  const bool to_copy = copy_ && (entry == nullptr || entry->in_copy);
  return journal_->Append(frame, to_copy);
}

base::Status MetricStore::Replay(std::string_view bytes) {
  auto record = ParseRecord(bytes);
  if (!record) {
    return tl::unexpected(record.error());
  }
  if (record->kind == RecordKind::kExpire) {
    ExpireAll(record->now);
    return {};
  }
  const auto found = by_id_.find(record->id);
  if (record->kind != RecordKind::kCreate) {
    return found == by_id_.end() ? Unreadable("a record speaks of an unknown metric")
                                 : ReplayInto(found->second, *record);
  }
  if (found != by_id_.end() || families_.contains(record->definition.name)) {
    return Unreadable("a metric is made twice");
  }
  const auto entry =
      std::make_shared<Entry>(record->id, std::move(record->alias), std::move(record->definition),
                              record->now, epoch_, texts_);
  Register(entry);
  if (record->initial) {
    AddInitialSeries(*entry, record->now);
  }
  return ReplayInto(entry, *record);
}

base::Status MetricStore::ReplayInto(const EntryPtr& entry, const JournalRecord& record) {
  MetricFamily& family = entry->family;
  const std::size_t before = family.series().size();
  const auto is_state = [&](double value) {
    const auto states = static_cast<double>(family.definition().states.size());
    return states == 0 || (value >= 0 && value < states);
  };
  switch (record.kind) {
    case RecordKind::kCreate:
    case RecordKind::kChanges:
      for (const CheckedChange& change : record.changes) {
        if (!is_state(change.value)) {
          return Unreadable("a stateset has no such state");
        }
        family.Apply(change, record.now, epoch_);
      }
      break;
    case RecordKind::kRemove:
      Forget(entry);
      return {};
    case RecordKind::kRemoveSeries:
      if (const auto row = family.series().Find(record.body)) {
        family.Remove(*row);
      }
      break;
    case RecordKind::kRows:
      for (const auto& [body, state] : record.rows) {
        if (!is_state(state.value) || !family.Restore(body, state, epoch_)) {
          return Unreadable("a series does not fit its metric");
        }
      }
      break;
    case RecordKind::kExpire:
      break;
  }
  series_ += family.series().size();
  series_ -= before;
  return {};
}

base::Status MetricStore::Sync() { return journal_ ? journal_->Sync() : base::Status(); }

std::uint64_t MetricStore::journal_bytes() const { return journal_ ? journal_->size() : 0; }

std::uint64_t MetricStore::LiveBytes() const {
  return texts_->live_bytes() + series_ * 32 + families_.size() * 200;
}

bool MetricStore::NeedsCopy() const {
  if (journal_->IsBroken()) {
    return true;
  }
  const std::uint64_t size = journal_->size();
  return size > kLeastJournal && size > no_copy_below_ && size > kGrowth * LiveBytes();
}

base::Status MetricStore::BeginCopy() {
  copy_.reset();
  if (auto begun = journal_->BeginCopy(); !begun) {
    return begun;
  }
  copy_ = std::make_unique<Copy>();
  copy_->entries.reserve(families_.size());
  for (const auto& [name, entry] : families_) {
    entry->in_copy = false;
    copy_->entries.push_back(entry);
  }
  return {};
}

// Rows are whole states and changes that come meanwhile are appended to the copy as well, so a row
// that is written after a change of it simply repeats what the change made.
base::Status MetricStore::CopySome(std::size_t series) {
  std::vector<std::pair<std::string, SeriesState>> rows;
  for (std::size_t done = 0; copy_->at < copy_->entries.size() && done < series; ++done) {
    Entry& entry = *copy_->entries[copy_->at];
    if (!entry.removed && !entry.in_copy) {
      const MetricFamily& family = entry.family;
      std::string frame =
          CreateFrame({entry.id, entry.alias, family.created(), false}, family.definition(), {});
      if (auto written = journal_->AppendToCopy(frame); !written) {
        return written;
      }
      entry.in_copy = true;
    }
    rows.clear();
    const SeriesTable& table = entry.family.series();
    for (; !entry.removed && copy_->row < table.end() && rows.size() < kRowsInRecord;
         ++copy_->row) {
      if (table.IsUsed(copy_->row)) {
        rows.emplace_back(table.Body(copy_->row), entry.family.StateOf(copy_->row));
      }
    }
    // A series of many buckets is as much work as many series.
    done += rows.size() * (1 + entry.family.stride() / 16);
    if (!rows.empty()) {
      std::string frame = RowsFrame(entry.id, rows);
      if (auto written = journal_->AppendToCopy(frame); !written) {
        return written;
      }
    }
    if (entry.removed || copy_->row >= table.end()) {
      ++copy_->at;
      copy_->row = 0;
    }
  }
  return {};
}

// Not again before there is more to gain: a disk that is full stays so for a while.
MetricStore::CopyState MetricStore::GiveCopyUp() {
  journal_->AbandonCopy();
  copy_.reset();
  no_copy_below_ = journal_->size() + kLeastJournal;
  return CopyState::kFailed;
}

MetricStore::CopyState MetricStore::CompactStep(std::size_t series) {
  if (!journal_ || (!copy_ && !NeedsCopy())) {
    return CopyState::kIdle;
  }
  if (!copy_ && !BeginCopy()) {
    return GiveCopyUp();
  }
  if (!journal_->HasCopy() || (!copy_->sealed && !CopySome(series))) {
    return GiveCopyUp();
  }
  if (!copy_->sealed && copy_->at == copy_->entries.size()) {
    journal_->SealCopy();
    copy_->sealed = true;
  }
  if (!copy_->sealed) {
    return CopyState::kWriting;
  }
  if (!journal_->IsCopyDurable()) {
    return CopyState::kWaitingForSync;
  }
  if (!journal_->AdoptCopy()) {
    return GiveCopyUp();
  }
  copy_.reset();
  return CopyState::kIdle;
}

base::Status MetricStore::CompactNow() {
  if (!journal_) {
    return {};
  }
  if (!copy_) {
    if (auto begun = BeginCopy(); !begun) {
      return begun;
    }
  }
  while (copy_) {
    const CopyState state = CompactStep();
    if (state == CopyState::kFailed) {
      return base::Fail(base::ErrorCode::kUnavailable, "the journal could not be written anew");
    }
    if (state == CopyState::kWaitingForSync) {
      // What it says of the file that is to be replaced does not matter.
      static_cast<void>(Sync());
    }
  }
  return Sync();
}

std::size_t MetricStore::bytes() const {
  std::size_t total = texts_->bytes();
  for (const auto& [name, entry] : families_) {
    total += sizeof(Entry) + entry->family.bytes();
  }
  return total;
}

}  // namespace promtally::exposition
