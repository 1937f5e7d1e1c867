// SPDX-License-Identifier: Apache-2.0
// All that is asked of libxgboost, through its C API.
#include "inference/booster.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>

#include "inference/trainer.h"
#include "inference/xgboost_library.h"

namespace promtally::inference {
namespace {

struct FreeMatrix {
  const XgboostLibrary* library = nullptr;
  void operator()(void* handle) const { static_cast<void>(library->free_matrix(handle)); }
};
using Matrix = std::unique_ptr<void, FreeMatrix>;

struct FreeBooster {
  const XgboostLibrary* library = nullptr;
  void operator()(void* handle) const { static_cast<void>(library->free_booster(handle)); }
};
using Booster = std::unique_ptr<void, FreeBooster>;

/// The library's message, first line: others are its call stack.
tl::unexpected<base::Error> LibraryError(const XgboostLibrary& library, std::string_view action) {
  std::string_view text = library.last_error();
  constexpr std::size_t kMostBytes = 300;
  text = text.substr(0, std::min(text.find('\n'), kMostBytes));
  return base::Fail(base::ErrorCode::kInternal,
                    "libxgboost: " + std::string(action) + ": " + std::string(text));
}

base::Result<Matrix> MakeMatrix(const XgboostLibrary& library, const BoosterData& data) {
  DMatrixHandle handle = nullptr;
  const std::size_t count = data.columns == 0 ? 0 : data.rows.size() / data.columns;
  if (library.create_matrix(data.rows.data(), count, data.columns,
                            std::numeric_limits<float>::quiet_NaN(), &handle) != 0) {
    return LibraryError(library, "read rows");
  }
  Matrix matrix(handle, {&library});
  if (!data.labels.empty() &&
      library.set_float_info(handle, "label", data.labels.data(), data.labels.size()) != 0) {
    return LibraryError(library, "read labels");
  }
  return matrix;
}

base::Result<Booster> MakeBooster(
    const XgboostLibrary& library, const std::vector<DMatrixHandle>& matrices,
    const std::vector<std::pair<std::string, std::string>>& parameters) {
  BoosterHandle handle = nullptr;
  if (library.create_booster(matrices.data(), matrices.size(), &handle) != 0) {
    return LibraryError(library, "create a model");
  }
  Booster booster(handle, {&library});
  for (const auto& [name, value] : parameters) {
    if (library.set_parameter(handle, name.c_str(), value.c_str()) != 0) {
      return LibraryError(library, "set " + name);
    }
  }
  return booster;
}

/// The figure of `[7]\twatched-rmse:1.25`.
std::optional<double> FigureOf(std::string_view line) {
  const std::size_t colon = line.rfind(':');
  double figure = 0;
  if (colon == std::string_view::npos ||
      std::from_chars(line.data() + colon + 1, line.data() + line.size(), figure).ec !=
          std::errc()) {
    return std::nullopt;
  }
  return figure;
}

/// Watches for the round after which nothing gets better.
class EarlyStop {
 public:
  explicit EarlyStop(int patience) : patience_(patience) {}

  /// Takes the figure of a round; true when it was the last one to be run.
  [[nodiscard]] bool Take(int round, double figure) {
    if (best_round_ < 0 || figure < best_) {
      best_ = figure;
      best_round_ = round;
    }
    return round - best_round_ >= patience_;
  }
  [[nodiscard]] int best_round() const { return best_round_; }

 private:
  int patience_;
  int best_round_ = -1;
  double best_ = 0;
};

base::Result<std::string> SaveModel(const XgboostLibrary& library, BoosterHandle booster) {
  bst_ulong size = 0;
  const char* bytes = nullptr;
  if (library.save_model(booster, R"({"format": "ubj"})", &size, &bytes) != 0) {
    return LibraryError(library, "save the model");
  }
  return std::string(bytes, size);
}

base::Result<double> Evaluate(const XgboostLibrary& library, BoosterHandle booster, int round,
                              DMatrixHandle watched) {
  std::array<DMatrixHandle, 1> matrices{watched};
  std::array<const char*, 1> names{"watched"};
  const char* line = nullptr;
  if (library.evaluate(booster, round, matrices.data(), names.data(), 1, &line) != 0) {
    return LibraryError(library, "evaluate");
  }
  const auto figure = FigureOf(line);
  if (!figure) {
    return base::Fail(base::ErrorCode::kInternal, "libxgboost: no figure in its evaluation");
  }
  return *figure;
}

}  // namespace

base::Result<BoosterResult> TrainBooster(const BoosterTraining& training) {
  const auto loaded = LoadXgboost();
  if (!loaded) {
    return tl::unexpected(loaded.error());
  }
  const XgboostLibrary& library = **loaded;
  auto train = MakeMatrix(library, training.train);
  if (!train) {
    return tl::unexpected(train.error());
  }
  std::vector<DMatrixHandle> matrices{train->get()};
  Matrix watched(nullptr, {&library});
  if (training.watched) {
    auto made = MakeMatrix(library, *training.watched);
    if (!made) {
      return tl::unexpected(made.error());
    }
    watched = std::move(*made);
    matrices.push_back(watched.get());
  }
  auto booster = MakeBooster(library, matrices, training.parameters);
  if (!booster) {
    return tl::unexpected(booster.error());
  }
  EarlyStop stop(training.patience);
  BoosterResult result;
  for (int round = 0; round < training.rounds; ++round) {
    if (training.stop.stop_requested()) {
      return tl::unexpected(TrainingInterrupted());
    }
    if (library.update(booster->get(), round, train->get()) != 0) {
      return LibraryError(library, "train");
    }
    result.best_round = round;
    if (watched == nullptr || training.patience == 0) {
      continue;
    }
    const auto figure = Evaluate(library, booster->get(), round, watched.get());
    if (!figure) {
      return tl::unexpected(figure.error());
    }
    const bool is_last = stop.Take(round, *figure);
    result.best_round = stop.best_round();
    if (is_last) {
      break;
    }
  }
  auto model = SaveModel(library, booster->get());
  if (!model) {
    return tl::unexpected(model.error());
  }
  result.model = std::move(*model);
  return result;
}

base::Result<std::vector<float>> BoosterContributions(std::string_view model,
                                                      const BoosterData& data) {
  const auto loaded = LoadXgboost();
  if (!loaded) {
    return tl::unexpected(loaded.error());
  }
  const XgboostLibrary& library = **loaded;
  auto matrix = MakeMatrix(library, data);
  if (!matrix) {
    return tl::unexpected(matrix.error());
  }
  auto booster = MakeBooster(library, {}, {});
  if (!booster) {
    return tl::unexpected(booster.error());
  }
  if (library.load_model(booster->get(), model.data(), model.size()) != 0) {
    return LibraryError(library, "load a model of ours");
  }
  constexpr const char* kContributions =
      R"({"type": 2, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": true})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  if (library.predict(booster->get(), matrix->get(), kContributions, &shape, &dimensions,
                      &values) != 0) {
    return LibraryError(library, "contributions");
  }
  std::size_t size = 1;
  for (bst_ulong i = 0; i < dimensions; ++i) {
    size *= shape[i];
  }
  return std::vector<float>(values, values + size);
}

}  // namespace promtally::inference
