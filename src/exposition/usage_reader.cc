// SPDX-License-Identifier: Apache-2.0
#include "exposition/usage_reader.h"

#include <algorithm>
#include <map>

namespace promtally::exposition {
namespace {

constexpr std::string_view kTotal = "_total";

/// Lines of one spec in one family; `beside` has as many, each to follow the one of its series.
struct Lines {
  PagePiece text;
  PagePiece beside;
  std::string name;         // in the style; empty: the lines are right as they are
  std::string beside_name;  // as name
};

struct Section {
  std::string head;
  std::vector<Lines> lines;
};

std::string_view TakeLine(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
  const std::string_view line = text.substr(at, end - at);
  at = end;
  return line;
}

// Puts the style's names into a line of the text format, whose names are classic.
void AppendLine(std::string& out, std::string_view line, const std::string& name,
                Escaping escaping) {
  const std::size_t open = line.find_first_of("{ ");
  if (name.empty() || open == std::string_view::npos) {
    out += line;
    return;
  }
  out += name;
  const std::size_t close = line[open] == '{' ? line.rfind('}') : open;
  if (close > open) {
    out += '{';
    out += StyledBody(line.substr(open + 1, close - open - 1), escaping);
  }
  out += line.substr(close);
}

class UsageReader : public PieceReader {
 public:
  UsageReader(std::vector<Section> sections, Escaping escaping)
      : sections_(std::move(sections)), escaping_(escaping) {}

  bool Next(std::string& out) override {
    const std::size_t begin = out.size();
    const std::size_t enough = PieceEnd(begin);
    while (section_ < sections_.size() && out.size() < enough) {
      Section& section = sections_[section_];
      if (part_ == 0 && at_ == 0) {
        out += section.head;
      }
      if (part_ < section.lines.size()) {
        Continue(out, enough, section.lines[part_]);
      } else {
        ++section_;
        part_ = 0;
      }
    }
    return out.size() > begin;
  }

 private:
  void Continue(std::string& out, std::size_t enough, Lines& lines) {
    const std::string_view text = *lines.text;
    if (lines.name.empty() && !lines.beside) {
      // As much as fits, up to a line's end.
      std::size_t end = std::min(at_ + (enough - std::min(out.size(), enough)), text.size() - 1);
      end = std::min(text.find('\n', end), text.size() - 1) + 1;
      out += text.substr(at_, end - at_);
      at_ = end;
    }
    while (at_ < text.size() && out.size() < enough) {
      AppendLine(out, TakeLine(text, at_), lines.name, escaping_);
      if (lines.beside && beside_at_ < lines.beside->size()) {
        AppendLine(out, TakeLine(*lines.beside, beside_at_), lines.beside_name, escaping_);
      }
    }
    if (at_ >= text.size()) {
      lines = {};  // the page may have been replaced: the memory is needed no more
      ++part_;
      at_ = beside_at_ = 0;
    }
  }

  std::vector<Section> sections_;
  const Escaping escaping_;
  std::size_t section_ = 0;
  std::size_t part_ = 0;
  std::size_t at_ = 0;
  std::size_t beside_at_ = 0;
};

class Planner {
 public:
  Planner(std::vector<UsageBlock> blocks, const PageStyle& style, const NameFilter& filter)
      : blocks_(std::move(blocks)), style_(style), filter_(filter) {
    for (const UsageBlock& block : blocks_) {
      by_name_.emplace(block.name, &block);
    }
  }

  std::vector<Section> Plan() const {
    std::vector<Section> sections;
    for (const UsageBlock& block : blocks_) {
      const UsageBlock* const counter = CounterOf(block);
      if (counter != nullptr && counter != &block) {
        continue;  // is written with its counter
      }
      if (!block.parts.empty() && IsAsked(block)) {
        sections.push_back(counter != nullptr ? CounterSection(block) : PlainSection(block));
      }
    }
    return sections;
  }

 private:
  [[nodiscard]] const UsageBlock* Find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  // The block that is written as a counter of OpenMetrics and that `block` belongs to.
  [[nodiscard]] const UsageBlock* CounterOf(const UsageBlock& block) const {
    if (style_.format != Format::kOpenMetrics) {
      return nullptr;
    }
    if (block.role == ExportRole::kCreated) {
      const std::string base(Base(block, "_created"));
      const UsageBlock* const total = Find(base + std::string(kTotal));
      return total == nullptr ? nullptr : CounterOf(*total);
    }
    if (block.type != FamilyType::kCounter || !block.name.ends_with(kTotal)) {
      return nullptr;
    }
    const std::string base(Base(block, kTotal));
    const UsageBlock* const created = Find(base + "_created");
    const bool own_created = created == nullptr || (block.role == ExportRole::kTotal &&
                                                    created->role == ExportRole::kCreated);
    return own_created && Find(base) == nullptr ? &block : nullptr;
  }

  [[nodiscard]] static std::string_view Base(const UsageBlock& block, std::string_view suffix) {
    return std::string_view(block.name).substr(0, block.name.size() - suffix.size());
  }

  [[nodiscard]] bool IsAsked(const UsageBlock& block) const {
    if (filter_.Has(block.name) || filter_.Has(EscapedMetricName(block.name, style_.escaping))) {
      return true;
    }
    const UsageBlock* const counter = CounterOf(block);
    return block.type == FamilyType::kCounter &&
           (filter_.Has(Base(block, kTotal)) ||
            (counter != nullptr && filter_.Has(std::string(Base(block, kTotal)) + "_created")));
  }

  // Classic names change under one scheme only.
  [[nodiscard]] std::string NameFor(std::string_view family, std::string_view suffix) const {
    return style_.escaping == Escaping::kDots
               ? EscapedMetricName(family, style_.escaping) + std::string(suffix)
               : std::string();
  }

  [[nodiscard]] Section PlainSection(const UsageBlock& block) const {
    const bool text = style_.format == Format::kText;
    Section section;
    if (block.type == FamilyType::kCounter && text) {
      AppendHead(section.head, style_, {Base(block, kTotal), block.type, block.help, ""});
    } else {
      const FamilyType type =
          block.type == FamilyType::kCounter ? FamilyType::kUntyped : block.type;
      AppendHead(section.head, style_, {block.name, type, block.help, ""});
    }
    for (const auto& [owner, piece] : block.parts) {
      section.lines.push_back(Lines{piece, nullptr, NameFor(block.name, ""), ""});
    }
    return section;
  }

  [[nodiscard]] Section CounterSection(const UsageBlock& block) const {
    const std::string_view base = Base(block, kTotal);
    const UsageBlock* const created = Find(std::string(base) + "_created");
    Section section;
    AppendHead(section.head, style_, {base, FamilyType::kCounter, block.help, ""});
    for (const auto& [owner, piece] : block.parts) {
      Lines lines{piece, nullptr, NameFor(base, kTotal), NameFor(base, "_created")};
      if (created != nullptr) {
        const auto at = std::find_if(created->parts.begin(), created->parts.end(),
                                     [&](const auto& part) { return part.first == owner; });
        lines.beside = at == created->parts.end() ? nullptr : at->second;
      }
      section.lines.push_back(std::move(lines));
    }
    return section;
  }

  const std::vector<UsageBlock> blocks_;
  const PageStyle style_;
  const NameFilter& filter_;
  std::map<std::string_view, const UsageBlock*> by_name_;
};

}  // namespace

std::unique_ptr<PieceReader> ReadUsage(std::vector<UsageBlock> blocks, const PageStyle& style,
                                       const NameFilter& filter) {
  return std::make_unique<UsageReader>(Planner(std::move(blocks), style, filter).Plan(),
                                       style.escaping);
}

}  // namespace promtally::exposition
