// SPDX-License-Identifier: Apache-2.0
#include "web/http.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace promtally::web {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Not strftime: names of days and months must not follow the locale.
std::string HttpDate(std::chrono::sys_seconds instant) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  std::string text;
  text.reserve(32);
  const auto two = [&text](auto number, char behind) {
    text += static_cast<char>('0' + number / 10);
    text += static_cast<char>('0' + number % 10);
    text += behind;
  };
  text.append(kDays.at(std::chrono::weekday(day).c_encoding())).append(", ");
  two(static_cast<unsigned>(date.day()), ' ');
  text.append(kMonths.at(static_cast<unsigned>(date.month()) - 1)).append(" ");
  text.append(std::to_string(static_cast<int>(date.year()))).append(" ");
  two(time.hours().count(), ':');
  two(time.minutes().count(), ':');
  two(time.seconds().count(), ' ');
  return text.append("GMT");
}

void AppendHeader(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    head += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  head += "\r\n";
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool HasPlainLines(std::string_view head) {
  for (std::size_t at = 0; at < head.size(); ++at) {
    const char c = head[at];
    if (c == '\0' || (c == '\n' && (at == 0 || head[at - 1] != '\r'))) {
      return false;
    }
    if (c == '\r' && (at + 1 == head.size() || head[at + 1] != '\n')) {
      return false;
    }
    const bool goes_on =
        c == '\n' && at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t');
    if (goes_on) {
      return false;
    }
  }
  return true;
}

bool IsDisguised(std::string_view header_name) {
  constexpr std::array<std::string_view, 6> kNames{
      "Content-Length", "Transfer-Encoding", "Host", "Authorization", "Origin", "Forwarded"};
  if (header_name.find('_') == std::string_view::npos) {
    return false;
  }
  std::string dashed(header_name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  constexpr std::string_view kForwarded = "X-Forwarded-";
  return EqualsIgnoringCase(std::string_view(dashed).substr(0, kForwarded.size()), kForwarded) ||
         std::any_of(kNames.begin(), kNames.end(),
                     [&dashed](std::string_view name) { return EqualsIgnoringCase(dashed, name); });
}

const std::string* FindHeader(const Request& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (EqualsIgnoringCase(header, name)) {
      return &value;
    }
  }
  return nullptr;
}

void ResolveWith(const std::shared_ptr<Deferral>& outer, Response response) {
  const std::shared_ptr<Deferral> inner = response.later;
  if (inner == nullptr) {
    outer->Resolve(std::move(response));
  } else if (inner->resolved()) {
    outer->Resolve(inner->Take());
  } else {
    // The raw pointer: the deferral must not hold itself.
    inner->OnResolved([inner = inner.get(), outer] { outer->Resolve(inner->Take()); });
  }
}

Response TextResponse(int status, std::string text) {
  Response response;
  response.status = status;
  response.body.push_back(std::make_shared<const std::string>(std::move(text)));
  return response;
}

std::uint64_t BodyBytes(const Response& response) {
  std::uint64_t bytes = 0;
  for (const auto& piece : response.body) {
    bytes += piece->size();
  }
  return bytes;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return status >= 500 ? "Server Error" : "Status";
  }
}

std::string RenderHead(const Response& response, const Framing& framing) {
  std::string head;
  head.reserve(256);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(ReasonPhrase(response.status)).append("\r\n");
  AppendHeader(head, "Date", HttpDate(framing.now));
  if (response.status != 204) {
    AppendHeader(head, "Content-Type", response.content_type);
  }
  if (framing.chunked) {
    AppendHeader(head, "Transfer-Encoding", "chunked");
  } else if (response.source == nullptr && response.status != 204) {
    AppendHeader(head, "Content-Length", std::to_string(BodyBytes(response)));
  }
  for (const auto& [name, value] : response.headers) {
    AppendHeader(head, name, value);
  }
  if (!framing.keep_alive) {
    AppendHeader(head, "Connection", "close");
  } else if (framing.http_1_0) {
    AppendHeader(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  return head;
}

}  // namespace promtally::web
