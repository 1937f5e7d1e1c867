// SPDX-License-Identifier: Apache-2.0
#include "collector/completeness.h"

#include <utility>

#include "source/classify.h"

namespace promtally::collector {

namespace {

source::QueryFailure Partial(std::string detail) {
  source::QueryFailure failure;
  failure.disposition = source::Disposition::kOpen;
  failure.reason = "partial";
  failure.detail = std::move(detail);
  return failure;
}

std::string Describe(const source::Store& store) {
  std::string text = "store " + store.name;
  for (const std::string& labels : store.label_sets) {
    text += " " + labels;
  }
  return text;
}

}  // namespace

void Completeness::Begin(const std::string& server_kind, std::function<void()> done) {
  kind_ = server_kind;
  lack_.reset();
  remembered_.clear();
  listed_.clear();
  looked_back_to_.reset();
  if (kind_ != "thanos") {
    done();
    return;
  }
  next_.emplace_back([this, done = std::move(done)](const Lack& lack) {
    lack_ = lack;
    done();
  });
  AskStores();
}

void Completeness::Abandon() {
  next_.clear();
  asking_ = false;
}

void Completeness::Remember(const std::vector<ledger::SeenStore>& stores) {
  for (const ledger::SeenStore& store : stores) {
    remembered_[store.labels] = store.seen_at;
  }
  if (kind_ == "thanos" && !lack_) {
    Judge();
  }
}

void Completeness::Confirm(metering::Period period, Done done) {
  if (kind_ == "thanos") {
    next_.push_back(std::move(done));
    AskStores();
  } else if (kind_ == "mimir") {
    ConfirmLookback(period, std::move(done));
  } else {
    done(std::nullopt);
  }
}

void Completeness::AskStores() {
  if (asking_ || next_.empty()) {
    return;
  }
  asking_ = true;
  questions_.list_stores([this, asked = std::exchange(next_, {})](const source::StoreList& list) {
    asking_ = false;
    OnStores(list);
    const Lack found = list.failure ? list.failure : lack_;
    for (const Done& done : asked) {
      done(found);
    }
    AskStores();
  });
}

void Completeness::OnStores(const source::StoreList& list) {
  if (list.failure) {
    return;  // of this question alone
  }
  listed_.clear();
  for (const source::Store& store : list.stores) {
    if (store.answers) {
      listed_.insert(store.label_sets.begin(), store.label_sets.end());
    } else if (!lack_) {
      lack_ = Partial(source::OneLine(Describe(store) + " does not answer: " + store.last_error));
    }
  }
  Judge();
  for (const std::string& labels : listed_) {
    remembered_.emplace(labels, base::Instant{});
  }
}

void Completeness::Judge() {
  for (const auto& [labels, seen_at] : remembered_) {
    if (!lack_ && !listed_.contains(labels)) {
      const std::string when = seen_at == base::Instant{} ? "in this run" : base::ToText(seen_at);
      lack_ = Partial(
          source::OneLine("the store " + labels + " is not listed any more, last seen " + when));
    }
  }
}

void Completeness::ConfirmLookback(metering::Period period, Done done) {
  const auto now = std::chrono::steady_clock::now();
  const auto passed = std::chrono::ceil<base::Milliseconds>(now - looked_back_at_);
  if (looked_back_to_ && period.begin >= *looked_back_to_ + passed) {
    done(std::nullopt);
    return;
  }
  questions_.evaluate(period.begin, [this, now, period,
                                     done = std::move(done)](const source::QueryOutcome& outcome) {
    if (!outcome.failure) {
      looked_back_to_ = period.begin;
      looked_back_at_ = now;
      done(std::nullopt);
      return;
    }
    Lack lack = outcome.failure;
    if (lack->reason == "lost") {
      lack->detail = "the server does not look back to the period's begin";
    }
    done(lack);
  });
}

}  // namespace promtally::collector
