// SPDX-License-Identifier: Apache-2.0
#include "config/named_files.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace promtally::config {

std::vector<NamedFile> FilesOf(const Node& map, const HttpClientSettings& http,
                               const Problems& problems) {
  struct Key {
    std::string_view section;
    std::string_view name;
    const std::string& path;
  };
  std::vector<NamedFile> files;
  for (const Key& key :
       {Key{"basic_auth", "password_file", http.password.file},
        Key{"authorization", "credentials_file", http.credentials.file},
        Key{"tls_config", "ca_file", http.ca_file}, Key{"tls_config", "cert_file", http.cert_file},
        Key{"tls_config", "key_file", http.key_file}}) {
    const Node* const section = Find(map, key.section);
    const Node* const value = section == nullptr ? nullptr : Find(*section, key.name);
    if (value != nullptr && !key.path.empty()) {
      files.push_back({key.path, problems.ErrorAt(value->place)});
    }
  }
  return files;
}

void NameFiles(const Node& root, const Problems& problems, SettingsFile* read) {
  const Settings& settings = read->settings;
  if (const Node* const sources = Find(root, "sources"); sources != nullptr) {
    for (std::size_t i = 0; i < sources->items.size() && i < settings.sources.size(); ++i) {
      for (NamedFile& file : FilesOf(*sources->items[i], settings.sources[i].http, problems)) {
        read->files.push_back(std::move(file));
      }
    }
  }
  const Node* const models = Find(root, "models");
  if (const Node* const remote = models == nullptr ? nullptr : Find(*models, "remote");
      remote != nullptr) {
    const std::vector<RemoteModelSettings>& list = settings.models.remote;
    for (std::size_t i = 0; i < remote->items.size() && i < list.size(); ++i) {
      for (NamedFile& file : FilesOf(*remote->items[i], list[i].http, problems)) {
        read->files.push_back(std::move(file));
      }
    }
  }
  const auto name_files = [&](std::string_view key, const HttpClientSettings& http) {
    const Node* const section = models == nullptr ? nullptr : Find(*models, key);
    for (NamedFile& file :
         section == nullptr ? std::vector<NamedFile>() : FilesOf(*section, http, problems)) {
      read->files.push_back(std::move(file));
    }
  };
  name_files("intelligence", settings.models.intelligence.server.http);
  name_files("aggregator", settings.models.aggregator.http);
  if (const Node* const jobs = Find(root, "collect"); jobs != nullptr) {
    for (std::size_t i = 0; i < jobs->items.size() && i < settings.jobs.size(); ++i) {
      const Node* const value = Find(*jobs->items[i], "metrics_file");
      read->metrics_files.push_back(
          {settings.jobs[i].metrics_file,
           problems.ErrorAt(value == nullptr ? jobs->items[i]->place : value->place)});
    }
  }
}

}  // namespace promtally::config
