// SPDX-License-Identifier: Apache-2.0
#include "web/web_file.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <sys/stat.h>

#include "promtally/base/result.h"
#include "web/tls_context.h"

namespace promtally::web {
namespace {

constexpr std::uintmax_t kMostBytes = 4U << 20;

base::Result<std::string> ReadText(const std::string& path) {
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, error)) {
    const int code = file ? EISDIR : errno;
    return base::Fail(base::ErrorCode::kNotFound,
                      "cannot read " + path + ": " + std::generic_category().message(code));
  }
  if (const auto size = std::filesystem::file_size(path, error); !error && size > kMostBytes) {
    return base::Fail(base::ErrorCode::kTooLarge, path + ": larger than 4 MiB");
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void AddError(WebFileRead& read, const std::string& path, std::string message) {
  base::Diagnostic& diagnostic = read.diagnostics.emplace_back();
  diagnostic.file = path;
  diagnostic.message = std::move(message);
}

/// The text of a file that web.yml names, seen from its folder.
void Load(WebFileRead& read, const std::string& web_file, const std::string& name,
          std::string& text) {
  if (name.empty()) {
    return;
  }
  const std::string path = (std::filesystem::path(web_file).parent_path() / name).string();
  read.files.emplace_back(path, StampOf(path));
  if (auto loaded = ReadText(path)) {
    text = *std::move(loaded);
  } else {
    AddError(read, web_file, loaded.error().message);
  }
}

std::string OneLine(const base::Diagnostic& diagnostic) {
  base::Diagnostic shown = diagnostic;
  shown.source_line.clear();  // it may hold a secret
  shown.hint.clear();
  std::string text = base::ToText(shown);
  text.erase(std::min(text.find('\n'), text.size()));
  return text;
}

}  // namespace

FileStamp StampOf(const std::string& path) {
  struct stat status {};
  FileStamp stamp;
  if (stat(path.c_str(), &status) == 0) {
    stamp.inode = status.st_ino;
    stamp.seconds = status.st_mtim.tv_sec;
    stamp.nanoseconds = status.st_mtim.tv_nsec;
    stamp.size = status.st_size;
  }
  return stamp;
}

WebFileRead ReadWebFile(const std::string& path) {
  WebFileRead read;
  read.files.emplace_back(path, StampOf(path));
  const auto text = ReadText(path);
  if (!text) {
    AddError(read, path, text.error().message);
    return read;
  }
  config::WebConfigFile file = config::ReadWebConfig(*text, path);
  read.config = std::move(file.settings);
  read.diagnostics = std::move(file.diagnostics);
  if (base::HasErrors(read.diagnostics) || !read.config.tls) {
    return read;
  }
  config::TlsServerSettings& tls = *read.config.tls;
  Load(read, path, tls.cert_file, tls.cert);
  Load(read, path, tls.key.file, tls.key.value);
  Load(read, path, tls.client_ca_file, tls.client_ca);
  if (base::HasErrors(read.diagnostics)) {
    return read;
  }
  if (auto made = TlsContext::Make(tls)) {
    read.tls = *std::move(made);
  } else {
    AddError(read, path, made.error().message);
  }
  tls.key.value.clear();  // the context has it
  return read;
}

WebFile::WebFile(std::string path, Warn warn) : path_(std::move(path)), warn_(std::move(warn)) {
  if (!path_.empty()) {
    WebFileRead read = ReadWebFile(path_);
    diagnostics_ = read.diagnostics;
    Take(std::move(read));
  }
}

const config::WebConfig& WebFile::Current() {
  Refresh();
  return config_;
}

std::shared_ptr<TlsContext> WebFile::Tls() {
  Refresh();
  return tls_;
}

void WebFile::Refresh() {
  const bool is_same = std::all_of(files_.begin(), files_.end(), [](const auto& file) {
    return StampOf(file.first) == file.second;
  });
  if (is_same) {
    return;
  }
  WebFileRead read = ReadWebFile(path_);
  files_ = read.files;
  if (base::HasErrors(read.diagnostics)) {
    const auto error =
        std::find_if(read.diagnostics.begin(), read.diagnostics.end(),
                     [](const auto& each) { return each.severity == base::Severity::kError; });
    warn_("not taken, the one before stays in force: " + OneLine(*error));
  } else if ((read.tls == nullptr) != (tls_ == nullptr)) {
    warn_("not taken, whether TLS is spoken needs a restart");
  } else {
    Take(std::move(read));
  }
}

void WebFile::Take(WebFileRead read) {
  config_ = std::move(read.config);
  tls_ = std::move(read.tls);
  files_ = std::move(read.files);
}

}  // namespace promtally::web
