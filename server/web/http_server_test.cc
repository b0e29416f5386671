// The sockets with handlers of every kind behind them: ones that answer late, never, in pieces, or
// before they have read.
#include "web/http_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "base/limits.h"
#include "runtime/asio_runtime.h"
#include "web/whole_body.h"

namespace telltale::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Answers "N bytes" once it has them; holds on to what it should answer when told to.
class Counting final : public ports::WholeBodyHandler {
 public:
  void handle(ports::HttpRequest, std::string body, ports::Respond respond) override {
    if (hold) {
      held.push_back(std::move(respond));
      return;
    }
    ports::HttpResponse response;
    response.content_type = "text/plain";
    response.body = std::to_string(body.size()) + " bytes";
    respond(std::move(response));
  }
  bool hold = false;
  std::vector<ports::Respond> held;
};

class Silent final : public ports::HttpHandler {
 public:
  void handle(ports::HttpRequest, ports::Respond respond) override {
    if (keep) held.push_back(std::move(respond));
    got.set_value();
  }
  bool keep = false;
  std::vector<ports::Respond> held;
  std::promise<void> got;
};

// A body of so many bytes, made as it is read.
class Flow final : public ports::Body {
 public:
  Flow(std::uint64_t size, std::uint64_t stops_at) : left_(size), until_stop_(stops_at) {}
  void read(std::size_t most, ports::Completion<Result<std::string>> done) override {
    const std::size_t size = std::min<std::uint64_t>({most, left_, until_stop_, 10'000});
    left_ -= size;
    until_stop_ -= size;
    done(std::string(size, 'x'));
  }

 private:
  std::uint64_t left_;
  std::uint64_t until_stop_;
};

class Streaming final : public ports::HttpHandler {
 public:
  void handle(ports::HttpRequest, ports::Respond respond) override {
    ports::HttpResponse response;
    response.stream = std::make_unique<Flow>(size, stops_at);
    response.length = size;
    respond(std::move(response));
  }
  std::uint64_t size = 0;
  std::uint64_t stops_at = UINT64_MAX;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    HttpServerOptions options;
    options.port = 0;
    options.answer_us = 100'000;
    std::promise<int> port;
    loop_.post([&] { port.set_value(server_.listen(options).value()); });
    port_ = port.get_future().get();
  }
  ~HttpServerTest() override {
    close();
    loop_.join();
  }
  void close() {
    std::promise<void> closed;
    loop_.post([&] { server_.close([&] { closed.set_value(); }); });
    closed.get_future().get();
  }

  struct Peer {
    Peer(HttpServerTest& test) : socket(test.context_), host(test.port_) {
      socket.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(test.port_)});
    }
    void send(const std::string& head, const std::string& body = "") {
      asio::write(socket, asio::buffer(head + "\r\nHost: 127.0.0.1:" + std::to_string(host) +
                                       "\r\n\r\n" + body));
    }
    // Status line and header; the body stays in `rest`.
    std::string head() {
      const std::size_t size = asio::read_until(socket, asio::dynamic_buffer(rest), "\r\n\r\n");
      const std::string found = rest.substr(0, size);
      rest.erase(0, size);
      return found;
    }
    std::string body(std::size_t size) {
      if (rest.size() < size)
        asio::read(socket, asio::dynamic_buffer(rest), asio::transfer_exactly(size - rest.size()));
      const std::string found = rest.substr(0, size);
      rest.erase(0, size);
      return found;
    }
    // All that comes until the end.
    std::string all() {
      boost::system::error_code end;
      asio::read(socket, asio::dynamic_buffer(rest), end);
      return std::exchange(rest, "");
    }
    tcp::socket socket;
    int host;
    std::string rest;
  };

  asio::io_context context_;
  runtime::AsioRuntime loop_{"web"};
  Counters counters_;
  BodyBudget bodies_{1U << 20};
  Counting counting_;
  WholeBody whole_{loop_, bodies_, counting_};
  Silent silent_;
  Streaming streaming_;
  const Routes routes_{
      {{.method = "POST", .pattern = "/count", .handler = &whole_, .body_limit = 4U << 20},
       {.method = "GET", .pattern = "/silent", .handler = &silent_},
       {.method = "GET", .pattern = "/flow", .handler = &streaming_}}};
  const BrowserSessions sessions_{loop_, "", [](const std::string&) {}};
  const SignedPaths signed_paths_{loop_};
  Authenticator anybody_{Scopes::all(), {}, sessions_, signed_paths_, loop_, counters_};
  HttpServer server_{loop_.context(), loop_, routes_, anybody_, bodies_, counters_};
  int port_ = 0;
};

TEST_F(HttpServerTest, ABodyIsGatheredHoweverItComes) {
  Peer peer(*this);
  peer.send("POST /count HTTP/1.1\r\nContent-Length: 300000", std::string(300'000, 'x'));
  EXPECT_NE(peer.head().find("200 OK"), std::string::npos);
  EXPECT_EQ(peer.body(12), "300000 bytes");
  peer.send("POST /count HTTP/1.1\r\nTransfer-Encoding: Chunked",
            "5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n");
  EXPECT_NE(peer.head().find("200 OK"), std::string::npos);
  EXPECT_EQ(peer.body(7), "8 bytes");
  peer.send("POST /count HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-Continue");
  EXPECT_EQ(peer.head(), "HTTP/1.1 100 Continue\r\n\r\n");
  asio::write(peer.socket, asio::buffer("ab", 2));
  EXPECT_NE(peer.head().find("200 OK"), std::string::npos);
  EXPECT_EQ(peer.body(7), "2 bytes");
  EXPECT_EQ(bodies_.held(), 0U);
}

TEST_F(HttpServerTest, BodiesBeyondTheBudgetAreToldToComeBack) {
  counting_.hold = true;
  Peer first(*this);
  first.send("POST /count HTTP/1.1\r\nContent-Length: 700000", std::string(700'000, 'x'));
  // The second finds too little room, whenever it comes.
  Peer second(*this);
  while (bodies_.held() < 700'000) std::this_thread::yield();
  second.send("POST /count HTTP/1.1\r\nContent-Length: 700000", std::string(700'000, 'x'));
  const std::string head = second.head();
  EXPECT_NE(head.find(" 429 "), std::string::npos) << head;
  EXPECT_NE(head.find("retry-after: 1"), std::string::npos) << head;
  EXPECT_NE(head.find("Connection: close"), std::string::npos) << head;
}

TEST_F(HttpServerTest, AHandlerThatForgetsOrNeverAnswersIsAnsweredFor) {
  for (const bool keep : {false, true}) {
    silent_.keep = keep;
    silent_.got = {};
    Peer peer(*this);
    peer.send("GET /silent HTTP/1.1");
    EXPECT_NE(peer.head().find(" 503 "), std::string::npos) << keep;
  }
}

TEST_F(HttpServerTest, AnAnswerOfAnySizeFlows) {
  streaming_.size = 50'000'000;
  Peer peer(*this);
  peer.send("GET /flow HTTP/1.1");
  EXPECT_NE(peer.head().find("Content-Length: 50000000"), std::string::npos);
  EXPECT_EQ(peer.body(streaming_.size), std::string(streaming_.size, 'x'));
  peer.send("HEAD /flow HTTP/1.1");
  EXPECT_NE(peer.head().find("Content-Length: 50000000"), std::string::npos);
  streaming_.size = 0;
  peer.send("GET /flow HTTP/1.1");
  EXPECT_NE(peer.head().find("Content-Length: 0"), std::string::npos);
}

TEST_F(HttpServerTest, AnAnswerThatBreaksOffIsSeenToBeShort) {
  streaming_.size = 50'000;
  streaming_.stops_at = 20'000;
  Peer peer(*this);
  peer.send("GET /flow HTTP/1.1");
  EXPECT_NE(peer.head().find("Content-Length: 50000"), std::string::npos);
  EXPECT_EQ(peer.all().size(), 20'000U);
}

TEST_F(HttpServerTest, AnAnswerWhoseLengthNobodyKnowsComesInChunks) {
  streaming_.size = ports::kUntilItsEnd;
  streaming_.stops_at = 20;
  Peer peer(*this);
  peer.send("GET /flow HTTP/1.1");
  const std::string head = peer.head();
  EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  const std::string chunks = "14\r\n" + std::string(20, 'x') + "\r\n0\r\n\r\n";
  EXPECT_EQ(peer.body(chunks.size()), chunks);
  peer.send("HEAD /flow HTTP/1.1");  // on the same connection
  EXPECT_NE(peer.head().find("200 OK"), std::string::npos);
  // Who knows no chunks reads until the connection's end.
  peer.send("GET /flow HTTP/1.0\r\nConnection: keep-alive");
  EXPECT_EQ(peer.head().find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(peer.all(), std::string(20, 'x'));
}

TEST_F(HttpServerTest, WhatWasNotReadOfABodyIsNoRequest) {
  Peer peer(*this);
  peer.send("GET /nothing HTTP/1.1\r\nContent-Length: 22", "GET /flow HTTP/1.1\r\n\r\n");
  const std::string all = peer.all();
  EXPECT_NE(all.find(" 404 "), std::string::npos);
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << all;
}

TEST_F(HttpServerTest, NoConnectionOutlivesItsEnd) {
  silent_.keep = true;
  Peer idle(*this);
  Peer waiting(*this);
  waiting.send("GET /silent HTTP/1.1");
  silent_.got.get_future().get();
  Peer writing(*this);
  streaming_.size = 1U << 30;
  writing.send("GET /flow HTTP/1.1");
  EXPECT_NE(writing.head().find("200 OK"), std::string::npos);
  close();
  EXPECT_EQ(idle.all(), "");
  EXPECT_LT(writing.all().size(), streaming_.size);
}

// UBSan looks at objects through files of its own, and none are left here.
#ifndef __SANITIZE_ADDRESS__
TEST_F(HttpServerTest, TooFewFilesAreNoEndOfTheProcess) {
  // The loop is told in a sentence that none can be had.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto loop = runtime::AsioRuntime::open("late");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(loop.ok());
  EXPECT_NE(loop.error().message.find("ulimit -n"), std::string::npos);
}
#endif

}  // namespace
}  // namespace telltale::web
