// Proxy: stands between a client and a server on loopback and does what a bad network does: slow,
// cut off in the middle of an answer, or silent about what was done. Owned by the test.
#pragma once

#include <atomic>
#include <string>

#include "ports/tcp_server_test.h"

namespace telltale::component {

class Proxy {
 public:
  explicit Proxy(int upstream_port);

  std::string endpoint() const { return server_.endpoint(); }

  std::atomic<std::size_t> bytes_per_second =
      0;  // each way, of a connection; 0: as fast as it goes
  // The next so many answers end after their first bytes; the connection is closed.
  std::atomic<int> cuts = 0;
  // The same for answers to a request whose first line has this in it, of which nothing arrives.
  std::atomic<int> lost = 0;
  std::string lost_line;  // set before `lost`

 private:
  void serve(int client);
  // False when the connection is over.
  bool forward(int from, int to, bool is_answer, bool& asked_lost);

  const int upstream_port_;
  ports::TcpServer server_;
};

}  // namespace telltale::component
