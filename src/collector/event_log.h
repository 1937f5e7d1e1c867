// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "promtally/config/settings.h"

namespace spdlog {
class logger;
}

namespace promtally::collector {

/// Writes events to standard error: one line each, `ts`, `level`, `msg` and snake_case keys, as
/// logfmt or JSON, UTC with milliseconds. Control characters are escaped, so that no value can
/// begin a line of its own. Never give it secrets. Any thread.
class EventLog {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

  explicit EventLog(const config::LogSettings& settings);
  ~EventLog();

  void Debug(std::string_view message, Fields fields = {}) const;
  void Info(std::string_view message, Fields fields = {}) const;
  void Warn(std::string_view message, Fields fields = {}) const;
  void Error(std::string_view message, Fields fields = {}) const;

 private:
  void Write(config::LogLevel level, std::string_view message, Fields fields) const;

  config::LogSettings settings_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace promtally::collector
