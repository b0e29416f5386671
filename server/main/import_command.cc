#include "main/import_command.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/limits.h"
#include "main/recording.h"
#include "main/server_client.h"

namespace telltale::main {
namespace {

using Clock = std::chrono::steady_clock;

// Sends what it is given in bodies of a bounded size, each until it is taken.
class Sender {
 public:
  explicit Sender(ServerClient server) : server_(std::move(server)) {}

  Status add(const schema::Event& event) {
    if (seen_.insert(event.run_key()).second) {
      fmt::print("{}\n", event.run_key());
      std::fflush(stdout);
    }
    google::protobuf::io::StringOutputStream stream(&body_);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.WriteVarint32(static_cast<std::uint32_t>(event.ByteSizeLong()));
    event.SerializeToCodedStream(&out);
    out.Trim();
    ++events_;
    return body_.size() < limits::kImportBodyBytes ? Status(Done{}) : flush();
  }

  Status flush() {
    if (body_.empty()) return Done{};
    const auto deadline = Clock::now() + std::chrono::microseconds(limits::kImportPatienceUs);
    while (true) {
      const Result<ServerClient::Answer> answer =
          server_.send("/api/v1/events", "application/x-protobuf", body_);
      const bool refused_for_now = answer.ok() && (answer->status == 429 || answer->status == 503);
      if (answer.ok() && !refused_for_now) {
        body_.clear();
        return check(answer.value());
      }
      // Until it took something once it may be the wrong address.
      if ((!answer.ok() && !taken_) || Clock::now() >= deadline) {
        return answer.ok() ? Error{ErrorCode::unavailable, field_of(answer->body, "detail")}
                           : answer.error();
      }
      const std::int64_t pause_s =
          answer.ok() ? std::max<std::int64_t>(answer->retry_after_s, 1) : 1;
      std::this_thread::sleep_for(std::chrono::seconds(std::min<std::int64_t>(pause_s, 30)));
    }
  }

  std::uint64_t events() const { return events_; }
  std::size_t runs() const { return seen_.size(); }

 private:
  Status check(const ServerClient::Answer& answer) {
    taken_ = true;
    if (answer.status == 200 && answer.body.find("\"rejected\":[]") != std::string::npos)
      return Done{};
    const std::string detail = field_of(answer.body, "detail");
    return Error{ErrorCode::internal,
                 fmt::format("The server answered {}: {}", answer.status,
                             detail.empty() ? answer.body.substr(0, 1'000) : detail)};
  }

  ServerClient server_;
  std::string body_;
  std::set<std::string> seen_;
  std::uint64_t events_ = 0;
  bool taken_ = false;
};

Status send_told(const Recording& recording, Sender& sender) {
  for (const schema::Event& event : recording.events()) {
    if (Status sent = sender.add(event); !sent.ok()) return sent;
  }
  return Done{};
}

void tell_unreadable(const Recording& recording) {
  if (recording.unreadable() == 0) return;
  fmt::print(stderr, "telltale: {}: {} of {} lines are no whole event of a watch\n",
             recording.path(), recording.unreadable(), recording.lines());
}

// One after the other, as fast as they are taken.
Status play_at_once(const ImportConfig& config, const std::vector<std::string>& files,
                    Sender& sender) {
  for (const std::string& file : files) {
    auto recording = Recording::open(file, config.cluster);
    if (!recording.ok()) return recording.error();
    while (recording.value()->next()) {
      if (Status sent = send_told(**recording, sender); !sent.ok()) return sent;
    }
    if (Status sent = sender.flush(); !sent.ok()) return sent;
    tell_unreadable(**recording);
  }
  return Done{};
}

// Side by side, each line when it was due.
Status play_in_time(const ImportConfig& config, double speed, const std::vector<std::string>& files,
                    Sender& sender) {
  std::vector<std::unique_ptr<Recording>> playing;
  for (const std::string& file : files) {
    auto recording = Recording::open(file, config.cluster);
    if (!recording.ok()) return recording.error();
    if (recording.value()->next()) playing.push_back(recording.take());
  }
  const auto begin = Clock::now();
  while (!playing.empty()) {
    const auto first =
        std::min_element(playing.begin(), playing.end(),
                         [](const auto& a, const auto& b) { return a->due_us() < b->due_us(); });
    const auto due = begin + std::chrono::microseconds(static_cast<std::int64_t>(
                                 static_cast<double>((*first)->due_us()) / speed));
    if (due > Clock::now()) {
      if (Status sent = sender.flush(); !sent.ok()) return sent;
      std::this_thread::sleep_until(due);
    }
    if (Status sent = send_told(**first, sender); !sent.ok()) return sent;
    if ((*first)->next()) continue;
    tell_unreadable(**first);
    playing.erase(first);
  }
  return sender.flush();
}

// Pods and times are played with the workflows they stand beside.
std::vector<std::string> workflow_files(const std::vector<std::string>& given) {
  std::vector<std::string> files;
  for (const std::string& file : given) {
    const bool beside = file.find(".pods.jsonl") != std::string::npos ||
                        (file.size() > 6 && file.substr(file.size() - 6) == ".times");
    if (!beside) files.push_back(file);
  }
  return files;
}

}  // namespace

Status import_command(const ImportConfig& config) {
  Result<ServerClient> server = ServerClient::of(config.url, "--to");
  if (!server.ok()) return server.error();
  char* end = nullptr;
  const double speed = std::strtod(config.speed.c_str(), &end);
  const bool at_once = config.speed == "max";
  if (!at_once && (*end != '\0' || !(speed > 0) || speed > 1e6)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("--speed {} is neither a number above 0 nor max.", config.speed)};
  }
  const std::vector<std::string> files = workflow_files(config.files);
  if (files.empty())
    return Error{ErrorCode::invalid_argument, "Name at least one NAME.jsonl or NAME.jsonl.gz."};
  Sender sender(server.take());
  const Status played =
      at_once ? play_at_once(config, files, sender) : play_in_time(config, speed, files, sender);
  if (!played.ok()) return played;
  fmt::print(stderr, "telltale: {} runs, {} events\n", sender.runs(), sender.events());
  return Done{};
}

}  // namespace telltale::main
