// TcpServer: a server on loopback that does with its connections what a test tells it; for faults
// that no real server can be brought to. Each connection has a thread of its own. Tests only.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace telltale::ports {

// False when the peer takes no more.
inline bool send_all(int socket, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t now = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) return false;
    sent += static_cast<std::size_t>(now);
  }
  return true;
}

// More bytes of the connection; false at its end.
inline bool receive(int socket, std::string& into) {
  char bytes[64 << 10];
  const ssize_t got = ::recv(socket, bytes, sizeof(bytes), 0);
  if (got > 0) into.append(bytes, static_cast<std::size_t>(got));
  return got > 0;
}

class TcpServer {
 public:
  // `serve` runs with the connected socket, which is closed after it.
  explicit TcpServer(std::function<void(int socket)> serve)
      : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(listener_, raw, size) == 0 && ::listen(listener_, 64) == 0 &&
              ::getsockname(listener_, raw, &size) == 0,
          "no port to listen on");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TcpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  int port() const { return port_; }
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void accept_all() {
    while (true) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const std::lock_guard lock(mutex_);
      open_.insert(socket);
      threads_.emplace_back([this, socket] {
        serve_(socket);
        const std::lock_guard lock_again(mutex_);
        open_.erase(socket);
        ::close(socket);
      });
    }
  }

  const std::function<void(int)> serve_;
  int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace telltale::ports
