// PosixProcesses: the port Processes by posix_spawn. The kernel tells the end of a process by a
// descriptor (pidfd) that the loop waits for as for a socket. Owned by `main`, lives on the loop of
// its io_context.
#pragma once

#include "ports/process.h"

namespace boost::asio {
class io_context;
}

namespace telltale::runtime {

class PosixProcesses final : public ports::Processes {
 public:
  explicit PosixProcesses(boost::asio::io_context& context) : context_(context) {}

  Result<std::unique_ptr<ports::Process>> start(const ports::ProcessSpec& spec) override;

 private:
  boost::asio::io_context& context_;
};

}  // namespace telltale::runtime
