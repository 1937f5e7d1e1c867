// SPDX-License-Identifier: Apache-2.0
#include "web/ledger_routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "delivery/csv.h"
#include "delivery/json_lines.h"
#include "ledger/sqlite_ledger.h"
#include "promtally/base/labels.h"
#include "web/body_value.h"
#include "web/page_cursor.h"
#include "web/parameters.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;

/// A page of lines, and where the next one begins.
struct Lines {
  std::vector<std::string> lines;
  std::optional<std::string> next;
};

/// What a request of usage asks for, once its parameters are found right.
struct UsageQuery {
  ledger::UsageFilter filter;
  ledger::UsageGrouping grouping;
  bool records = false;
  bool csv = false;
  std::size_t limit = 0;
  std::vector<std::string> after;  ///< empty: from the beginning
  std::string own_link;            ///< path and parameters without `after`
};

std::optional<std::int64_t> ToNumber(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

void ReadRange(Parameters& parameters, base::Instant now, ledger::UsageFilter& filter) {
  filter.begin = parameters.Time("begin", now);
  filter.end = parameters.Time("end", now);
  if (filter.begin && filter.end && *filter.end <= *filter.begin) {
    parameters.Add("end must be after begin");
  }
  filter.jobs = parameters.Texts("job");
  filter.names = parameters.Texts("name");
}

/// `metric,scope,LABEL…`, as `usage --by`.
ledger::UsageGrouping ReadGrouping(Parameters& parameters) {
  ledger::UsageGrouping grouping;
  std::istringstream parts(parameters.Text("by").value_or("metric"));
  for (std::string part; std::getline(parts, part, ',');) {
    if (part == "scope") {
      grouping.by_scope = true;
    } else if (part != "metric" && !base::IsLabelName(part)) {
      parameters.Add("by: \"" + part + "\" is neither metric, scope nor a label name");
    } else if (part != "metric") {
      grouping.labels.push_back(part);
    }
  }
  return grouping;
}

std::vector<std::string> ReadCursor(Parameters& parameters, std::size_t parts) {
  const auto text = parameters.Text("after");
  if (!text) {
    return {};
  }
  auto cursor = FromCursor(*text, parts);
  if (!cursor) {
    parameters.Add("after is no cursor of this list");
  }
  return cursor.value_or(std::vector<std::string>());
}

/// Only what the token may read: the scopes that it names and those that were asked for.
std::optional<std::vector<std::string>> ScopesOf(const std::vector<std::string>& asked,
                                                 const Identity& who) {
  if (!who.scopes) {
    return asked.empty() ? std::nullopt : std::optional(asked);
  }
  if (asked.empty()) {
    return who.scopes;
  }
  std::vector<std::string> both;
  std::copy_if(asked.begin(), asked.end(), std::back_inserter(both), [&](const auto& scope) {
    return std::find(who.scopes->begin(), who.scopes->end(), scope) != who.scopes->end();
  });
  return both;
}

std::string LinkWithoutCursor(const Request& request) {
  std::string link = request.path + "?";
  for (const auto& [name, value] : ParseQuery(request.query).value_or(QueryParameters())) {
    if (name != "after") {
      link += PercentEncode(name) + "=" + PercentEncode(value) + "&";
    }
  }
  return link;
}

/// What totals are ordered by, as the ledger orders them.
std::vector<std::string> KeyOf(const ledger::UsageTotal& total) {
  std::vector<std::string> key{total.job, total.name, total.scope ? "1" + *total.scope : "0"};
  for (const auto& label : total.groupby) {
    key.push_back(label.second);
  }
  key.push_back(total.unit);
  key.emplace_back(metering::ToText(total.kind));
  return key;
}

constexpr std::size_t kTotalKeyParts = 5;  // and one for each label

base::Result<Lines> ReadTotals(ledger::Reader& reader, const UsageQuery& query) {
  const auto totals = reader.Totals(query.filter, query.grouping);
  if (!totals) {
    return tl::unexpected(totals.error());
  }
  Lines page;
  std::vector<std::string> last;
  for (const ledger::UsageTotal& total : *totals) {
    std::vector<std::string> key = KeyOf(total);
    if (!query.after.empty() && key <= query.after) {
      continue;
    }
    if (page.lines.size() == query.limit) {
      page.next = ToCursor(last);
      break;
    }
    page.lines.push_back(query.csv ? delivery::TotalCsvLine(total, query.grouping)
                                   : delivery::ToJson(total, query.grouping.by_scope));
    last = std::move(key);
  }
  return page;
}

constexpr std::size_t kRecordKeyParts = 5;

std::vector<std::string> ToParts(const ledger::RecordPlace& place) {
  return {place.job, place.name, std::to_string(place.begin.time_since_epoch().count()),
          std::to_string(static_cast<int>(place.kind)), std::to_string(place.series)};
}

std::optional<ledger::RecordPlace> ToPlace(const std::vector<std::string>& parts) {
  if (parts.empty()) {
    return std::nullopt;
  }
  return ledger::RecordPlace{parts[0], parts[1],
                             base::Instant(base::Milliseconds(ToNumber(parts[2]).value_or(0))),
                             static_cast<metering::UsageKind>(ToNumber(parts[3]).value_or(0)),
                             ToNumber(parts[4]).value_or(0)};
}

base::Result<Lines> ReadRecords(ledger::Reader& reader, const UsageQuery& query) {
  Lines page;
  std::vector<std::string> last;
  const auto status = reader.RecordsAfter(
      query.filter, ToPlace(query.after),
      [&](const metering::UsageRecord& record, const ledger::RecordPlace& place) {
        if (page.lines.size() == query.limit) {
          page.next = ToCursor(last);
          return false;
        }
        page.lines.push_back(query.csv ? delivery::RecordCsvLine(record, true)
                                       : delivery::ToJson(record, true));
        last = ToParts(place);
        return true;
      });
  if (!status) {
    return tl::unexpected(status.error());
  }
  return page;
}

Response ToJsonPage(const char* member, const Lines& page) {
  std::string json = std::string("{\"") + member + "\":[";
  for (std::size_t i = 0; i < page.lines.size(); ++i) {
    json += (i == 0 ? "" : ",") + page.lines[i];
  }
  json += "],\"next\":";
  if (page.next) {
    AppendJsonText(json, *page.next);
  } else {
    json += "null";
  }
  return JsonResponse(200, json + "}");
}

Response ToCsvPage(const UsageQuery& query, const Lines& page) {
  std::string csv =
      query.records ? delivery::RecordCsvHeader(true) : delivery::TotalCsvHeader(query.grouping);
  for (const std::string& line : page.lines) {
    csv += line;
  }
  Response response = TextResponse(200, std::move(csv));
  response.content_type = "text/csv; charset=utf-8";
  if (page.next) {
    response.headers.emplace_back("Link",
                                  "<" + query.own_link + "after=" + *page.next + ">; rel=\"next\"");
  }
  return response;
}

Response ReadUsage(ledger::Reader& reader, const UsageQuery& query) {
  const auto page = query.records ? ReadRecords(reader, query) : ReadTotals(reader, query);
  if (!page) {
    return ProblemResponse(503, page.error().message);
  }
  return query.csv ? ToCsvPage(query, *page)
                   : ToJsonPage(query.records ? "records" : "usage", *page);
}

struct PeriodQuery {
  ledger::PeriodFilter filter;
  std::optional<ledger::PeriodPlace> after;
  std::size_t limit = 0;
  base::Instant now;
};

Response ReadPeriods(ledger::Reader& reader, const PeriodQuery& query) {
  auto lines = reader.Periods(query.filter, query.after, query.limit + 1, query.now);
  if (!lines) {
    return ProblemResponse(503, lines.error().message);
  }
  Lines page;
  if (lines->size() > query.limit) {
    lines->pop_back();
    const ledger::PeriodLine& last = lines->back();
    page.next = ToCursor(
        {last.job, last.name, std::to_string(last.entry.period.begin.time_since_epoch().count())});
  }
  for (const ledger::PeriodLine& line : *lines) {
    page.lines.push_back(delivery::ToJson(line));
  }
  return ToJsonPage("periods", page);
}

std::optional<ledger::PeriodState> ReadState(Parameters& parameters) {
  const auto name = parameters.Text("state");
  if (!name) {
    return std::nullopt;
  }
  for (const auto state : {ledger::PeriodState::kOpen, ledger::PeriodState::kFailed,
                           ledger::PeriodState::kEmpty, ledger::PeriodState::kCommitted}) {
    if (delivery::ToText(state) == *name) {
      return state;
    }
  }
  parameters.Add("state is open, failed, empty or committed");
  return std::nullopt;
}

}  // namespace

struct LedgerRoutes::State {
  using Read = std::function<Response(ledger::Reader&)>;

  /// The answer of `read`, which runs on the reading thread.
  Response Later(Read read) {
    Response promise;
    promise.later = std::make_shared<Deferral>();
    asio::post(thread, [this, read = std::move(read), later = promise.later] {
      Response response = Answer(read);
      asio::post(loop, [later, response = std::move(response)] { later->Resolve(response); });
    });
    return promise;
  }

  Response Answer(const Read& read) {
    if (reader == nullptr) {
      auto opened = ledger::OpenSqliteReader(path);
      if (!opened) {
        return ProblemResponse(503, opened.error().message);
      }
      reader = *std::move(opened);
    }
    return read(*reader);
  }

  asio::io_context& loop;
  const std::string path;
  const std::function<base::Instant()> clock;
  std::unique_ptr<ledger::Reader> reader;  // the reading thread's
  asio::thread_pool thread{1};
};

LedgerRoutes::LedgerRoutes(asio::io_context& loop, std::string ledger_path,
                           std::function<base::Instant()> clock)
    : state_(new State{loop, std::move(ledger_path), std::move(clock), nullptr}) {}

LedgerRoutes::~LedgerRoutes() { state_->thread.join(); }

Response LedgerRoutes::Usage(const Call& call) {
  Parameters parameters(call.request, {"job", "name", "scope", "begin", "end", "by", "records",
                                       "format", "limit", "after"});
  UsageQuery query;
  ReadRange(parameters, state_->clock(), query.filter);
  query.filter.scopes = ScopesOf(parameters.Texts("scope"), call.who);
  query.grouping = ReadGrouping(parameters);
  query.records = parameters.Flag("records");
  const std::string format = parameters.Text("format").value_or("json");
  if (format != "json" && format != "csv") {
    parameters.Add("format is json or csv");
  }
  query.csv = format == "csv";
  query.limit = parameters.Limit();
  query.after = ReadCursor(
      parameters, query.records ? kRecordKeyParts : kTotalKeyParts + query.grouping.labels.size());
  query.own_link = LinkWithoutCursor(call.request);
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  return state_->Later(
      [query = std::move(query)](ledger::Reader& reader) { return ReadUsage(reader, query); });
}

Response LedgerRoutes::Periods(const Call& call) {
  constexpr std::size_t kParts = 3;
  Parameters parameters(call.request, {"job", "name", "state", "begin", "end", "limit", "after"});
  PeriodQuery query;
  query.now = state_->clock();
  ReadRange(parameters, query.now, query.filter.where);
  query.filter.state = ReadState(parameters);
  query.limit = parameters.Limit();
  const auto after = ReadCursor(parameters, kParts);
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  if (!after.empty()) {
    query.after = {after[0], after[1],
                   base::Instant(base::Milliseconds(ToNumber(after[2]).value_or(0)))};
  }
  return state_->Later(
      [query = std::move(query)](ledger::Reader& reader) { return ReadPeriods(reader, query); });
}

Response LedgerRoutes::Statuses(
    std::function<Response(const std::vector<ledger::SpecStatus>&)> make) {
  return state_->Later([make = std::move(make), now = state_->clock()](ledger::Reader& reader) {
    return make(reader.Statuses(now).value_or(std::vector<ledger::SpecStatus>()));
  });
}

}  // namespace promtally::web
