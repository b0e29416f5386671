#include "jobs/job_answer.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "base/check.h"

namespace telltale::jobs {

PathBelow path_below(std::string_view root, std::string_view path) {
  path.remove_prefix(std::min(path.size(), root.size() + 1));
  const std::string_view id = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), id.size() + 1));
  return {std::string(id), std::string(path)};
}

std::map<std::string, std::uint32_t> positions_of(const JobQueue& queue) {
  std::map<std::string, std::uint32_t> positions;
  for (const Job* job : queue.waiting())
    positions.emplace(job->id, static_cast<std::uint32_t>(positions.size() + 1));
  return positions;
}

std::string json_of(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  const bool written = google::protobuf::util::MessageToJsonString(message, &text, options).ok();
  CHECK(written, "a {} that cannot be written as JSON", message.GetTypeName());
  return text;
}

std::string job_json(const JobQueue& queue, const Job& job) {
  const auto positions = positions_of(queue);
  const auto found = positions.find(job.id);
  return json_of(view_of(job, found == positions.end() ? 0 : found->second));
}

std::string list_json(const JobQueue& queue, const std::string& run_key,
                      const std::string& task_id) {
  const auto positions = positions_of(queue);
  schema::VisualizationList list;
  for (auto at = queue.all().rbegin(); at != queue.all().rend(); ++at) {
    const Job& job = *queue.find(at->second);
    if (!run_key.empty() && job.wanted.run_key() != run_key) continue;
    if (!task_id.empty() && job.wanted.task_id() != task_id) continue;
    const auto found = positions.find(job.id);
    *list.add_visualizations() = view_of(job, found == positions.end() ? 0 : found->second);
    if (static_cast<std::size_t>(list.visualizations_size()) == kListed) break;
  }
  return json_of(list);
}

bool is_content_type(std::string_view text) {
  return text.size() <= 128 && text.find('/') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

ports::HttpResponse json_answer(int status, std::string body) {
  ports::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

ports::HttpResponse no_content() {
  ports::HttpResponse response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

ports::HttpResponse no_such_job() {
  return ports::problem({ErrorCode::not_found,
                         "There is no such visualization, or it has made room for newer ones."});
}

}  // namespace telltale::jobs
