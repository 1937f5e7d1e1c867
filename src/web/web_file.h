// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "promtally/base/diagnostic.h"
#include "promtally/config/web_config.h"

namespace promtally::web {

class TlsContext;

/// How a file was when it was looked at; another one means that it has changed.
struct FileStamp {
  std::uint64_t inode = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  std::int64_t size = -1;  ///< -1: it is not there
  [[nodiscard]] bool operator==(const FileStamp&) const = default;
};
[[nodiscard]] FileStamp StampOf(const std::string& path);

/// web.yml with the files that it names, as they are now.
struct WebFileRead {
  config::WebConfig config;
  std::shared_ptr<TlsContext> tls;  ///< nullptr: plain HTTP
  base::Diagnostics diagnostics;    ///< with errors nothing of the above counts
  std::vector<std::pair<std::string, FileStamp>> files;  ///< that were looked at, web.yml first
};
[[nodiscard]] WebFileRead ReadWebFile(const std::string& path);

/// web.yml in force. It is read again when it, or a certificate or key that it names, has changed;
/// a file that cannot be used changes nothing and is warned about once. Whether the server speaks
/// TLS is decided at the start.
///
/// Threads: the loop's.
class WebFile {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// `path` empty: no such file; everything is as its defaults say.
  WebFile(std::string path, Warn warn);

  /// Looks at the files first.
  [[nodiscard]] const config::WebConfig& Current();
  /// For the next connection; nullptr: plain HTTP. Looks at the files first.
  [[nodiscard]] std::shared_ptr<TlsContext> Tls();
  /// What was wrong at the start.
  [[nodiscard]] const base::Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  void Refresh();
  void Take(WebFileRead read);

  const std::string path_;
  const Warn warn_;
  config::WebConfig config_;
  std::shared_ptr<TlsContext> tls_;
  base::Diagnostics diagnostics_;
  std::vector<std::pair<std::string, FileStamp>> files_;
};

}  // namespace promtally::web
