// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/access.h"
#include "web/http.h"

namespace promtally::web {

/// A request that found its route.
struct Call {
  const Request& request;
  std::map<std::string, std::string> path;  ///< percent-decoded parts of the template
  const Identity& who;
};

/// How a route says what is wrong.
enum class ErrorStyle {
  kText,     ///< one line of text
  kProblem,  ///< application/problem+json, RFC 9457
  kDetail,   ///< `{"detail":…}`, the ICOS routes
};

struct Route {
  std::string method;  ///< GET stands for HEAD as well
  /// Whole segments in braces are parameters: `/api/v1/metrics/{name}/samples`.
  std::string path;
  Group group = Group::kRead;
  ErrorStyle errors = ErrorStyle::kText;
  bool takes_json = false;  ///< another Content-Type is 415
  std::function<Response(const Call&)> answer;
  /// A token that may read some usage scopes only is let in, and the route shows no others.
  bool shows_scopes = false;
};

/// Finds the route of a request. A path of which only another method is known is 405 with `Allow`,
/// a change without a JSON Content-Type 415. Immutable once filled; loop thread.
class Router {
 public:
  /// `prefix` stands before every path.
  explicit Router(std::string prefix) : prefix_(std::move(prefix)) {}

  void Add(Route route);
  /// A second path of a route: the same template is reported.
  void AddAlias(std::string path, const std::string& of);

  struct Match {
    const Route* route = nullptr;  ///< null: `refusal` answers
    std::optional<Group> group;    ///< of the path; nullopt: there is no such path
    ErrorStyle errors = ErrorStyle::kText;
    std::map<std::string, std::string> path;
    Response refusal;
  };
  [[nodiscard]] Match Find(const Request& request) const;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  using Methods = std::vector<std::size_t>;  // places in routes_, of one template, never empty

  [[nodiscard]] const Methods* MethodsOf(std::string_view path,
                                         std::map<std::string, std::string>* parameters) const;
  [[nodiscard]] Response NotAllowed(const Methods& methods, std::string_view method) const;

  const std::string prefix_;
  std::vector<Route> routes_;
  std::map<std::string, Methods, std::less<>> literal_;  // by path, aliases included
  std::vector<std::pair<std::string, Methods>> with_parameters_;
};

/// An error in the route's style; the reason is text for people.
[[nodiscard]] Response ErrorResponse(ErrorStyle style, int status, std::string_view reason);
/// RFC 9457; `errors` are single findings, left out when there are none.
[[nodiscard]] Response ProblemResponse(int status, std::string_view detail,
                                       const std::vector<std::string>& errors = {});
[[nodiscard]] Response JsonResponse(int status, std::string json);

/// True for `application/json` and `application/…+json`, with or without parameters.
[[nodiscard]] bool IsJsonContentType(std::string_view content_type);

}  // namespace promtally::web
