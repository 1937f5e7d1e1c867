// SPDX-License-Identifier: Apache-2.0
// verify_signatures: judges signatures as a token's is judged. Standard input has a line a
// signature, {"jwk":{…},"text":"hex","signature":"hex"}; standard output the same number of lines:
// `good`, `bad`, or `no key` where the JWK is not taken into a key set.
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "web/key_set.h"

namespace {

std::string FromHex(const std::string& hex) {
  constexpr int kHexadecimal = 16;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, kHexadecimal));
  }
  return bytes;
}

const char* Judge(const nlohmann::json& one) {
  const auto keys = promtally::web::ParseKeySet("{\"keys\":[" + one.at("jwk").dump() + "]}");
  if (!keys || keys->keys.empty()) {
    return "no key";
  }
  const std::string text = FromHex(one.at("text").get<std::string>());
  const std::string signature = FromHex(one.at("signature").get<std::string>());
  return promtally::web::IsSignedBy(keys->keys.front(), text, signature) ? "good" : "bad";
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << Judge(nlohmann::json::parse(line)) << '\n';
  }
  return 0;
}
