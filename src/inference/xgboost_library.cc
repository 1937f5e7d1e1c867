// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_library.h"

#include <bit>
#include <string>

#include <dlfcn.h>

namespace promtally::inference {
namespace {

constexpr const char* kFile = "libxgboost.so.0";

/// Fills a library function by function; what fails first is kept.
class Loader {
 public:
  Loader() : handle_(dlopen(kFile, RTLD_NOW | RTLD_LOCAL)) { TakeError(handle_ == nullptr); }

  template <typename Function>
  void Find(const char* name, Function*& function) {
    if (error_.empty()) {
      function = std::bit_cast<Function*>(dlsym(handle_, name));
      TakeError(function == nullptr);
    }
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  void TakeError(bool failed) {
    const char* const text = failed ? dlerror() : nullptr;
    if (failed) {
      error_ = text == nullptr ? kFile : text;
    }
  }

  void* handle_;  // never closed: its threads may be asleep in it
  std::string error_;
};

struct Loaded {
  XgboostLibrary library;
  std::string error;
};

Loaded Load() {
  Loader loader;
  Loaded loaded;
  XgboostLibrary& library = loaded.library;
  loader.Find("XGBGetLastError", library.last_error);
  loader.Find("XGDMatrixCreateFromMat", library.create_matrix);
  loader.Find("XGDMatrixSetFloatInfo", library.set_float_info);
  loader.Find("XGDMatrixFree", library.free_matrix);
  loader.Find("XGBoosterCreate", library.create_booster);
  loader.Find("XGBoosterFree", library.free_booster);
  loader.Find("XGBoosterSetParam", library.set_parameter);
  loader.Find("XGBoosterUpdateOneIter", library.update);
  loader.Find("XGBoosterEvalOneIter", library.evaluate);
  loader.Find("XGBoosterSaveModelToBuffer", library.save_model);
  loader.Find("XGBoosterLoadModelFromBuffer", library.load_model);
  loader.Find("XGBoosterPredictFromDMatrix", library.predict);
  loaded.error = loader.error();
  return loaded;
}

}  // namespace

base::Result<const XgboostLibrary*> LoadXgboost() {
  static const Loaded kLoaded = Load();
  if (!kLoaded.error.empty()) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "trees are trained by libxgboost, which cannot be loaded: " + kLoaded.error +
                          " (Debian's package is libxgboost0)");
  }
  return &kLoaded.library;
}

}  // namespace promtally::inference
