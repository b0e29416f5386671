#include "jobs/job_stream.h"

#include <string>
#include <utility>

#include "base/query.h"
#include "jobs/job_answer.h"

namespace telltale::jobs {
namespace {

// What is watched: one job, or the list of a run and task.
struct Watched {
  std::string job;
  std::string run_key;
  std::string task_id;
};

class JobSession final : public ports::Session, public JobListener {
 public:
  JobSession(ports::Runtime& loop, JobDesk& desk, ports::Transport& transport, Watched watched)
      : loop_(loop), desk_(desk), transport_(transport), watched_(std::move(watched)) {
    desk_.add(*this);
  }
  ~JobSession() override { desk_.remove(*this); }

  void start() override {
    started_ = true;
    tell();
  }
  void received(std::string_view) override {}
  void sent() override {
    sending_ = false;
    later();
  }
  void jobs_changed() override {
    changed_ = true;
    later();
  }

 private:
  // Not at once: several records come together, and a person reads no faster.
  void later() {
    if (!started_ || sending_ || !changed_ || due_) return;
    due_ = true;
    loop_.post_after(kFrameGapUs, alive_.task([this] {
      due_ = false;
      if (!sending_) tell();
    }));
  }

  void tell() {
    changed_ = false;
    std::string text;
    if (watched_.job.empty()) {
      text = list_json(desk_.queue(), watched_.run_key, watched_.task_id);
    } else if (const Job* job = desk_.queue().find(watched_.job); job != nullptr) {
      text = job_json(desk_.queue(), *job);
    }
    if (text.empty() || text == told_) return;
    told_ = text;
    sending_ = true;
    transport_.send("data: " + text + "\n\n");
  }

  ports::Runtime& loop_;
  JobDesk& desk_;
  ports::Transport& transport_;
  const Watched watched_;
  std::string told_;
  bool started_ = false;
  bool sending_ = false;
  bool changed_ = false;
  bool due_ = false;
  ports::Alive alive_;
};

}  // namespace

std::unique_ptr<ports::Session> JobStreams::open(const ports::HttpRequest& request,
                                                 ports::Transport& transport) {
  const auto query = parse_query(request.query);
  Watched watched{.job = path_below(kUserRoot, request.path).id,
                  .run_key = query_text(query, "run"),
                  .task_id = query_text(query, "task")};
  if (!watched.job.empty() && desk_.queue().find(watched.job) == nullptr) return nullptr;
  return std::make_unique<JobSession>(loop_, desk_, transport, std::move(watched));
}

}  // namespace telltale::jobs
