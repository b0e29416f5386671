// GitHttp: git's smart HTTP at /git/PROJECT.git, by git's own receive-pack and upload-pack. A
// project comes to be at its first push, as a bare repository below DATA/git. Nothing of what is
// pushed is run here: the hook (python/delivery/hooks) starts a delivery and lets the pushing
// terminal watch it. Lives on serve's loop; never waits for a process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "deliver/git_session.h"
#include "deliver/target_local.h"
#include "ports/alive.h"

namespace telltale::deliver {

// "demo" of "demo.git" or "demo"; "" for what is no name of a project: letters, digits, "._-", and
// nothing that a path or git takes for something else.
std::string project_of(std::string_view repository);
inline constexpr std::string_view kWhatNamesAProject =
    "A project's name is up to 64 letters, digits, '.', '_' and '-', and begins with a letter or a "
    "digit.";

class GitHttp final : public ports::HttpHandler {
 public:
  // All outlive this.
  GitHttp(ports::Runtime& loop, ports::Processes& processes, TargetLocalOptions options);

  // Where deliveries report to; before the first request.
  void set_url(std::string url) { url_ = std::move(url); }
  // Deliveries that ended without a word go on where they were; pushes that did before their
  // delivery get one. When requests are taken, and when a push has ended badly.
  void resume_deliveries();
  // GET …/info/refs?service=git-receive-pack and POST …/git-receive-pack, and both of
  // git-upload-pack.
  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  struct Question;
  Result<Question> question_of(const ports::HttpRequest& request) const;
  std::string repository_of(const std::string& project) const;
  ports::ProcessSpec git(std::vector<std::string> arguments) const;
  void make_repository(Question question, ports::HttpRequest request, ports::Respond respond);
  void begin(const Question& question, ports::HttpRequest request, ports::Respond respond);

  ports::Runtime& loop_;
  ports::Processes& processes_;
  const TargetLocalOptions options_;
  std::string url_;
  std::map<std::uint64_t, std::shared_ptr<GitSession>> sessions_;  // whose process has not ended
  std::map<std::uint64_t, std::unique_ptr<ports::Process>> making_;
  std::uint64_t next_number_ = 1;
  ports::Alive alive_;
};

}  // namespace telltale::deliver
