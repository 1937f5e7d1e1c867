// SPDX-License-Identifier: Apache-2.0
#include "ledger/evidence_reader.h"

#include <sstream>

#include "ledger/quantity_column.h"
#include "promtally/config/metrics_file.h"

namespace promtally::ledger {
namespace {

void AddLines(const std::optional<std::string>& text, std::vector<std::string>* lines) {
  std::istringstream in(text.value_or(""));
  for (std::string line; std::getline(in, line);) {
    lines->push_back(line);
  }
}

std::string DialectOf(std::string_view kind, std::optional<bool> closed_edges) {
  if (kind == "prometheus" && closed_edges) {
    return *closed_edges ? "prometheus2" : "prometheus3";
  }
  return std::string(kind);
}

metering::RecordEvidence::Exact ExactOf(const Statement& row) {
  metering::RecordEvidence::Exact exact;
  exact.raw = QuantityText(row, 0);
  exact.samples = row.Int(1);
  exact.first = row.MaybeInstant(2);
  exact.last = row.MaybeInstant(3);
  exact.largest_gap_ms = row.Int(4);
  exact.resets = row.Int(5);
  exact.skipped = row.Int(6);
  exact.late = row.Int(7);
  exact.replica = row.MaybeText(8);
  exact.covered_ms = row.Int(9);
  exact.alive_ms = row.Int(10);
  return exact;
}

}  // namespace

const EvidenceReader::Definition& EvidenceReader::DefinitionOf(const SpecVersion& version) {
  const auto [at, is_new] = definitions_.try_emplace(version.id);
  if (is_new) {
    auto row = db_.Query(
        "select lower(hex(c.sha256)) from spec_version v join config c using(config_id)"
        " where v.spec_version_id = ?",
        version.id);
    if (row.Next()) {
      at->second.config_hash = row->Text(0);
    }
    const auto spec = config::FromDefinition(version.definition);
    if (spec && spec->evaluation == metering::Evaluation::kExact) {
      at->second.first_sample = metering::ToText(spec->exact.first_sample);
      at->second.gap = metering::ToText(spec->exact.gap);
    }
  }
  return at->second;
}

metering::RecordEvidence EvidenceReader::Read(std::int64_t period_id, std::int64_t series_id,
                                              std::int64_t revision, std::int64_t query_id,
                                              const SpecVersion& version) {
  metering::RecordEvidence evidence;
  const Definition& definition = DefinitionOf(version);
  evidence.first_sample = definition.first_sample;
  evidence.gap = definition.gap;
  evidence.config_hash = definition.config_hash;
  auto query = db_.Query(
      "select t.text, s.kind, s.version, s.closed_edges, q.annotations from query q"
      " join query_text t using(text_id) join server s using(server_id) where q.query_id = ?",
      query_id);
  if (query.Next()) {
    evidence.query = query->Text(0);
    evidence.server = std::string(query->Text(1));
    if (!query->Text(2).empty()) {
      evidence.server += " " + std::string(query->Text(2));
    }
    std::optional<bool> closed;
    if (!query->IsNull(3)) {
      closed = query->Int(3) != 0;
    }
    evidence.dialect = DialectOf(query->Text(1), closed);
    AddLines(query->MaybeText(4), &evidence.warnings);
  }
  auto said =
      db_.Query("select evaluation, warnings from revision where period_id = ? and revision = ?",
                period_id, revision);
  if (said.Next()) {
    evidence.evaluation = metering::ToText(static_cast<metering::Evaluation>(said->Int(0)));
    AddLines(said->MaybeText(1), &evidence.warnings);
  }
  auto exact = db_.Query(
      "select raw, samples, first, last, largest_gap, resets, skipped, late, replica, covered,"
      " alive from evidence where period_id = ? and series_id = ? and revision = ?",
      period_id, series_id, revision);
  if (exact.Next()) {
    evidence.exact = ExactOf(*exact);
  }
  return evidence;
}

}  // namespace promtally::ledger
