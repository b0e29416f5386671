// AsioRuntime: a Runtime that is one thread with one io_context. `main` owns it and starts it
// before, and joins it after, whatever lives on it. serve's sockets use context() to live on the
// same loop.
#pragma once

#include <memory>

#include "base/result.h"
#include "ports/runtime.h"

namespace boost::asio {
class io_context;
}

namespace telltale::runtime {

class AsioRuntime final : public ports::Runtime {
 public:
  // Starts the thread at once. `name` (15 bytes at most) is what `top -H` shows. Throws what Asio
  // throws where the system has no file or thread left; open() says it.
  explicit AsioRuntime(const char* name);
  static Result<std::unique_ptr<AsioRuntime>> open(const char* name);
  ~AsioRuntime() override;  // join()

  EpochUs now() const override;
  std::int64_t steady_us() const override;
  void post(ports::Task task) override;
  ports::TimerId post_after(std::int64_t delay_us, ports::Task task) override;
  void cancel(ports::TimerId timer) override;
  std::uint64_t random() override;

  // Runs what was posted so far, then ends the thread; what is posted later never runs.
  void join();
  boost::asio::io_context& context();
  // The most processor time that one turn has taken: for so long everything else on this loop
  // waited. A turn never waits itself, so this is how long it takes on a machine of its own. Of any
  // thread.
  std::int64_t longest_turn_us() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace telltale::runtime
