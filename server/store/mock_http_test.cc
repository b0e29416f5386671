#include "store/mock_http_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>

namespace telltale::store {
namespace {

using ports::receive;
using ports::send_all;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::optional<MockRequest> read_request(int socket, std::string& buffered) {
  std::size_t end;
  while ((end = buffered.find("\r\n\r\n")) == std::string::npos) {
    if (!receive(socket, buffered)) return std::nullopt;
  }
  MockRequest request;
  std::istringstream head(buffered.substr(0, end));
  buffered.erase(0, end + 4);
  std::string target;
  head >> request.method >> target;
  request.path = target.substr(0, target.find('?'));
  if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
  std::string line;
  std::getline(head, line);
  while (std::getline(head, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos)
      request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  if (request.headers.count("expect") != 0) send_all(socket, "HTTP/1.1 100 Continue\r\n\r\n");
  const std::string length = request.headers["content-length"];
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffered.size() < size) {
    if (!receive(socket, buffered)) return std::nullopt;
  }
  request.body = buffered.substr(0, size);
  buffered.erase(0, size);
  return request;
}

}  // namespace

std::string http_answer(int status, const std::string& body,
                        const std::vector<std::string>& headers) {
  std::string answer =
      fmt::format("HTTP/1.1 {} Said\r\nContent-Length: {}\r\n", status, body.size());
  for (const std::string& header : headers) answer += header + "\r\n";
  return answer + "\r\n" + body;
}

std::string s3_error(int status, const std::string& code, const std::string& message) {
  return http_answer(status, fmt::format("<?xml version=\"1.0\"?><Error><Code>{}</Code>"
                                         "<Message>{}</Message></Error>",
                                         code, message));
}

MockHttp::MockHttp(MockAnswer answer)
    : answer_(std::move(answer)), server_([this](int socket) { serve(socket); }) {}

std::vector<MockRequest> MockHttp::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void MockHttp::serve(int socket) {
  std::string buffered;
  while (const auto request = read_request(socket, buffered)) {
    std::string bytes;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
      bytes = answer_(*request);
    }
    if (bytes.empty()) return;
    if (request->method == "HEAD") bytes.resize(bytes.find("\r\n\r\n") + 4);
    send_all(socket, bytes);
    // Less than was announced: the rest never comes.
    const std::size_t head = bytes.find("\r\n\r\n") + 4;
    const std::size_t said = std::stoul(bytes.substr(bytes.find("Content-Length: ") + 16));
    if (request->method != "HEAD" && bytes.size() - head < said) return;
  }
}

}  // namespace telltale::store
