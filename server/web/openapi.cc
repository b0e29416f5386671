#include "web/openapi.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/json.h"
#include "web/http_fields.h"

namespace telltale::web {
namespace {

constexpr std::string_view kProblem = "application/problem+json";
constexpr std::string_view kParameters = R"json(
"key":{"name":"key","in":"path","required":true,"description":"of a run",
 "schema":{"type":"string","pattern":"^[a-z2-7]{26}$"}},
"id":{"name":"id","in":"path","required":true,"description":"of a task, series or artifact",
 "schema":{"type":"string","pattern":"^[a-z2-7]{26}$"}},
"project":{"name":"project","in":"path","required":true,"description":"that is pushed to",
 "schema":{"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}},
"job":{"name":"job","in":"path","required":true,"description":"of a visualization",
 "schema":{"type":"string","pattern":"^[a-z2-7]{26}$"}},
"index":{"name":"index","in":"path","required":true,"description":"of a part",
 "schema":{"type":"integer","minimum":0,"maximum":999}},
"lease":{"name":"lease","in":"path","required":true,"description":"as the worker was given it",
 "schema":{"type":"string","pattern":"^[0-9a-f]{64}$"}})json";
constexpr std::string_view kProblemSchema = R"json(
"Problem":{"type":"object","description":"RFC 9457","required":["type","title","status","detail"],
 "properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},
 "detail":{"type":"string"}}})json";

void join(std::string& list, const std::string& member) {
  list += (list.empty() ? "" : ",") + member;
}

// Statuses that follow from a line of the table, all with a problem as their body.
std::set<int> problems_of(const Route& route) {
  std::set<int> statuses = {400, 403, 415, 417, 431, 503};
  if (route.scope) statuses.insert(401);
  if (!route.elsewhere.empty() || route.pattern.find('{') != std::string_view::npos)
    statuses.insert(404);
  if (route.body_limit > 0) statuses.insert({413, 429});
  return statuses;
}

std::string schema_of(const Answer& answer) {
  if (answer.schema.empty()) return R"({"type":"string"})";
  if (answer.schema.starts_with('{')) return std::string(answer.schema);
  return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", answer.schema);
}

struct Response {
  std::string description;
  std::string content;
};

std::string responses_of(const Route& route) {
  std::map<int, Response> responses;
  for (const Answer& answer : route.operation.answers) {
    Response& response = responses[answer.status];
    response.description = std::string(answer.description);
    if (!answer.content_type.empty())
      join(response.content, fmt::format(R"({}:{{"schema":{}}})", json_string(answer.content_type),
                                         schema_of(answer)));
  }
  std::set<int> problems = problems_of(route);
  for (const auto& [status, response] : responses) {
    if (status >= 400) problems.insert(status);
  }
  for (const int status : problems) {
    Response& response = responses[status];
    if (response.description.empty()) response.description = "a problem, which says why";
    if (response.content.find(kProblem) == std::string::npos)
      join(response.content,
           fmt::format(R"("{}":{{"schema":{{"$ref":"#/components/schemas/Problem"}}}})", kProblem));
  }
  std::string json;
  for (const auto& [status, response] : responses) {
    join(
        json,
        fmt::format(
            R"("{}":{{"description":{}{}}})", status, json_string(response.description),
            response.content.empty() ? "" : fmt::format(R"(,"content":{{{}}})", response.content)));
  }
  return json;
}

std::string operation_of(const Route& route) {
  const Operation& operation = route.operation;
  std::string json = fmt::format(R"("summary":{})", json_string(operation.summary));
  if (!operation.query.empty()) json += fmt::format(R"(,"parameters":[{}])", operation.query);
  if (!operation.body.empty())
    json += fmt::format(R"(,"requestBody":{{"required":true,"content":{{{}}}}})", operation.body);
  json += fmt::format(R"(,"responses":{{{}}})", responses_of(route));
  return fmt::format(R"("{}":{{{}}})", lower(route.method), json);
}

std::string path_parameters(std::string_view pattern) {
  std::string json;
  while (true) {
    const std::size_t open = pattern.find('{');
    if (open == std::string_view::npos) return json;
    pattern.remove_prefix(open + 1);
    join(json, fmt::format(R"({{"$ref":"#/components/parameters/{}"}})",
                           pattern.substr(0, pattern.find('}'))));
  }
}

}  // namespace

std::string openapi_document(const Routes& routes, std::string_view version,
                             std::string_view schemas) {
  std::map<std::string_view, std::string> paths;
  for (const Route& route : routes.all()) {
    if (route.operation.summary.empty()) continue;  // pages and git are no interface of ours
    join(paths[route.pattern], operation_of(route));
  }
  std::string json;
  for (const auto& [pattern, operations] : paths) {
    std::string path = operations;
    const std::string parameters = path_parameters(pattern);
    if (!parameters.empty()) path += fmt::format(R"(,"parameters":[{}])", parameters);
    join(json, fmt::format("\n{}:{{{}}}", json_string(pattern), path));
  }
  return fmt::format(
      R"({{"openapi":"3.1.0","info":{{"title":"Telltale","version":{},)"
      R"("license":{{"name":"Apache-2.0","identifier":"Apache-2.0"}},)"
      R"("description":"A Kubeflow pipeline, now. See docs/formats/api.md. A GET of runs or of )"
      R"(what is below them also streams server-sent events."}},)"
      "\n\"paths\":{{{}}},\n\"components\":{{\"parameters\":{{{}}},\"schemas\":{{{},{}}}}}}}\n",
      json_string(version), json, kParameters, kProblemSchema, schemas);
}

}  // namespace telltale::web
