// job_answer: jobs as JSON, for answers and streams; and which job or lease a path names. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "jobs/job_queue.h"
#include "ports/http_handler.h"

namespace telltale::jobs {

inline constexpr std::string_view kUserRoot = "/api/v1/visualizations";
inline constexpr std::string_view kLeaseRoot = "/api/v1/render/leases";

// "ID" and "parts/3" of ROOT/ID/parts/3.
struct PathBelow {
  std::string id;
  std::string rest;
};
PathBelow path_below(std::string_view root, std::string_view path);

// Which place each job that waits has: 1 is next.
std::map<std::string, std::uint32_t> positions_of(const JobQueue& queue);

std::string json_of(const google::protobuf::Message& message);
// A job, or the newest ones of a run and task where those are told.
std::string job_json(const JobQueue& queue, const Job& job);
std::string list_json(const JobQueue& queue, const std::string& run_key,
                      const std::string& task_id);

// type/subtype with parameters, in characters that a header may have.
bool is_content_type(std::string_view text);

ports::HttpResponse json_answer(int status, std::string body);
ports::HttpResponse no_content();
ports::HttpResponse no_such_job();

}  // namespace telltale::jobs
