// SPDX-License-Identifier: Apache-2.0
#include "web/node_predictions.h"

#include <set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "inference/remote_server.h"
#include "promtally/promql/expression.h"
#include "web/body_value.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kDepth = 16;
constexpr const char* kKeyFront = "node\n";

/// What the service predicts of each node.
struct NodeMetric {
  const char* metric;
  const char* model_tag;
  std::size_t steps_back;
  const char* model_type;
  std::string config::AggregatorSettings::*query;
};
const NodeMetric kNodeMetrics[] = {
    {"intelligence_node_cpu_utilization_prediction", "icos_cpu_utilization_dense_model_by_nkua", 4,
     "DENSE", &config::AggregatorSettings::cpu_query},
    {"intelligence_node_memory_utilization_prediction", "metrics_utilization_model_xgb:latest", 12,
     "XGB", &config::AggregatorSettings::memory_query},
    {"intelligence_node_energy_consumption_prediction", "energy_consumption_forecast_xgb:latest",
     12, "XGB", &config::AggregatorSettings::energy_query},
};

/// In one pass over the places: what a node's text says is not looked at again.
std::string QueryFor(const IcosNode& node, const std::string& pattern) {
  const std::pair<std::string_view, const std::string&> places[] = {
      {"$icos_cluster_id", node.cluster_id},
      {"$icos_agent_id", node.agent_id},
      {"$icos_host_id", node.host_id},
      {"$node_name", node.name}};
  std::string query;
  for (std::size_t at = 0; at < pattern.size();) {
    bool replaced = false;
    for (const auto& [place, text] : places) {
      if (pattern.compare(at, place.size(), place) == 0) {
        query += promql::Quote(text);
        at += place.size();
        replaced = true;
        break;
      }
    }
    if (!replaced) {
      query += pattern[at++];
    }
  }
  return query;
}

const std::string* TextMember(const BodyValue& object, const char* name) {
  const BodyValue* const member = object.Find(name);
  return member != nullptr && member->IsText() ? &member->text : nullptr;
}

}  // namespace

base::Result<std::vector<IcosNode>> ReadNodes(const std::string& body) {
  const auto fail = [](const char* what) {
    return base::Fail(base::ErrorCode::kParse, std::string("the list of nodes ") + what);
  };
  const auto list = ParseJson(body, kDepth);
  const BodyValue* const clusters = list && list->IsObject() ? list->Find("cluster") : nullptr;
  if (clusters == nullptr || !clusters->IsObject()) {
    return fail("has no object \"cluster\"");
  }
  std::vector<IcosNode> nodes;
  for (const auto& [cluster_id, cluster] : clusters->members) {
    const BodyValue* const members = cluster.Find("node");
    if (members == nullptr || !members->IsObject()) {
      return fail("has a cluster without an object \"node\"");
    }
    const std::string* const agent = TextMember(cluster, "icosAgentID");
    for (const auto& [name, node] : members->members) {
      const std::string* const host = TextMember(node, "uuid");
      if (host == nullptr) {
        return fail("has a node without a text \"uuid\"");
      }
      nodes.push_back({cluster_id, agent == nullptr ? "" : *agent, name, *host});
    }
  }
  return nodes;
}

std::vector<PredictionLoop> LoopsOf(const IcosNode& node,
                                    const config::AggregatorSettings& settings,
                                    std::int64_t step_seconds) {
  std::vector<PredictionLoop> loops;
  for (const NodeMetric& one : kNodeMetrics) {
    PredictionLoop loop;
    loop.metric.name = one.metric;
    loop.metric.help = std::string(one.metric) + " info";
    loop.metric.labels = base::MakeLabelSet({{"icos_cluster_id", node.cluster_id},
                                             {"icos_agent_id", node.agent_id},
                                             {"node_name", node.name},
                                             {"icos_host_id", node.host_id},
                                             {"model_name", one.model_tag},
                                             {"model_type", one.model_type},
                                             {"step_in_seconds", std::to_string(step_seconds)},
                                             {"sequence_size", std::to_string(one.steps_back)}});
    loop.key = kKeyFront + std::string(one.metric) + "\n" + node.cluster_id + "\n" + node.name +
               "\n" + node.host_id;
    loop.request.model_tag = one.model_tag;
    loop.request.steps_back = one.steps_back;
    loop.request.queries = {QueryFor(node, settings.*(one.query))};
    loop.step_seconds = step_seconds;
    loops.push_back(std::move(loop));
  }
  return loops;
}

struct NodePredictions::State : std::enable_shared_from_this<State> {
  explicit State(Parts its_parts)
      : parts(std::move(its_parts)), server(ServerOf(parts.settings)), timer(*parts.loop) {}

  static config::RemoteModelSettings ServerOf(const config::AggregatorSettings& settings) {
    config::RemoteModelSettings server;
    server.url = settings.url;
    server.timeout = settings.timeout;
    server.http = settings.http;
    return server;
  }

  void Read() {
    asio::post(pool, [self = shared_from_this()] {
      const auto answer = self->server.Call({"", "", "", {{"Accept", "application/json"}}, {}, {}});
      base::Result<std::vector<IcosNode>> nodes =
          !answer               ? tl::unexpected(answer.error())
          : answer->Succeeded() ? ReadNodes(answer->body)
                                : base::Result<std::vector<IcosNode>>(base::Fail(
                                      base::ErrorCode::kRejected, inference::FailureText(*answer)));
      asio::post(*self->parts.loop, [self, nodes = std::move(nodes)] { self->Take(nodes); });
    });
  }

  void Take(const base::Result<std::vector<IcosNode>>& nodes) {
    if (stopped) {
      return;
    }
    if (nodes) {
      Follow(*nodes);
    } else {
      parts.log->Warn("The Aggregator's nodes could not be read",
                      {{"url", parts.settings.url}, {"err", nodes.error().message}});
    }
    timer.expires_after(parts.settings.interval);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->stopped) {
        self->Read();
      }
    });
  }

  void Follow(const std::vector<IcosNode>& nodes) {
    std::set<std::string> wanted;
    for (const IcosNode& node : nodes) {
      for (PredictionLoop& loop : LoopsOf(node, parts.settings, parts.step_seconds)) {
        wanted.insert(loop.key);
        parts.loops->Ensure(std::move(loop));
      }
    }
    std::vector<std::string> gone;
    for (const PredictionLoop* const loop : parts.loops->List()) {
      if (loop->key.starts_with(kKeyFront) && !wanted.contains(loop->key)) {
        gone.push_back(loop->key);
      }
    }
    parts.loops->RemoveWithSeries(gone);
  }

  const Parts parts;
  inference::RemoteServer server;
  asio::steady_timer timer;
  asio::thread_pool pool{1};
  bool stopped = false;
};

NodePredictions::NodePredictions(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

NodePredictions::~NodePredictions() {
  Stop();
  state_->pool.join();
}

void NodePredictions::Start() {
  if (!state_->parts.settings.url.empty()) {
    state_->Read();
  }
}

void NodePredictions::Stop() {
  state_->stopped = true;
  state_->server.Stop();
  state_->timer.cancel();
}

}  // namespace promtally::web
