// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collector/event_log.h"
#include "promtally/base/result.h"
#include "promtally/config/models_settings.h"
#include "web/prediction_loops.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// A node as an ICOS Aggregator lists it.
struct IcosNode {
  std::string cluster_id;
  std::string agent_id;
  std::string name;
  std::string host_id;
};

/// Reads `{"cluster":{ID:{"icosAgentID":…,"node":{NAME:{"uuid":…}}}}}`; kParse for anything else.
[[nodiscard]] base::Result<std::vector<IcosNode>> ReadNodes(const std::string& body);

/// The three prediction loops of a node: CPU, memory and energy. Texts of the node stand in the
/// queries as quoted PromQL strings.
[[nodiscard]] std::vector<PredictionLoop> LoopsOf(const IcosNode& node,
                                                  const config::AggregatorSettings& settings,
                                                  std::int64_t step_seconds);

/// Keeps prediction loops for the nodes of an Aggregator: a new node gets its loops, those of a
/// node that is gone end and their series go. Where the list cannot be read the loops stay.
///
/// Threads: the loop's; the list is read on a thread of its own. Everything given outlives it.
class NodePredictions {
 public:
  struct Parts {
    boost::asio::io_context* loop = nullptr;
    PredictionLoops* loops = nullptr;
    const collector::EventLog* log = nullptr;
    config::AggregatorSettings settings;
    std::int64_t step_seconds = 60;
  };

  explicit NodePredictions(Parts parts);
  ~NodePredictions();
  NodePredictions(const NodePredictions&) = delete;
  NodePredictions& operator=(const NodePredictions&) = delete;

  void Start();
  void Stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
