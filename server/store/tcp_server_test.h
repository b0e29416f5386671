// What tests of the S3 adapter share: a server on loopback that does with its connections what it
// is told, one that answers HTTP requests, and the requests it got. For faults that no real store
// can be brought to.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace telltale::store {

// Each connection has a thread of its own, which runs `serve` with the connected socket.
class TcpServer {
 public:
  explicit TcpServer(std::function<void(int socket)> serve);
  ~TcpServer();
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  int port() const { return port_; }
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void accept_all();

  const std::function<void(int)> serve_;
  int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

struct MockRequest {
  std::string method;
  std::string path;                            // without the query
  std::string query;                           // still encoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Raw bytes of an HTTP answer; empty ones close the connection without any.
using MockAnswer = std::function<std::string(const MockRequest&)>;
std::string http_answer(int status, const std::string& body = "",
                        const std::vector<std::string>& headers = {});
std::string s3_error(int status, const std::string& code, const std::string& message = "");

class MockHttp {
 public:
  explicit MockHttp(MockAnswer answer);

  std::string endpoint() const { return server_.endpoint(); }
  std::vector<MockRequest> requests();

 private:
  void serve(int socket);

  MockAnswer answer_;
  std::mutex mutex_;  // answers are made one at a time
  std::vector<MockRequest> requests_;
  TcpServer server_;  // the last: its threads use the others
};

}  // namespace telltale::store
