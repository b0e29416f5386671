#include "net/curl_fetch.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "net/tls_peer_test.h"
#include "ports/await_test.h"
#include "ports/tcp_server_test.h"
#include "runtime/asio_runtime.h"

namespace telltale::net {
namespace {

using ports::FetchHead;
using ports::FetchRequest;
using ports::receive;
using ports::send_all;
using ports::TcpServer;
using testing::HasSubstr;

constexpr const char* kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}
std::string answer_of(const std::string& body, const std::string& first_line = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", first_line, body.size(), body);
}
// The head of a request, and of its body what came with it.
std::string read_request(int socket) {
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos && receive(socket, request)) {
  }
  return request;
}
void wait_for_end(int socket) {
  std::string ignored;
  while (receive(socket, ignored)) {
  }
}

class CurlFetchTest : public testing::Test {
 protected:
  static FetchRequest get(const TcpServer& server) {
    FetchRequest request;
    request.url = server.endpoint() + "/a?b=c";
    return request;
  }
  Result<FetchHead> head(ports::Fetch& fetch) {
    return ports::ask<Result<FetchHead>>(loop_,
                                         [&fetch](auto done) { fetch.head(std::move(done)); })
        .get();
  }
  Result<std::string> read(ports::Fetch& fetch, std::size_t most = 1U << 20) {
    return ports::ask<Result<std::string>>(
               loop_, [&fetch, most](auto done) { fetch.read(most, std::move(done)); })
        .get();
  }
  // The whole body, or what went wrong.
  std::string body(ports::Fetch& fetch) {
    std::string body;
    while (true) {
      const Result<std::string> piece = read(fetch);
      if (!piece.ok()) return piece.error().message;
      if (piece->empty()) return body;
      body += *piece;
    }
  }

  runtime::AsioRuntime loop_{"test"};
  CurlFetch fetch_;
};

TEST_F(CurlFetchTest, AnAnswerIsReadAsItArrives) {
  std::promise<void> first_was_read;
  TcpServer server([&](int socket) {
    read_request(socket);
    send_all(socket, kChunked + chunk("first"));
    first_was_read.get_future().wait();
    send_all(socket, chunk("second") + chunk(""));
    wait_for_end(socket);
  });
  const auto fetch = fetch_.start(get(server));
  const auto told = head(*fetch);
  ASSERT_TRUE(told.ok()) << told.error().message;
  EXPECT_EQ(told->status, 200);
  EXPECT_EQ(told->header("transfer-encoding"), "chunked");
  EXPECT_EQ(*read(*fetch, 2), "fi");
  EXPECT_EQ(*read(*fetch), "rst");
  first_was_read.set_value();
  EXPECT_EQ(body(*fetch), "second");
}

TEST_F(CurlFetchTest, ALargeAnswerIsWholeHoweverSlowlyItIsRead) {
  const std::size_t size = 8U << 20;
  std::string sent;
  for (std::size_t i = 0; i < size; i += 16) sent += fmt::format("{:015}\n", i);
  TcpServer server([&](int socket) {
    read_request(socket);
    send_all(socket, answer_of(sent));
    wait_for_end(socket);
  });
  FetchRequest request = get(server);
  request.window_bytes = 300'000;  // held up again and again
  const auto fetch = fetch_.start(std::move(request));
  EXPECT_TRUE(body(*fetch) == sent);
}

TEST_F(CurlFetchTest, MethodHeadersAndBodyArriveAndAnyStatusIsAnAnswer) {
  std::promise<std::string> came;
  TcpServer server([&](int socket) {
    std::string request = read_request(socket);
    while (request.find("the body") == std::string::npos && receive(socket, request)) {
    }
    came.set_value(request);
    send_all(socket, answer_of("elsewhere", "302 Found\r\nLocation: http://127.0.0.1:1/"));
    wait_for_end(socket);
  });
  FetchRequest request = get(server);
  request.method = "PATCH";
  request.headers = {{"authorization", "Bearer secret"}};
  request.body = std::make_shared<const std::string>("the body");
  const auto fetch = fetch_.start(std::move(request));
  EXPECT_EQ(head(*fetch)->status, 302);
  EXPECT_EQ(body(*fetch), "elsewhere");
  const std::string text = came.get_future().get();
  EXPECT_THAT(text, testing::StartsWith("PATCH /a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(text, HasSubstr("authorization: Bearer secret\r\n"));
  FetchRequest forged = get(server);
  forged.headers = {{"a", "b\r\nc: d"}};
  EXPECT_EQ(head(*fetch_.start(std::move(forged))).error().code, ErrorCode::invalid_argument);
}

TEST_F(CurlFetchTest, OneThatIsDroppedIsCancelled) {
  std::promise<void> left;
  TcpServer server([&](int socket) {
    read_request(socket);
    send_all(socket, kChunked + chunk("first"));
    wait_for_end(socket);
    left.set_value();
  });
  auto fetch = fetch_.start(get(server));
  EXPECT_EQ(*read(*fetch), "first");
  fetch.reset();
  left.get_future().wait();  // the server sees its connection end
}

TEST_F(CurlFetchTest, WhatIsNotThereOrCutIsUnavailable) {
  std::string nobody = TcpServer([](int) {}).endpoint();
  FetchRequest request;
  request.url = nobody;
  const auto refused = head(*fetch_.start(std::move(request)));
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("refused"));
  TcpServer cutting([](int socket) {
    read_request(socket);
    send_all(socket, answer_of("0123456789").substr(0, answer_of("0123456789").size() - 5));
  });
  const auto cut = fetch_.start(get(cutting));
  EXPECT_EQ(head(*cut)->status, 200);
  EXPECT_EQ(*read(*cut), "01234");
  EXPECT_EQ(read(*cut).error().code, ErrorCode::unavailable);
}

TEST_F(CurlFetchTest, WhatNeverMovesIsGivenUp) {
  TcpServer server([](int socket) {
    read_request(socket);
    send_all(socket, kChunked + chunk("first"));
    wait_for_end(socket);
  });
  FetchRequest request = get(server);
  request.idle_us = 200'000;
  const auto fetch = fetch_.start(std::move(request));
  EXPECT_EQ(*read(*fetch), "first");
  const auto silence = read(*fetch);
  EXPECT_EQ(silence.error().code, ErrorCode::unavailable);
  EXPECT_THAT(silence.error().message, HasSubstr("Nothing moved for 0.2 s"));
}

TEST_F(CurlFetchTest, WhatIsUnderWayEndsWhenItCloses) {
  TcpServer server([](int socket) {
    read_request(socket);
    wait_for_end(socket);
  });
  const auto fetch = fetch_.start(get(server));
  fetch_.close();
  EXPECT_EQ(head(*fetch).error().code, ErrorCode::closed);
  EXPECT_EQ(head(*fetch_.start(get(server))).error().code, ErrorCode::closed);
}

class TlsFetchTest : public CurlFetchTest {
 protected:
  Result<FetchHead> ask(const TlsIdentity* client, ports::FetchTls tls) {
    TcpServer server([&](int socket) { serve_tls(socket, self_, client, answer_of("secret")); });
    FetchRequest request;
    request.url = fmt::format("https://127.0.0.1:{}/", server.port());
    request.tls = std::move(tls);
    const auto fetch = fetch_.start(std::move(request));
    Result<FetchHead> told = head(*fetch);
    if (told.ok()) {
      EXPECT_EQ(body(*fetch), "secret");
    }
    return told;
  }

  const TlsIdentity self_{"server"};
  const TlsIdentity client_{"client"};
};

TEST_F(TlsFetchTest, OnlyAnAuthorityOfOnesOwnIsBelieved) {
  const auto by_text = ask(nullptr, {.ca_pem = self_.certificate_pem()});
  EXPECT_TRUE(by_text.ok()) << by_text.error().message;
  const ports::TemporaryFolder folder;
  std::ofstream(folder.path() + "/ca.pem") << self_.certificate_pem();
  const auto by_file = ask(nullptr, {.ca_file = folder.path() + "/ca.pem"});
  EXPECT_TRUE(by_file.ok()) << by_file.error().message;
  for (const std::string& authority : {std::string(), client_.certificate_pem()}) {
    const auto unknown = ask(nullptr, {.ca_pem = authority});
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().code, ErrorCode::internal);
    EXPECT_THAT(unknown.error().message, HasSubstr("certificate"));
  }
}

TEST_F(TlsFetchTest, WeShowWhoWeAre) {
  const auto shown = ask(&client_, {.ca_pem = self_.certificate_pem(),
                                    .certificate_pem = client_.certificate_pem(),
                                    .key_pem = client_.key_pem()});
  EXPECT_TRUE(shown.ok()) << shown.error().message;
  EXPECT_FALSE(ask(&client_, {.ca_pem = self_.certificate_pem()}).ok());
  const auto half = ask(&client_, {.ca_pem = self_.certificate_pem(),
                                   .certificate_pem = client_.certificate_pem(),
                                   .key_pem = self_.key_pem()});
  EXPECT_EQ(half.error().code, ErrorCode::internal);
  EXPECT_EQ(half.error().message.find("PRIVATE"), std::string::npos);
}

}  // namespace
}  // namespace telltale::net
