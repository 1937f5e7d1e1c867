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

namespace {

/// Adds the files of a section that talks HTTP; without the section there are none.
void Append(const Node* section, const HttpClientSettings& http, const Problems& problems,
            std::vector<NamedFile>& files) {
  if (section == nullptr) {
    return;
  }
  for (NamedFile& file : FilesOf(*section, http, problems)) {
    files.push_back(std::move(file));
  }
}

/// The same for each entry of a list.
template <typename Entry>
void AppendAll(const Node* list, const std::vector<Entry>& entries, const Problems& problems,
               std::vector<NamedFile>& files) {
  for (std::size_t i = 0; list != nullptr && i < list->items.size() && i < entries.size(); ++i) {
    Append(list->items[i], entries[i].http, problems, files);
  }
}

void NameMetricsFiles(const Node* jobs, const Problems& problems, SettingsFile* read) {
  const std::vector<JobSettings>& settings = read->settings.jobs;
  for (std::size_t i = 0; jobs != nullptr && i < jobs->items.size() && i < settings.size(); ++i) {
    const Node* const value = Find(*jobs->items[i], "metrics_file");
    read->metrics_files.push_back(
        {settings[i].metrics_file,
         problems.ErrorAt(value == nullptr ? jobs->items[i]->place : value->place)});
  }
}

}  // namespace

void NameFiles(const Node& root, const Problems& problems, SettingsFile* read) {
  const Settings& settings = read->settings;
  AppendAll(Find(root, "sources"), settings.sources, problems, read->files);
  if (const Node* const models = Find(root, "models"); models != nullptr) {
    AppendAll(Find(*models, "remote"), settings.models.remote, problems, read->files);
    Append(Find(*models, "intelligence"), settings.models.intelligence.server.http, problems,
           read->files);
    Append(Find(*models, "aggregator"), settings.models.aggregator.http, problems, read->files);
  }
  NameMetricsFiles(Find(root, "collect"), problems, read);
}

}  // namespace promtally::config
