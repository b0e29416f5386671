#include "deliver/git_session.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "deliver/git_limits.h"

namespace telltale::deliver {

class GitSession::Output final : public ports::Body {
 public:
  explicit Output(std::shared_ptr<GitSession> session) : session_(std::move(session)) {}
  ~Output() override { session_->stop(); }
  void read(std::size_t most, ports::Completion<Result<std::string>> done) override {
    session_->wanted_.emplace(Wanted{most, std::move(done)});
    session_->give();
    session_->pump_out();
  }

 private:
  std::shared_ptr<GitSession> session_;
};

GitSession::GitSession(ports::Runtime& loop, std::unique_ptr<ports::Process> process)
    : loop_(loop), process_(std::move(process)) {}

void GitSession::begin(std::unique_ptr<ports::Body> input, std::string head,
                       std::string content_type, ports::Respond respond,
                       UniqueFunction<void(ports::ProcessEnd)> ended) {
  input_ = std::move(input);
  output_ = std::move(head);
  content_type_ = std::move(content_type);
  respond_.emplace(std::move(respond));
  unanswered_ = shared_from_this();
  process_->await_end({loop_, std::move(ended)});
  const auto too_long = [weak = weak_from_this()] {
    if (const auto session = weak.lock()) session->stop();
  };
  loop_.post_after(limits::kSessionUs, too_long);
  pump_out();
  pump_in();
}

void GitSession::stop() {
  process_->signal(SIGTERM);
  loop_.post_after(limits::kGraceUs, [weak = weak_from_this()] {
    if (const auto session = weak.lock()) session->process_->signal(SIGKILL);
  });
}

void GitSession::pump_in() {
  if (input_ == nullptr) {
    process_->end_input();
    answer();
    return;
  }
  input_->read(limits::kPieceBytes, {loop_, [weak = weak_from_this()](Result<std::string> piece) {
                                       if (const auto session = weak.lock())
                                         session->took(std::move(piece));
                                     }});
}

void GitSession::took(Result<std::string> piece) {
  if (!piece.ok()) {
    const auto self = std::exchange(unanswered_, nullptr);
    (*std::exchange(respond_, std::nullopt))(ports::problem(piece.error()));
    stop();
    return;
  }
  if (piece->empty()) {
    input_.reset();
    pump_in();
    return;
  }
  process_->write(piece.take(), {loop_, [weak = weak_from_this()](Status written) {
                                   const auto session = weak.lock();
                                   if (session == nullptr) return;
                                   // git has said all it has to say to this: why, it says itself.
                                   if (!written.ok()) session->input_.reset();
                                   session->pump_in();
                                 }});
}

void GitSession::answer() {
  const auto self = std::exchange(unanswered_, nullptr);
  ports::HttpResponse response;
  response.content_type = content_type_;
  response.headers.emplace_back("cache-control", "no-cache, max-age=0, must-revalidate");
  response.stream = std::make_unique<Output>(shared_from_this());
  response.length = ports::kUntilItsEnd;
  (*std::exchange(respond_, std::nullopt))(std::move(response));
}

void GitSession::pump_out() {
  if (reading_ || output_over_ || output_.size() >= limits::kAheadBytes) return;
  reading_ = true;
  process_->read(limits::kPieceBytes, {loop_, [weak = weak_from_this()](Result<std::string> piece) {
                                         if (const auto session = weak.lock())
                                           session->said(std::move(piece));
                                       }});
}

void GitSession::said(Result<std::string> piece) {
  reading_ = false;
  output_over_ = !piece.ok() || piece->empty();
  if (!output_over_) output_ += *piece;
  give();
  pump_out();
}

void GitSession::give() {
  if (!wanted_ || (output_.empty() && !output_over_)) return;
  Wanted wanted = *std::exchange(wanted_, std::nullopt);
  const std::size_t size = std::min(wanted.most, output_.size());
  std::string bytes = output_.substr(0, size);
  output_.erase(0, size);
  wanted.done(std::move(bytes));
}

}  // namespace telltale::deliver
