// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/event_log.h"
#include "collector/model_service.h"
#include "exposition/metric_store.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "web/prediction_output.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// A prediction that is made again and again.
struct PredictionLoop {
  std::string key;  ///< there is one loop a key; the metric's name but for loops of nodes
  PredictionMetric metric;
  collector::PredictionRequest request;
  std::int64_t step_seconds = 60;
  // What came of it.
  std::uint64_t cycles = 0;  ///< that gave a prediction
  std::uint64_t errors = 0;
  std::optional<std::string> last_error;  ///< of the newest cycle; absent after a good one
  std::optional<base::Instant> last_success;
};

/// The prediction loops, one a key. The first cycle is made before a loop is taken; then it
/// is made every step, on threads of its own, so that neither collection nor scrapes wait. A cycle
/// that fails leaves the metric as it is. Loops and what came of them are kept in a file that is
/// written whole, and go on after a restart.
///
/// Threads: the loop's; models are asked on threads of its own. Store, log and loop outlive it.
class PredictionLoops {
 public:
  struct Parts {
    boost::asio::io_context* loop = nullptr;
    exposition::MetricStore* store = nullptr;
    std::shared_ptr<collector::ModelService> models;
    const collector::EventLog* log = nullptr;
    std::function<base::Instant()> clock;
    std::string path;  ///< of the file
    std::size_t max_loops = 1000;
    std::function<void()> changed;  ///< the store was changed: its journal is to be synced
  };
  using Done = std::function<void(tl::expected<void, collector::CycleFailure>)>;

  explicit PredictionLoops(Parts parts);
  ~PredictionLoops();
  PredictionLoops(const PredictionLoops&) = delete;
  PredictionLoops& operator=(const PredictionLoops&) = delete;

  /// Reads the file and lets its loops go on. An error: it is damaged; then there are no loops and
  /// it is kept aside.
  [[nodiscard]] base::Status Load();

  /// Makes the first cycle; when it is good and on the disk, the loop is there (in the place of one
  /// with that name) and `done` is called.
  void Create(PredictionLoop loop, Done done);
  /// A loop that runs already with the same request goes on; any other begins, without a first
  /// cycle that must be good.
  void Ensure(PredictionLoop loop);
  /// Ends loops; unknown keys are passed over. The metrics keep their values.
  void Remove(const std::vector<std::string>& keys);
  /// The same; series with all labels of the loops' requests go as well.
  void RemoveWithSeries(const std::vector<std::string>& keys);
  [[nodiscard]] std::vector<const PredictionLoop*> List() const;

  /// Starts no further cycle and writes the file.
  void Stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Loops as text of the file, and back.
[[nodiscard]] std::string LoopsText(const std::vector<const PredictionLoop*>& loops);
[[nodiscard]] base::Result<std::vector<PredictionLoop>> ReadLoops(const std::string& text);
/// One loop of `GET /api/v1/predictions`.
[[nodiscard]] std::string LoopJson(const PredictionLoop& loop);

}  // namespace promtally::web
