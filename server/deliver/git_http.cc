#include "deliver/git_http.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "deliver/git_limits.h"
#include "deliver/inflated_body.h"

namespace telltale::deliver {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReceive = "git-receive-pack";
constexpr std::string_view kUpload = "git-upload-pack";
// Of whoever started the server: they would lead git to another repository or configuration.
const std::vector<std::string> kNotPassedOn = {"GIT_DIR",
                                               "GIT_WORK_TREE",
                                               "GIT_INDEX_FILE",
                                               "GIT_NAMESPACE",
                                               "GIT_OBJECT_DIRECTORY",
                                               "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                               "GIT_CONFIG",
                                               "GIT_CONFIG_PARAMETERS",
                                               "GIT_PROTOCOL",
                                               "TELLTALE_TOKEN_FILE"};

// One line of git's protocol.
std::string packet(const std::string& text) {
  return fmt::format("{:04x}{}", text.size() + 4, text);
}

bool is_there(const std::string& repository) {
  std::error_code error;
  return fs::is_regular_file(repository + "/HEAD", error);
}

std::size_t entries_of(const std::string& folder) {
  std::error_code error;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder, error), fs::directory_iterator()));
}

}  // namespace

std::string project_of(std::string_view repository) {
  std::string_view name = repository;
  if (name.ends_with(".git")) name.remove_suffix(4);
  if (name.empty() || name.size() > limits::kProjectNameBytes) return "";
  if (std::isalnum(static_cast<unsigned char>(name.front())) == 0) return "";
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  });
  const bool misread = name.find("..") != std::string_view::npos || name.ends_with('.') ||
                       name.ends_with(".lock") || name.ends_with(".git");
  return plain && !misread ? std::string(name) : "";
}

struct GitHttp::Question {
  std::string project;
  std::string service;  // kReceive or kUpload
  bool advertise = false;
};

GitHttp::GitHttp(ports::Runtime& loop, ports::Processes& processes, TargetLocalOptions options)
    : loop_(loop), processes_(processes), options_(std::move(options)) {}

std::string GitHttp::repository_of(const std::string& project) const {
  return options_.data + "/git/" + project + ".git";
}

Result<GitHttp::Question> GitHttp::question_of(const ports::HttpRequest& request) const {
  std::string_view rest = request.path;
  rest.remove_prefix(std::min(rest.size(), std::string_view("/git/").size()));
  const std::string_view repository = rest.substr(0, rest.find('/'));
  rest.remove_prefix(std::min(rest.size(), repository.size() + 1));
  Question question;
  question.project = project_of(repository);
  if (question.project.empty()) {
    return Error{ErrorCode::invalid_argument, std::string(kWhatNamesAProject)};
  }
  question.advertise = rest == "info/refs";
  constexpr std::string_view kService = "service=";
  const std::string_view query = request.query;
  question.service =
      question.advertise && query.starts_with(kService) ? query.substr(kService.size()) : rest;
  if (question.service != kReceive && question.service != kUpload) {
    return Error{ErrorCode::invalid_argument,
                 "Only git's smart protocol is spoken here: use git 1.6.6 or newer."};
  }
  if (!question.advertise &&
      request.header("content-type") != fmt::format("application/x-{}-request", question.service))
    return Error{ErrorCode::invalid_argument, "This is no request of a git client."};
  return question;
}

void GitHttp::handle(ports::HttpRequest request, ports::Respond respond) {
  Result<Question> question = question_of(request);
  if (!question.ok()) {
    respond(ports::problem(question.error()));
    return;
  }
  if (sessions_.size() + making_.size() >= limits::kSessions) {
    respond(ports::problem({ErrorCode::unavailable,
                            "As many pushes and fetches are under way as this server takes."}));
    return;
  }
  if (is_there(repository_of(question->project))) {
    begin(question.value(), std::move(request), std::move(respond));
  } else if (question->service == kReceive && question->advertise) {
    make_repository(question.take(), std::move(request), std::move(respond));
  } else {
    respond(
        ports::problem({ErrorCode::not_found,
                        fmt::format("There is no project {}. It comes to be with its first push.",
                                    question->project)}));
  }
}

ports::ProcessSpec GitHttp::git(std::vector<std::string> arguments) const {
  const std::string push_bytes = std::to_string(limits::kPushBytes);
  // Of git's own settings none of the machine or of a user holds here. Nothing that was pushed is
  // taken for a hook, and what is damaged is not taken at all.
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"core.hooksPath", options_.python_path + "/delivery/hooks"},
      {"receive.advertisePushOptions", "true"},
      {"receive.maxInputSize", push_bytes},
      {"receive.fsckObjects", "true"},
      {"receive.autogc", "false"},
      {"receive.denyDeleteCurrent", "ignore"},
      {"receive.unpackLimit", "1"},
      {"core.bigFileThreshold", "16m"},
      {"pack.threads", "1"},
      {"pack.windowMemory", "64m"}};
  ports::ProcessSpec what;
  // Only the soft limit: what the hook starts is not to be bounded with it.
  what.arguments = {"/usr/bin/prlimit", fmt::format("--as={}:", limits::kSessionMemory), "git"};
  what.arguments.insert(what.arguments.end(), arguments.begin(), arguments.end());
  what.working_directory = options_.data;
  what.environment = reporting_to(options_, url_);
  what.environment.emplace_back("TELLTALE_DATA", options_.data);
  what.environment.emplace_back("TELLTALE_PYTHON", options_.python);
  what.environment.emplace_back("GIT_CONFIG_NOSYSTEM", "1");
  what.environment.emplace_back("GIT_CONFIG_GLOBAL", "/dev/null");
  what.environment.emplace_back("GIT_TERMINAL_PROMPT", "0");
  what.environment.emplace_back("GIT_CONFIG_COUNT", std::to_string(settings.size()));
  for (std::size_t i = 0; i < settings.size(); ++i) {
    what.environment.emplace_back(fmt::format("GIT_CONFIG_KEY_{}", i), settings[i].first);
    what.environment.emplace_back(fmt::format("GIT_CONFIG_VALUE_{}", i), settings[i].second);
  }
  what.without = kNotPassedOn;
  what.errors_apart = true;
  return what;
}

void GitHttp::resume_deliveries() {
  const std::string folder = options_.data + "/deliveries";
  if (entries_of(folder) + entries_of(options_.data + "/pushes") == 0) return;
  if (::access(options_.python.c_str(), X_OK) != 0) return;  // with the next start, then
  ports::ProcessSpec what;
  what.outlives = true;
  what.arguments = {options_.python, "-m", "delivery", "resume"};
  what.working_directory = options_.data;
  what.output_file = folder + "/resume.log";
  what.environment = reporting_to(options_, url_);
  what.environment.emplace_back("TELLTALE_DATA", options_.data);
  what.without = kNotPassedOn;
  auto process = processes_.start(what);
  if (!process.ok())
    spdlog::warn("deliver: deliveries that were interrupted stay so: {}", process.error().message);
}

void GitHttp::make_repository(Question question, ports::HttpRequest request,
                              ports::Respond respond) {
  if (entries_of(options_.data + "/git") >= limits::kProjects) {
    respond(ports::problem({ErrorCode::unavailable,
                            "This server has as many projects as it takes. Remove one below git/ "
                            "of its data folder."}));
    return;
  }
  auto process =
      processes_.start(git({"init", "--bare", "--quiet", "--template=", "--initial-branch=main",
                            repository_of(question.project)}));
  if (!process.ok()) {
    respond(ports::problem(process.error()));
    return;
  }
  const std::uint64_t number = next_number_++;
  ports::Process& kept = *(making_[number] = process.take());
  auto made = [this, number, question = std::move(question), request = std::move(request),
               respond = std::move(respond)](ports::ProcessEnd end) mutable {
    making_.erase(number);
    if (end == ports::ProcessEnd{}) {
      begin(question, std::move(request), std::move(respond));
    } else {
      respond(ports::problem({ErrorCode::internal,
                              "git could not make the repository; the server's output says why. "
                              "Is git installed there?"}));
    }
  };
  kept.await_end(alive_.answer<ports::ProcessEnd>(loop_, std::move(made)));
}

void GitHttp::begin(const Question& question, ports::HttpRequest request, ports::Respond respond) {
  const std::string verb = question.service.substr(std::string_view("git-").size());
  std::vector<std::string> arguments = {verb, "--stateless-rpc"};
  if (question.advertise) arguments.emplace_back("--advertise-refs");
  arguments.push_back(repository_of(question.project));
  ports::ProcessSpec what = git(std::move(arguments));
  what.environment.emplace_back("TELLTALE_PROJECT", question.project);
  what.environment.emplace_back("TELLTALE_BY", request.caller);
  what.environment.emplace_back("TELLTALE_PUSH", fmt::format("{:016x}", loop_.random()));
  auto process = processes_.start(what);
  if (!process.ok()) {
    respond(ports::problem(process.error()));
    return;
  }
  std::unique_ptr<ports::Body> input = std::move(request.body);
  const std::size_t most = question.service == kReceive ? limits::kPushBytes : limits::kFetchBytes;
  if (input != nullptr && !request.header("content-encoding").empty())
    input = std::make_unique<InflatedBody>(loop_, std::move(input), most);
  const std::uint64_t number = next_number_++;
  auto session = std::make_shared<GitSession>(loop_, process.take());
  sessions_[number] = session;
  const bool pushed = question.service == kReceive && !question.advertise;
  auto ended = [this, number, pushed](const ports::ProcessEnd& end) {
    sessions_.erase(number);
    // It may have written branches, and not come to the hook that begins their deliveries.
    if (pushed && end != ports::ProcessEnd{}) resume_deliveries();
  };
  const std::string head =
      question.advertise ? packet("# service=" + question.service + "\n") + "0000" : "";
  session->begin(std::move(input), head,
                 fmt::format("application/x-{}-{}", question.service,
                             question.advertise ? "advertisement" : "result"),
                 std::move(respond), alive_.call<ports::ProcessEnd>(std::move(ended)));
}

}  // namespace telltale::deliver
