#include "component/proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string_view>
#include <thread>

namespace telltale::component {
namespace {

constexpr std::size_t kChunk = 64U << 10;

int connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return socket;
  ::close(socket);
  return -1;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// One less, unless there is none left.
bool take_one(std::atomic<int>& count) {
  int left = count.load();
  while (left > 0) {
    if (count.compare_exchange_weak(left, left - 1)) return true;
  }
  return false;
}

}  // namespace

Proxy::Proxy(int upstream_port)
    : upstream_port_(upstream_port), server_([this](int client) { serve(client); }) {}

bool Proxy::forward(int from, int to, bool is_answer, bool& asked_lost) {
  char bytes[kChunk];
  const ssize_t got = ::recv(from, bytes, sizeof(bytes), 0);
  if (got <= 0) return false;
  std::string_view chunk(bytes, static_cast<std::size_t>(got));
  if (const std::size_t rate = bytes_per_second; rate > 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(chunk.size() * 1'000'000 / rate));
  }
  if (!is_answer && lost > 0) {
    const std::string_view line = chunk.substr(0, chunk.find('\r'));
    if (line.find(lost_line) != std::string_view::npos && line.find(" HTTP/") != line.npos)
      asked_lost = take_one(lost);
  }
  // "100 Continue" is no answer yet.
  const bool is_final = is_answer && chunk.rfind("HTTP/1.1 100", 0) != 0;
  if (is_final && asked_lost) return false;
  if (is_final && take_one(cuts)) {
    (void)send_all(to, chunk.substr(0, chunk.size() / 2));
    return false;
  }
  return send_all(to, chunk);
}

void Proxy::serve(int client) {
  const int upstream = connect_to(upstream_port_);
  bool asked_lost = false;
  pollfd ends[] = {{client, POLLIN, 0}, {upstream, POLLIN, 0}};
  bool open = upstream >= 0;
  while (open && ::poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0) open = forward(client, upstream, false, asked_lost);
    if (open && ends[1].revents != 0) open = forward(upstream, client, true, asked_lost);
  }
  if (upstream >= 0) ::close(upstream);
}

}  // namespace telltale::component
