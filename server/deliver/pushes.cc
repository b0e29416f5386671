#include "deliver/pushes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/utf8.h"
#include "deliver/git_http.h"
#include "deliver/git_limits.h"

namespace telltale::deliver {
namespace {

// What the process ends with, where it has begun a delivery and where it refuses one
// (python/delivery/asked.py).
constexpr int kBegun = 0;
constexpr int kNotFound = 3;
constexpr int kConflict = 4;
constexpr int kWrong = 5;

std::string project_in(std::string_view path) {
  constexpr std::string_view kBefore = "/api/v1/projects/";
  path.remove_prefix(std::min(path.size(), kBefore.size()));
  return project_of(path.substr(0, path.find('/')));
}

ports::HttpResponse answer_of(const ports::ProcessEnd& end, const std::string& said) {
  if (end.signal == 0 && end.status == kWrong)
    return ports::problem({ErrorCode::invalid_argument, said});
  if (end.signal == 0 && end.status == kNotFound)
    return ports::problem({ErrorCode::not_found, said});
  if (end.signal == 0 && end.status == kConflict) return ports::problem(409, "conflict", said);
  const auto key = RunKey::parse(said);
  if (end != ports::ProcessEnd{.status = kBegun} || !key) {
    return ports::problem(
        {ErrorCode::internal, "The delivery could not be begun; the server's output says why."});
  }
  ports::HttpResponse response;
  response.status = 202;
  response.body = fmt::format("{{\"run_key\":\"{}\"}}\n", key->text());
  response.headers.emplace_back("location", "/api/v1/runs/" + key->text());
  return response;
}

}  // namespace

Pushes::Pushes(ports::Runtime& loop, ports::Processes& processes, TargetLocalOptions options)
    : loop_(loop), processes_(processes), options_(std::move(options)) {}

ports::ProcessSpec Pushes::asking(const std::string& project, const std::string& caller) const {
  ports::ProcessSpec what;
  what.arguments = {options_.python, "-m", "delivery", "asked"};
  what.working_directory = options_.data;
  what.environment = reporting_to(options_, url_);
  what.environment.emplace_back("TELLTALE_DATA", options_.data);
  what.environment.emplace_back("TELLTALE_PROJECT", project);
  what.environment.emplace_back("TELLTALE_BY", caller);
  what.environment.emplace_back("TELLTALE_PROJECTS_LIMIT", std::to_string(limits::kProjects));
  what.without = {"TELLTALE_TOKEN_FILE"};
  what.errors_apart = true;
  return what;
}

void Pushes::handle(ports::HttpRequest request, std::string body, ports::Respond respond) {
  const std::string project = project_in(request.path);
  if (project.empty()) {
    respond(ports::problem({ErrorCode::invalid_argument, std::string(kWhatNamesAProject)}));
    return;
  }
  if (asked_.size() >= limits::kSessions) {
    respond(ports::problem(
        {ErrorCode::unavailable, "As many deliveries are begun right now as this server takes."}));
    return;
  }
  if (::access(options_.python.c_str(), X_OK) != 0) {
    respond(ports::problem(
        {ErrorCode::unavailable,
         fmt::format("Python is not set up yet: there is no {}. `make setup` makes it.",
                     options_.python)}));
    return;
  }
  auto process = processes_.start(asking(project, request.caller));
  if (!process.ok()) {
    respond(ports::problem(process.error()));
    return;
  }
  const std::uint64_t number = next_number_++;
  Asked& asked = asked_.emplace(number, Asked{process.take(), std::move(respond)}).first->second;
  auto written = [this, number](const Status&) {
    const auto found = asked_.find(number);
    if (found == asked_.end()) return;
    // Where it did not want all of it, it says why.
    found->second.process->end_input();
    read(number);
  };
  asked.process->write(std::move(body), alive_.answer<Status>(loop_, std::move(written)));
  loop_.post_after(limits::kAskedUs, alive_.task([this, number] {
    const auto found = asked_.find(number);
    if (found != asked_.end()) found->second.process->signal(SIGKILL);
  }));
}

void Pushes::read(std::uint64_t number) {
  auto piece = [this, number](Result<std::string> said) { took(number, std::move(said)); };
  asked_.at(number).process->read(limits::kPieceBytes,
                                  alive_.answer<Result<std::string>>(loop_, std::move(piece)));
}

void Pushes::took(std::uint64_t number, Result<std::string> piece) {
  Asked& asked = asked_.at(number);
  if (piece.ok() && !piece->empty()) {
    // A sentence; what goes on beyond that is none.
    if (asked.said.size() < limits::kPieceBytes) asked.said += *piece;
    read(number);
    return;
  }
  auto done = [this, number](const ports::ProcessEnd& end) { ended(number, end); };
  asked.process->await_end(alive_.answer<ports::ProcessEnd>(loop_, std::move(done)));
}

void Pushes::ended(std::uint64_t number, const ports::ProcessEnd& end) {
  Asked asked = std::move(asked_.at(number));
  asked_.erase(number);
  std::string said = to_valid_utf8(asked.said);
  while (said.ends_with('\n')) said.pop_back();
  asked.respond(answer_of(end, said));
}

}  // namespace telltale::deliver
