// SPDX-License-Identifier: Apache-2.0
#include "collector/source_gate.h"

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace promtally::collector {
namespace {

using source::QueryOutcome;
using source::ServerIdentity;

/// What a source was asked, as it would be held by the source's thread.
struct Held {
  std::vector<std::function<void(QueryOutcome)>> queries;
  std::vector<std::function<void(ServerIdentity)>> identities;
};

class HoldingSource : public source::Source {
 public:
  explicit HoldingSource(Held* held) : held_(*held) {}
  void Query(std::string, base::Instant, std::function<void(QueryOutcome)> done) override {
    held_.queries.push_back(std::move(done));
  }
  void QueryRaw(std::string, base::Instant, std::optional<metering::HistogramPart>,
                std::function<void(QueryOutcome)> done) override {
    held_.queries.push_back(std::move(done));
  }
  void Identify(std::function<void(ServerIdentity)> done) override {
    held_.identities.push_back(std::move(done));
  }
  void ListLabelValues(std::string, std::vector<std::string>, metering::Period,
                       std::function<void(LabelValues)> done) override {
    done({});
  }
  void HasDataUpTo(base::Instant, std::function<void(std::optional<bool>)> done) override {
    done(std::nullopt);
  }

 private:
  Held& held_;
};

class Gate : public testing::Test {
 protected:
  /// A query whose callback owns the gate, as the fetch of a period does.
  void Ask() {
    gate_->Query("up", base::Instant{}, 1,
                 [this, gate = gate_](const QueryOutcome&) { ++answered_; });
  }

  boost::asio::io_context loop_;
  Held held_;
  int answered_ = 0;
  std::shared_ptr<SourceGate> gate_ =
      std::make_shared<SourceGate>(loop_, "prometheus", std::make_unique<HoldingSource>(&held_), 1);
};

TEST_F(Gate, IsNotOwnedByWhatTheSourceStillHolds) {
  gate_->Identify([this, gate = gate_](const ServerIdentity&) { ++answered_; });
  Ask();
  held_.identities.at(0)({});
  held_.queries.at(0)({});
  loop_.run();
  EXPECT_EQ(answered_, 2);
  const std::weak_ptr<SourceGate> gate = gate_;
  gate_.reset();
  EXPECT_TRUE(gate.expired()) << "its end would come on the source's thread, which it joins";
}

TEST_F(Gate, DropsWhatIsNotAnsweredWhenItIsClosed) {
  Ask();
  Ask();
  ASSERT_EQ(held_.queries.size(), 1U) << "one at a time";
  gate_->Close();
  held_.queries.at(0)({});  // too late
  const std::weak_ptr<SourceGate> gate = gate_;
  gate_.reset();
  loop_.run();
  EXPECT_EQ(answered_, 0);
  EXPECT_TRUE(gate.expired());
}

TEST_F(Gate, SendsWhatWaitsAfterEachAnswer) {
  Ask();
  Ask();
  EXPECT_FALSE(gate_->HasRoom());
  held_.queries.at(0)({});
  loop_.run();
  ASSERT_EQ(held_.queries.size(), 2U);
  loop_.restart();
  held_.queries.at(1)({});
  loop_.run();
  EXPECT_EQ(answered_, 2);
  EXPECT_TRUE(gate_->HasRoom());
  EXPECT_TRUE(gate_->reached());
}

}  // namespace
}  // namespace promtally::collector
