// SPDX-License-Identifier: Apache-2.0
#include "collector/event_log.h"

#include <chrono>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "promtally/base/labels.h"
#include "promtally/base/time.h"

namespace promtally::collector {

namespace {

using config::LogFormat;
using config::LogLevel;

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

/// Whether text holds a control character (of C0 or C1), or bytes that are no UTF-8.
bool NeedsEscapes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) {
      return true;
    }
  }
  return !base::IsUtf8(text);
}

/// A JSON string; also what logfmt quotes with. Bytes that are no UTF-8 are shown as Latin-1.
std::string Quote(std::string_view text) {
  const bool latin1 = !base::IsUtf8(text);
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7F || (latin1 && byte > 0x7F)) {
      quoted += fmt::format("\\u{:04x}", byte);
    } else if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string LogfmtValue(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
  return plain && !NeedsEscapes(text) ? std::string(text) : Quote(text);
}

std::string Timestamp() {
  const auto now = std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
  const std::string text = base::ToText(base::Instant(std::chrono::floor<base::Seconds>(now)));
  return fmt::format("{}.{:03}Z", text.substr(0, text.size() - 1),
                     now.time_since_epoch().count() % 1000);
}

/// `daemon.cc:57`
std::string CallerOf(const std::source_location& place) {
  const std::string_view file = place.file_name();
  return fmt::format("{}:{}", file.substr(file.rfind('/') + 1), place.line());
}

}  // namespace

EventLog::EventLog(const config::LogSettings& settings)
    : level_(settings.level),
      format_(settings.format),
      logger_(std::make_shared<spdlog::logger>("promtally",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  logger_->set_pattern("%v");
  logger_->flush_on(spdlog::level::trace);
}

EventLog::~EventLog() = default;

void EventLog::Configure(const config::LogSettings& settings) {
  level_ = settings.level;
  format_ = settings.format;
}

void EventLog::Debug(std::string_view message, Fields fields, Place place) const {
  Write(LogLevel::kDebug, message, fields, place);
}
void EventLog::Info(std::string_view message, Fields fields, Place place) const {
  Write(LogLevel::kInfo, message, fields, place);
}
void EventLog::Warn(std::string_view message, Fields fields, Place place) const {
  Write(LogLevel::kWarn, message, fields, place);
}
void EventLog::Error(std::string_view message, Fields fields, Place place) const {
  Write(LogLevel::kError, message, fields, place);
}

void EventLog::Write(LogLevel level, std::string_view message, Fields fields,
                     const Place& place) const {
  if (level < level_) {
    return;
  }
  const bool json = format_ == LogFormat::kJson;
  const std::string caller = CallerOf(place);
  std::string line = json ? fmt::format(R"({{"ts":"{}","caller":{},"level":"{}","msg":{})",
                                        Timestamp(), Quote(caller), NameOf(level), Quote(message))
                          : fmt::format("ts={} caller={} level={} msg={}", Timestamp(), caller,
                                        NameOf(level), LogfmtValue(message));
  for (const auto& [key, value] : fields) {
    line += json ? fmt::format(",{}:{}", Quote(key), Quote(value))
                 : fmt::format(" {}={}", key, LogfmtValue(value));
  }
  line += json ? "}" : "";
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace promtally::collector
