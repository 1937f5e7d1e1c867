// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "promtally/config/settings.h"

namespace spdlog {
class logger;
}

namespace promtally::collector {

/// Writes events to standard error: one line each, `ts`, `caller`, `level`, `msg` and snake_case
/// keys, as logfmt or JSON, UTC with milliseconds. Control characters are escaped, so that no value
/// can begin a line of its own. Never give it secrets. Any thread.
class EventLog {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;
  using Place = std::source_location;

  explicit EventLog(const config::LogSettings& settings);
  /// From the next event on.
  void Configure(const config::LogSettings& settings);
  ~EventLog();

  void Debug(std::string_view message, Fields fields = {}, Place place = Place::current()) const;
  void Info(std::string_view message, Fields fields = {}, Place place = Place::current()) const;
  void Warn(std::string_view message, Fields fields = {}, Place place = Place::current()) const;
  void Error(std::string_view message, Fields fields = {}, Place place = Place::current()) const;

 private:
  void Write(config::LogLevel level, std::string_view message, Fields fields,
             const Place& place) const;

  std::atomic<config::LogLevel> level_;
  std::atomic<config::LogFormat> format_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace promtally::collector
