// SPDX-License-Identifier: Apache-2.0
// A peer of tools/bench/http_bench: prometheus-cpp's Exposer with the series of the bench, on
// 127.0.0.1:PORT.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: prometheus_cpp PORT SERIES\n";
    return 2;
  }
  constexpr int kFamilies = 10;
  const int series = std::atoi(argv[2]);
  const auto registry = std::make_shared<prometheus::Registry>();
  std::vector<prometheus::Family<prometheus::Gauge>*> families;
  for (int i = 0; i < kFamilies; ++i) {
    families.push_back(&prometheus::BuildGauge()
                            .Name("bench_usage_bytes_" + std::to_string(i))
                            .Help("Usage in bytes.")
                            .Register(*registry));
  }
  for (int i = 0; i < series; ++i) {
    const std::string number = std::to_string(i);
    const std::string tenant = "tenant-" + std::string(5 - number.size(), '0') + number;
    const std::string instance =
        "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":9100";
    families[static_cast<std::size_t>(i % kFamilies)]
        ->Add(
            {{"scope", tenant}, {"instance", instance}, {"device", "disk" + std::to_string(i % 8)}})
        .Set(i * 1234.5678);
  }
  prometheus::Exposer exposer("127.0.0.1:" + std::string(argv[1]));
  exposer.RegisterCollectable(registry);
  pause();
  return 0;
}
