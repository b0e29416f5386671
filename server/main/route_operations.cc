#include "main/route_operations.h"

namespace telltale::main::operations {
namespace {

using web::Answer;
using web::Operation;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain";

Operation view(std::string_view summary, std::string_view schema, std::string_view query = {}) {
  return {summary, query, {}, {Answer{200, "as it is now", kJson, schema}}};
}

constexpr std::string_view kRunsQuery = R"json(
{"name":"state","in":"query","explode":true,"schema":{"type":"array","items":{"type":"string",
 "enum":["pending","queued","running","succeeded","failed","skipped","cached","retrying",
 "suspended","cancelled","unknown"]}}},
{"name":"attention","in":"query","description":"1: those that need attention alone",
 "schema":{"type":"integer","minimum":0,"maximum":1}},
{"name":"text","in":"query","schema":{"type":"string"}},
{"name":"cluster","in":"query","description":"runs of that cluster","schema":{"type":"string"}},
{"name":"namespace","in":"query","description":"of a cluster","schema":{"type":"string"}},
{"name":"keys","in":"query","description":"comma separated","schema":{"type":"string"}},
{"name":"page","in":"query","description":"next_page of the page before",
 "schema":{"type":"string"}},
{"name":"limit","in":"query","schema":{"type":"integer","minimum":0,"maximum":200,"default":50}}
)json";

constexpr std::string_view kRunQuery = R"json(
{"name":"machinery","in":"query","description":"1: with every node of the source",
 "schema":{"type":"string"}}
)json";

constexpr std::string_view kRunEventsQuery = R"json(
{"name":"since","in":"query","description":"a position; those behind it",
 "schema":{"type":"integer","minimum":0,"maximum":18446744073709551614}},
{"name":"limit","in":"query","schema":{"type":"integer","minimum":0,"maximum":10000,
 "default":10000}}
)json";

constexpr std::string_view kLogQuery = R"json(
{"name":"offset","in":"query","description":"from this place in the log on",
 "schema":{"type":"integer","minimum":0,"maximum":18446744073709551615}},
{"name":"tail","in":"query","description":"so many bytes at its end",
 "schema":{"type":"integer","minimum":0,"maximum":18446744073709551615}},
{"name":"attempt","in":"query","description":"0: the newest",
 "schema":{"type":"integer","minimum":0,"maximum":1000000}},
{"name":"download","in":"query","description":"1: as a file","schema":{"type":"string"}}
)json";

constexpr std::string_view kSeriesQuery = R"json(
{"name":"from","in":"query","description":"first step","schema":{"type":"integer",
 "minimum":-9223372036854775808,"maximum":9223372036854775807}},
{"name":"to","in":"query","description":"last step","schema":{"type":"integer",
 "minimum":-9223372036854775808,"maximum":9223372036854775807}},
{"name":"points","in":"query","description":"pixel columns",
 "schema":{"type":"integer","minimum":0,"maximum":4096}}
)json";

constexpr std::string_view kEventsBody = R"json(
"application/x-ndjson":{"schema":{"type":"string",
 "description":"an Event of schema/event.proto in JSON, one a line"}},
"application/json":{"schema":{"$ref":"#/components/schemas/Event"}},
"application/x-protobuf":{"schema":{"type":"string","format":"binary",
 "description":"Events, each preceded by its length as a varint"}}
)json";

constexpr std::string_view kVisualizationsQuery = R"json(
{"name":"run","in":"query","description":"of that run alone","schema":{"type":"string"}},
{"name":"task","in":"query","description":"of that task alone","schema":{"type":"string"}})json";
constexpr std::string_view kVersionQuery = R"json(
{"name":"version","in":"query",
 "description":"as the part's url has it: another one for other bytes",
 "schema":{"type":"string"}})json";
constexpr std::string_view kShownQuery = R"json(
{"name":"task","in":"query","description":"the path of the task; none: the run's own",
 "schema":{"type":"string","maxLength":4096}},
{"name":"name","in":"query","description":"what had the same name gives way to it",
 "schema":{"type":"string"}})json";
constexpr std::string_view kPartQuery = R"json(
{"name":"name","in":"query","description":"what people call it","schema":{"type":"string"}},
{"name":"append","in":"query","description":"1: behind what the part has, not in its place",
 "schema":{"type":"string","enum":["1"]}})json";
// Of jobs; a part of the schemas below, for a string literal has a length.
constexpr std::string_view kJobSchemas = R"json(,
"WantedVisualization":{"type":"object","required":["type"],"additionalProperties":false,
 "properties":{"type":{"type":"string","pattern":"^[a-z][a-z0-9_]{0,63}$"},
 "arguments":{"type":"object"},"source":{"type":"string","maxLength":1000},
 "run":{"type":"string","pattern":"^[a-z2-7]{26}$"},
 "fresh":{"type":"boolean","description":"not what is there already"},
 "task":{"type":"string","pattern":"^[a-z2-7]{26}$"}},"dependentRequired":{"task":["run"]}},
"VisualizationId":{"type":"object","required":["id"],"additionalProperties":false,
 "properties":{"id":{"type":"string","pattern":"^[a-z2-7]{26}$"}}},
"VisualizationTypes":{"type":"object","required":["types"],"additionalProperties":false,
 "properties":{"types":{"type":"array","items":{"type":"object"}}}},
"WorkerTypes":{"type":"object","required":["worker","types"],"properties":{
 "worker":{"type":"string","minLength":1},"environment":{"type":"string"},
 "types":{"type":"array","items":{"type":"object","required":["name"]}}}},
"WantedLeases":{"type":"object","required":["worker","slots"],"properties":{
 "worker":{"type":"string"},"slots":{"type":"integer","minimum":1},
 "wait_s":{"type":"number","minimum":0}}},
"Leases":{"type":"object","required":["leases"],"additionalProperties":false,"properties":{
 "leases":{"type":"array","items":{"type":"object"}}}},
"Beat":{"type":"object","properties":{"progress":{"type":"object","properties":{
 "done":{"type":"number"},"total":{"type":"number"},"note":{"type":"string"}}}}},
"BeatAnswer":{"type":"object","required":["cancelled"],"additionalProperties":false,
 "properties":{"cancelled":{"type":"boolean"}}},
"JobEnd":{"type":"object","required":["state"],"properties":{
 "state":{"type":"string","enum":["SUCCEEDED","FAILED"]},"message":{"type":"string"}}})json";

constexpr std::string_view kSchemas = R"json(
"LinkCode":{"type":"object","required":["code","expires_in_s"],"additionalProperties":false,
 "properties":{"code":{"type":"string"},"expires_in_s":{"type":"integer"}}},
"Code":{"type":"object","required":["code"],"properties":{"code":{"type":"string"}}},
"SessionToken":{"type":"object","required":["token","expires_at_us"],"additionalProperties":false,
 "properties":{"token":{"type":"string"},"expires_at_us":{"type":"string"}}},
"Path":{"type":"object","required":["path"],"properties":{"path":{"type":"string",
 "pattern":"^/api/v1/[^#]*$"}}},
"SignedAddress":{"type":"object","required":["url"],"additionalProperties":false,
 "properties":{"url":{"type":"string"}}},
"EventsAnswer":{"type":"object","required":["accepted","rejected"],"additionalProperties":false,
 "properties":{"accepted":{"type":"integer"},"rejected":{"type":"array","items":{"type":"object",
 "required":["line","code","message"],"additionalProperties":false,
 "properties":{"line":{"type":"integer"},"code":{"type":"string"},
 "message":{"type":"string"}}}}}},
"Rejected":{"type":"object","required":["total","rejections"],"additionalProperties":false,
 "properties":{"total":{"type":"integer"},"rejections":{"type":"array","items":{"type":"object",
 "required":["at_us","code","message","sample"],"additionalProperties":false,
 "properties":{"at_us":{"type":"string"},"code":{"type":"string"},"message":{"type":"string"},
 "sample":{"type":"string"}}}}}},
"Launch":{"oneOf":[
 {"type":"object","required":["pipeline_file"],"additionalProperties":false,"properties":{
  "pipeline_file":{"type":"string","pattern":"^/[^\\u0000]*\\.(py|yaml)$",
   "description":"absolute path of the file"},
  "working_directory":{"type":"string","pattern":"^[^\\u0000]*$"},
  "pipeline":{"type":"string","pattern":"^[^\\u0000]*$",
   "description":"which one, where the file has several"},
  "parameters":{"type":"object","description":"what is no string is taken as its JSON",
   "propertyNames":{"pattern":"^[^=\\u0000]+$"},"additionalProperties":{"anyOf":[
   {"type":"string","pattern":"^[^\\u0000]*$"},{"type":["number","boolean"]}]}}}},
 {"type":"object","required":["again"],"additionalProperties":false,"properties":{
  "again":{"type":"string","pattern":"^[a-z2-7]{26}$","description":"of a run to start again"},
  "parameters":{"type":"object","description":"over those that it had",
   "propertyNames":{"pattern":"^[^=\\u0000]+$"},"additionalProperties":{"anyOf":[
   {"type":"string","pattern":"^[^\\u0000]*$"},{"type":["number","boolean"]}]}}}}]},
"Push":{"oneOf":[
 {"type":"object","required":["revision"],"additionalProperties":false,"properties":{
  "revision":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_./-]*$","maxLength":200,
   "description":"a commit, branch or tag; without a repository, of those the project has"},
  "repository":{"type":"string","pattern":"^[a-z]+://[^\\s\\u0000]+$","maxLength":2000,
   "description":"where it is fetched from"},
  "branch":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_./-]*$","maxLength":200,
   "description":"of the project, which the revision becomes the tip of; main without"},
  "parameters":{"type":"object","additionalProperties":true,
   "description":"of the run; what is no string is taken as its JSON"}}},
 {"type":"object","required":["again"],"additionalProperties":false,"properties":{
  "again":{"type":"string","pattern":"^[a-z2-7]{26}$","description":"of a delivery's run"},
  "parameters":{"type":"object","additionalProperties":true,
   "description":"over those that it had"}}}]},
"Event":{"description":"One of its kinds; schema/event.proto has all of its fields.",
 "propertyNames":{"$ref":"#/components/schemas/FieldName"},"oneOf":[
 {"type":"object","required":["run_key","run_state"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"run_state":{
   "type":"object","propertyNames":{"$ref":"#/components/schemas/FieldName"}}}},
 {"type":"object","required":["run_key","graph"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"graph":{
   "type":"object","propertyNames":{"$ref":"#/components/schemas/FieldName"}}}},
 {"type":"object","required":["run_key","task_state"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"task_state":{"type":"object",
   "propertyNames":{"$ref":"#/components/schemas/FieldName"},
   "required":["path","state"],"properties":{"path":{"type":"string","minLength":1},
   "state":{"anyOf":[{"type":"integer","minimum":1,"maximum":11},{"type":"string","enum":["PENDING",
   "QUEUED","RUNNING","SUCCEEDED","FAILED","SKIPPED","CACHED","RETRYING","SUSPENDED","CANCELLED",
   "UNKNOWN"]}]}}}}},
 {"type":"object","required":["run_key","log_bytes"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"log_bytes":{"type":"object",
   "propertyNames":{"$ref":"#/components/schemas/FieldName"},
   "required":["path"],"properties":{"path":{"type":"string","minLength":1}}}}},
 {"type":"object","required":["run_key","metric_points"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"metric_points":{"type":"object",
   "propertyNames":{"$ref":"#/components/schemas/FieldName"},
   "required":["name","value"],"properties":{"name":{"type":"string","minLength":1},
   "value":{"anyOf":[{"$ref":"#/components/schemas/Value"},{"type":"array","minItems":1,
   "items":{"$ref":"#/components/schemas/Value"}}]}}}}},
 {"type":"object","required":["run_key","progress"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"progress":{
   "type":"object","propertyNames":{"$ref":"#/components/schemas/FieldName"}}}},
 {"type":"object","required":["run_key","artifact"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"artifact":{"type":"object",
   "propertyNames":{"$ref":"#/components/schemas/FieldName"},
   "required":["name"],"properties":{"name":{"type":"string","minLength":1}}}}},
 {"type":"object","required":["run_key","heartbeat"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"heartbeat":{
   "type":"object","propertyNames":{"$ref":"#/components/schemas/FieldName"}}}},
 {"type":"object","required":["run_key","loss"],"properties":{
  "run_key":{"$ref":"#/components/schemas/RunKey"},"loss":{
   "type":"object","propertyNames":{"$ref":"#/components/schemas/FieldName"}}}}]},
"Value":{"anyOf":[{"type":"number"},{"type":"string",
 "pattern":"^(-?(0|[1-9][0-9]{0,15})(\\.[0-9]{1,15})?|NaN|-?Infinity)$"}]},
"FieldName":{"type":"string","pattern":"^[A-Za-z_][A-Za-z0-9_]*$"},
"RunKey":{"type":"string","pattern":"^[a-z2-7]{26}$"},
"Launched":{"type":"object","required":["run_key"],"additionalProperties":false,
 "properties":{"run_key":{"type":"string"}}})json";

}  // namespace

Operation healthz() {
  return {"Whether the process runs", {}, {}, {Answer{200, "it does", kText}}};
}

Operation readyz() {
  return {"Whether the process can do its work",
          {},
          {},
          {Answer{200, "it can; a line for each source that it cannot read", kText},
           Answer{503, "a line for each thing that is away", kText}}};
}

Operation metrics() {
  return {"What the process counts, for Prometheus", {}, {}, {Answer{200, "counters", kText}}};
}

Operation openapi() {
  return {"This document", {}, {}, {Answer{200, "OpenAPI 3.1", kJson, R"({"type":"object"})"}}};
}

Operation link() {
  return {"Make the code of a link, with which one browser acts for the owner",
          {},
          {},
          {Answer{200, "the code, for http://HOST:PORT/#code=…", kJson, "LinkCode"}}};
}

Operation session() {
  return {
      "Change a link's code for a token; a code is good once",
      {},
      R"("application/json":{"schema":{"$ref":"#/components/schemas/Code"}})",
      {Answer{200, "the token", kJson, "SessionToken"},
       Answer{403, "there is no such code any more"}, Answer{429, "too many wrong codes came"}}};
}

Operation signed_address() {
  return {"An address that opens one path for minutes, without a token",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/Path"}})",
          {Answer{200, "the path, signed", kJson, "SignedAddress"}}};
}

Operation post_events() {
  return {
      "Events of runs; answered when they are on disk",
      {},
      kEventsBody,
      {Answer{200, "how many were taken, and which lines were not", kJson, "EventsAnswer"},
       Answer{400, "nothing was taken", kJson, "EventsAnswer"}, Answer{507, "the disk is full"}}};
}

Operation rejected() {
  return {"The last refused inputs and why, newest first",
          {},
          {},
          {Answer{200, "as it is now", kJson, "Rejected"}}};
}

Operation sources() {
  return view("The sources that this process was given, and what keeps them from being read",
              "SourceList");
}

Operation runs() { return view("Runs, newest first", "RunList", kRunsQuery); }

Operation post_runs() {
  return {"Start a run on this machine",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/Launch"}})",
          {Answer{202, "it starts", kJson, "Launched"},
           Answer{404, "there is no such file, folder or run"}, Answer{507, "the disk is full"}}};
}

Operation post_pushes() {
  return {"Deliver a revision that no git client pushes: fetched, an earlier one, or again",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/Push"}})",
          {Answer{202, "it begins", kJson, "Launched"},
           Answer{404, "there is no such project, revision or delivery"},
           Answer{409, "it was delivered too often"}}};
}

Operation cancel() {
  return {"Ask the run to stop",
          {},
          {},
          {Answer{202, "it was asked", kJson, R"({"type":"object"})"}, Answer{409, "it has ended"},
           Answer{507, "the disk is full"}}};
}

Operation run() {
  return view("One run, with its tasks, series and artifacts", "RunView", kRunQuery);
}

Operation run_events() {
  return {"What was told of the run, in the order of the log",
          kRunEventsQuery,
          {},
          {Answer{200, "an Event a line, with its position", "application/x-ndjson"}}};
}

Operation graph() { return view("Where each task is drawn", "GraphLayout"); }

Operation task() { return view("One task", "TaskView"); }

Operation log() {
  return {
      "Output of a task, byte for byte",
      kLogQuery,
      {},
      {Answer{200, "all of it, or from where the query says", kText},
       Answer{206, "the range that was asked for", kText}, Answer{416, "there are no such bytes"}}};
}

Operation series() {
  return view("Points of a series, for so many pixel columns", "SeriesPoints", kSeriesQuery);
}

Operation artifact() { return view("One artifact with its metadata", "ArtifactView"); }

Operation live() {
  return {"A WebSocket: ClientFrame in, ServerMessage out (schema/view.proto)",
          {},
          {},
          {Answer{101, "it is one now"}, Answer{404, "it is nothing else"},
           Answer{426, "of version 13"}}};
}

Operation visualizations() {
  return view("Visualizations, newest first", "VisualizationList", kVisualizationsQuery);
}

Operation post_visualization() {
  return {"Have something drawn",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/WantedVisualization"}})",
          {Answer{200, "the same was drawn before: it is there", kJson, "VisualizationId"},
           Answer{202, "it waits, or is being drawn", kJson, "VisualizationId"},
           Answer{404, "no worker that is here draws that type"}, Answer{507, "the disk is full"}}};
}

Operation visualization_types() {
  return {"What can be drawn, with the arguments of each",
          {},
          {},
          {Answer{200, "by name", kJson, "VisualizationTypes"}}};
}

Operation visualization() { return view("One visualization, with its parts", "Visualization"); }

Operation cancel_visualization() {
  return {"Stop drawing it",
          {},
          {},
          {Answer{204, "it was stopped, or had ended"}, Answer{507, "the disk is full"}}};
}

Operation visualization_part() {
  return {"What was drawn, in a sandbox of its own",
          kVersionQuery,
          {},
          {Answer{200, "all of it, in the type that the worker gave it", "*/*", "{}"},
           Answer{206, "the range that was asked for", "*/*", "{}"},
           Answer{416, "there are no such bytes"}}};
}

Operation shown_part() {
  return {"A step of a run shows something, as a body of any type",
          kShownQuery,
          R"("*/*":{})",
          {Answer{204, "it is kept"}, Answer{507, "the disk is full"}}};
}

Operation render_types() {
  return {"A worker tells what it can draw",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/WorkerTypes"}})",
          {Answer{204, "it is known"}}};
}

Operation render_leases() {
  return {"A worker waits for jobs",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/WantedLeases"}})",
          {Answer{200, "jobs, or none when none came", kJson, "Leases"},
           Answer{404, "it did not tell what it can draw"}, Answer{507, "the disk is full"}}};
}

Operation render_beat() {
  return {"A worker lives, and how far it is",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/Beat"}})",
          {Answer{200, "whether to stop", kJson, "BeatAnswer"}, Answer{410, "the lease is over"},
           Answer{507, "the disk is full"}}};
}

Operation render_done() {
  return {"How a job ended",
          {},
          R"("application/json":{"schema":{"$ref":"#/components/schemas/JobEnd"}})",
          {Answer{204, "it is known"}, Answer{410, "the lease is over"},
           Answer{507, "the disk is full"}}};
}

Operation render_part() {
  return {"A part of what is drawn, as a body of any length",
          kPartQuery,
          R"("*/*":{"schema":{"type":"string"}})",
          {Answer{204, "it is kept"}, Answer{410, "the lease is over"},
           Answer{507, "the disk is full"}}};
}

std::string schemas() { return std::string(kSchemas) + std::string(kJobSchemas); }

}  // namespace telltale::main::operations
