// Reader: one page: a live connection that subscribes to a run and to a task's output, keeps what
// the frames say, loses the connection now and then and comes back with `since`. Lives in a World.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "ports/runtime.h"
#include "schema/view.pb.h"
#include "serve/live_session.h"

namespace telltale::sim {

class Reader final : public ports::Transport {
 public:
  struct Faults {
    bool drop_removed = false;  // of the planted bugs: what the frames lose on their way
    bool lose_frames = false;
    bool lose_log_offset = false;
  };

  Reader(ports::Runtime& runtime, RunKey run, Faults faults);

  void connect(serve::LiveViews& views, serve::RunList& runs, Counters& counters);
  void disconnect();
  bool connected() const { return session_ != nullptr; }
  // Takes the message that lies in the socket, if one does; the sender may go on.
  void take();

  void send(std::string message) override;
  void close() override { closing_ = true; }

  const RunKey& run() const { return run_; }
  const std::map<std::string, schema::TaskView>& tasks() const { return tasks_; }
  const std::map<std::string, schema::SeriesView>& series() const { return series_; }
  const std::string& log() const { return log_; }
  const std::string& trouble() const { return trouble_; }
  std::uint64_t reconnects() const { return reconnects_; }

 private:
  void subscribe(std::uint32_t id, const std::string& path);
  void apply(const schema::ServerFrame& frame);
  void apply_run(const schema::ServerFrame& frame);
  void apply_log(const schema::ServerFrame& frame);

  ports::Runtime& runtime_;
  const RunKey run_;
  const Faults faults_;
  std::unique_ptr<serve::LiveSession> session_;
  std::deque<std::string> socket_;
  bool closing_ = false;
  std::map<std::uint32_t, std::string> positions_;
  std::map<std::string, schema::TaskView> tasks_;
  std::map<std::string, schema::SeriesView> series_;
  std::string log_;
  std::string trouble_;
  std::uint64_t reconnects_ = 0;
};

}  // namespace telltale::sim
