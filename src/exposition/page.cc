// SPDX-License-Identifier: Apache-2.0
#include "exposition/page.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace promtally::exposition {
namespace {

class PageReader : public PieceReader {
 public:
  PageReader(const PageParts& parts, PageRequest request, base::Instant now)
      : self_(parts.self), request_(std::move(request)) {
    std::vector<std::string> taken = request_.taken;
    if (parts.usage != nullptr) {
      UsageReading usage = parts.usage->Read(request_.style, request_.filter);
      taken.insert(taken.end(), usage.names.begin(), usage.names.end());
      readers_.push_back(std::move(usage.reader));
    }
    if (parts.metrics != nullptr) {
      readers_.push_back(parts.metrics->Read(request_.style, request_.filter, now, taken));
    }
  }

  bool Next(std::string& out) override {
    for (; at_ < readers_.size(); ++at_) {
      if (readers_[at_]->Next(out)) {
        return true;
      }
      readers_[at_].reset();
    }
    if (!std::exchange(has_last_, true)) {
      if (self_ != nullptr) {
        last_ = self_->Text(request_.style, request_.filter, request_.exporter_metrics);
      }
      AppendEnd(last_, request_.style);
    }
    // As much as fits, up to a line's end.
    const std::size_t room = PieceEnd(out.size()) - out.size();
    const std::size_t end = std::min(last_.find('\n', last_at_ + room - 1), last_.size() - 1) + 1;
    const std::size_t begin = std::exchange(last_at_, last_.empty() ? 0 : end);
    out.append(last_, begin, last_at_ - begin);
    return last_at_ > begin;
  }

 private:
  const SelfMetrics* const self_;
  const PageRequest request_;
  std::vector<std::unique_ptr<PieceReader>> readers_;
  std::size_t at_ = 0;
  std::string last_;  // self metrics and the page's end
  std::size_t last_at_ = 0;
  bool has_last_ = false;
};

}  // namespace

std::unique_ptr<PieceReader> ReadPage(const PageParts& parts, PageRequest request,
                                      base::Instant now) {
  return std::make_unique<PageReader>(parts, std::move(request), now);
}

}  // namespace promtally::exposition
