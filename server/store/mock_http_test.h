// What tests of the S3 adapter share: a server that answers HTTP requests as it is told, and the
// requests it got. For faults that no real store can be brought to.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ports/tcp_server_test.h"

namespace telltale::store {

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
  ports::TcpServer server_;  // the last: its threads use the others
};

}  // namespace telltale::store
