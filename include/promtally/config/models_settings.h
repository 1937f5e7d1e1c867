// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "promtally/config/remote_model.h"

namespace promtally::config {

/// `models.intelligence`: an ICOS Intelligence API, for any model tag.
struct IntelligenceSettings {
  RemoteModelSettings server;  ///< its URL, time-out, retries and HTTP client; an empty URL: none
  base::Milliseconds train_timeout{1'800'000};
  [[nodiscard]] bool IsThere() const { return !server.url.empty(); }
};

/// `models.aggregator`: an ICOS Aggregator, whose nodes get prediction loops.
struct AggregatorSettings {
  std::string url;                       ///< empty: none
  base::Milliseconds interval{300'000};  ///< between two readings of the list
  base::Milliseconds timeout{10'000};
  /// PromQL of the three loops of a node; `$icos_host_id`, `$node_name`, `$icos_agent_id` and
  /// `$icos_cluster_id` stand for quoted texts.
  std::string cpu_query =
      "100 * (1 - avg(rate(node_cpu_seconds_total{mode=\"idle\",icos_host_id=$icos_host_id}[5m])))";
  std::string memory_query =
      "100 * (1 - sum(node_memory_MemAvailable_bytes{icos_host_id=$icos_host_id}) / "
      "sum(node_memory_MemTotal_bytes{icos_host_id=$icos_host_id}))";
  std::string energy_query =
      "sum(rate(scaph_host_energy_microjoules{icos_host_id=$icos_host_id}[5m]))";
  HttpClientSettings http;
};

/// `models:`. Paths are as written; the caller joins them with the folder of the file.
struct ModelsSettings {
  std::string store = "models";      ///< folder, made when it is missing
  std::size_t max_models_count = 5;  ///< versions kept of each name; 0: all
  std::vector<RemoteModelSettings> remote;
  std::string source;                     ///< of `sources`; empty: the only one
  base::Milliseconds interval{60'000};    ///< shortest step of a prediction loop
  base::Milliseconds query_step{60'000};  ///< distance of the samples that models are given
  std::size_t max_loops = 1000;
  std::size_t training_queue = 10;    ///< trainings that wait; more are refused
  std::string datasets = "datasets";  ///< folder of stored training data
  IntelligenceSettings intelligence;
  AggregatorSettings aggregator;
};

/// The section in force, defaults written out and every secret as `<secret>`.
[[nodiscard]] std::string ToYaml(const ModelsSettings& models);

}  // namespace promtally::config
