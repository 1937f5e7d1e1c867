// SPDX-License-Identifier: Apache-2.0
#include "exposition/journal_record.h"

#include <bit>
#include <cstring>

#include "exposition/metric_journal.h"

namespace promtally::exposition {
namespace {

/// Numbers of seven bits a byte, doubles as they lie in memory, texts behind their length.
class Writer {
 public:
  explicit Writer(RecordKind kind) : out_(MetricJournal::kFrameHead, '\0') {
    out_ += static_cast<char>(kind);
  }
  void Number(std::uint64_t value) {
    while (value >= 0x80) {
      out_ += static_cast<char>((value & 0x7FU) | 0x80U);
      value >>= 7U;
    }
    out_ += static_cast<char>(value);
  }
  void Real(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8) {
      out_ += static_cast<char>((bits >> shift) & 0xFFU);
    }
  }
  void Time(base::Instant when) { Real(static_cast<double>(when.time_since_epoch().count())); }
  void Text(std::string_view text) {
    Number(text.size());
    out_ += text;
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

/// After the first thing that cannot be read everything is empty and IsGood is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(Bytes(1).front()));
      value |= (byte & 0x7FU) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    good_ = false;
    return 0;
  }
  /// A number of things that follow, each of at least one byte.
  std::size_t Count() {
    const std::uint64_t count = Number();
    good_ = good_ && count <= rest_.size();
    return good_ ? static_cast<std::size_t>(count) : 0;
  }
  double Real() {
    std::uint64_t bits = 0;
    std::memcpy(&bits, Bytes(8).data(), 8);
    return std::bit_cast<double>(bits);
  }
  base::Instant Time() {
    const double count = Real();
    good_ = good_ && count > -1e16 && count < 1e16;
    return base::Instant(base::Milliseconds(good_ ? static_cast<std::int64_t>(count) : 0));
  }
  std::string Text() { return std::string(Bytes(Count())); }
  [[nodiscard]] bool IsGood() const { return good_; }
  [[nodiscard]] bool IsDone() const { return good_ && rest_.empty(); }

 private:
  std::string_view Bytes(std::size_t length) {
    static constexpr std::string_view kZeros("\0\0\0\0\0\0\0\0", 8);
    if (!good_ || rest_.size() < length) {
      good_ = false;
      return kZeros;
    }
    const std::string_view bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return bytes;
  }

  std::string_view rest_;
  bool good_ = true;
};

void WriteDefinition(Writer& out, const MetricDefinition& definition) {
  out.Text(definition.name);
  out.Number(static_cast<std::uint64_t>(definition.type));
  out.Text(definition.help);
  out.Text(definition.unit);
  for (const auto* texts : {&definition.labels, &definition.states}) {
    out.Number(texts->size());
    for (const std::string& text : *texts) {
      out.Text(text);
    }
  }
  out.Number(definition.buckets.size());
  for (const double bound : definition.buckets) {
    out.Real(bound);
  }
  out.Number(definition.quantiles.size());
  for (const auto& [quantile, error] : definition.quantiles) {
    out.Real(quantile);
    out.Real(error);
  }
  out.Number(static_cast<std::uint64_t>(definition.max_age.count()));
  // 0 is no time to live.
  out.Number(static_cast<std::uint64_t>(definition.ttl.value_or(base::Seconds(0)).count()));
}

// Seconds that were checked when they were written; a greater number is damage.
base::Seconds ReadSeconds(Reader& in, bool& good) {
  const std::uint64_t seconds = in.Number();
  good = good && seconds < (std::uint64_t{1} << 40U);
  return base::Seconds(good ? static_cast<std::int64_t>(seconds) : 0);
}

bool ReadDefinition(Reader& in, MetricDefinition& definition) {
  definition.name = in.Text();
  const std::uint64_t type = in.Number();
  bool good = type <= static_cast<std::uint64_t>(MetricType::kSummary);
  definition.type = good ? static_cast<MetricType>(type) : MetricType::kGauge;
  definition.help = in.Text();
  definition.unit = in.Text();
  for (auto* texts : {&definition.labels, &definition.states}) {
    for (std::size_t count = in.Count(); count > 0 && in.IsGood(); --count) {
      texts->push_back(in.Text());
    }
  }
  for (std::size_t count = in.Count(); count > 0 && in.IsGood(); --count) {
    definition.buckets.push_back(in.Real());
  }
  for (std::size_t count = in.Count(); count > 0 && in.IsGood(); --count) {
    const double quantile = in.Real();
    definition.quantiles.emplace_back(quantile, in.Real());
  }
  definition.max_age = ReadSeconds(in, good);
  const base::Seconds ttl = ReadSeconds(in, good);
  if (ttl > base::Seconds(0)) {
    definition.ttl = ttl;
  }
  const bool shaped = (definition.type == MetricType::kHistogram) == !definition.buckets.empty() &&
                      (definition.type == MetricType::kStateSet) == !definition.states.empty();
  return good && shaped && !definition.name.empty();
}

void WriteChanges(Writer& out, std::span<const CheckedChange> changes) {
  out.Number(changes.size());
  for (const CheckedChange& change : changes) {
    out.Text(change.body);
    out.Number(static_cast<std::uint64_t>(change.op));
    out.Real(change.value);
    out.Text(change.info);
  }
}

bool ReadChanges(Reader& in, std::vector<CheckedChange>& changes) {
  bool good = true;
  for (std::size_t count = in.Count(); count > 0 && in.IsGood(); --count) {
    CheckedChange& change = changes.emplace_back();
    change.body = in.Text();
    const std::uint64_t op = in.Number();
    good = good && op >= 1 && op <= static_cast<std::uint64_t>(SampleOp::kObserve);
    change.op = good ? static_cast<SampleOp>(op) : SampleOp::kSet;
    change.value = in.Real();
    change.info = in.Text();
  }
  return good;
}

void ReadRows(Reader& in, JournalRecord& record) {
  for (std::size_t count = in.Count(); count > 0 && in.IsGood(); --count) {
    auto& [body, state] = record.rows.emplace_back();
    body = in.Text();
    state.value = in.Real();
    state.info = in.Text();
    for (std::size_t counts = in.Count(); counts > 0 && in.IsGood(); --counts) {
      state.counts.push_back(in.Number());
    }
    state.created = in.Time();
    state.changed = in.Time();
  }
}

}  // namespace

std::string CreateFrame(const CreationFacts& facts, const MetricDefinition& definition,
                        std::span<const CheckedChange> changes) {
  Writer out(RecordKind::kCreate);
  out.Number(facts.id);
  WriteDefinition(out, definition);
  out.Text(facts.alias);
  out.Time(facts.now);
  out.Number(facts.initial ? 1 : 0);
  WriteChanges(out, changes);
  return out.Take();
}

std::string ChangesFrame(std::uint64_t id, base::Instant now,
                         std::span<const CheckedChange> changes) {
  Writer out(RecordKind::kChanges);
  out.Number(id);
  out.Time(now);
  WriteChanges(out, changes);
  return out.Take();
}

std::string RemoveFrame(std::uint64_t id) {
  Writer out(RecordKind::kRemove);
  out.Number(id);
  return out.Take();
}

std::string RemoveSeriesFrame(std::uint64_t id, std::string_view body) {
  Writer out(RecordKind::kRemoveSeries);
  out.Number(id);
  out.Text(body);
  return out.Take();
}

std::string ExpireFrame(base::Instant now) {
  Writer out(RecordKind::kExpire);
  out.Time(now);
  return out.Take();
}

std::string RowsFrame(std::uint64_t id, std::span<const std::pair<std::string, SeriesState>> rows) {
  Writer out(RecordKind::kRows);
  out.Number(id);
  out.Number(rows.size());
  for (const auto& [body, state] : rows) {
    out.Text(body);
    out.Real(state.value);
    out.Text(state.info);
    out.Number(state.counts.size());
    for (const std::uint64_t count : state.counts) {
      out.Number(count);
    }
    out.Time(state.created);
    out.Time(state.changed);
  }
  return out.Take();
}

base::Result<JournalRecord> ParseRecord(std::string_view bytes) {
  Reader in(bytes);
  JournalRecord record;
  const std::uint64_t kind = in.Number();
  bool good = kind >= 1 && kind <= static_cast<std::uint64_t>(RecordKind::kRows);
  record.kind = good ? static_cast<RecordKind>(kind) : RecordKind::kCreate;
  if (record.kind != RecordKind::kExpire) {
    record.id = in.Number();
  }
  switch (record.kind) {
    case RecordKind::kCreate:
      good = ReadDefinition(in, record.definition) && good;
      record.alias = in.Text();
      record.now = in.Time();
      record.initial = in.Number() != 0;
      good = ReadChanges(in, record.changes) && good;
      break;
    case RecordKind::kChanges:
      record.now = in.Time();
      good = ReadChanges(in, record.changes) && good;
      break;
    case RecordKind::kRemove:
      break;
    case RecordKind::kRemoveSeries:
      record.body = in.Text();
      break;
    case RecordKind::kExpire:
      record.now = in.Time();
      break;
    case RecordKind::kRows:
      ReadRows(in, record);
      break;
  }
  if (!good || !in.IsDone()) {
    return base::Fail(base::ErrorCode::kParse, "a record cannot be read");
  }
  return record;
}

}  // namespace promtally::exposition
