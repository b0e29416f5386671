#include "serve/http_connection.h"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <chrono>
#include <optional>

#include "base/limits.h"
#include "serve/event_stream.h"
#include "serve/websocket.h"

namespace telltale::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr auto kIdle = std::chrono::microseconds(limits::kIdleConnectionUs);
constexpr auto kLinger = std::chrono::microseconds(limits::kLingerUs);
constexpr std::size_t kBodyPiece = 64U << 10;
const Error kFull{ErrorCode::unavailable, "This server has all the live readers it can have."};

ports::HttpRequest to_request(http::request<http::string_body> message) {
  ports::HttpRequest request;
  request.method = std::string(message.method_string());
  const std::string target(message.target());
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

http::response<http::string_body> to_message(ports::HttpResponse response, unsigned version,
                                             bool keep_alive, bool head_only) {
  http::response<http::string_body> message(static_cast<http::status>(response.status), version);
  message.set(http::field::server, "telltale");
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  message.set("x-content-type-options", "nosniff");
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  const std::size_t size = response.body.size();
  if (!head_only) message.body() = std::move(response.body);
  if (response.status != 204 && response.status != 304) message.content_length(size);
  return message;
}

// Waits for a handler that answers through a callback, now or later, on this loop.
asio::awaitable<ports::HttpResponse> answer_of(Site& site, ports::HttpRequest request) {
  struct Waiting {
    explicit Waiting(const asio::any_io_executor& executor)
        : timer(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    std::optional<ports::HttpResponse> response;
  };
  auto waiting = std::make_shared<Waiting>(co_await asio::this_coro::executor);
  site.answer(std::move(request), [waiting](ports::HttpResponse response) {
    waiting->response = std::move(response);
    waiting->timer.cancel();
  });
  while (!waiting->response) {
    error_code ignored;
    co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return std::move(*waiting->response);
}

// A live connection's place among them, while it lives.
class LivePlace {
 public:
  explicit LivePlace(HttpServer::Shared& shared) : shared_(shared) { ++shared_.live; }
  ~LivePlace() { --shared_.live; }
  LivePlace(const LivePlace&) = delete;
  LivePlace& operator=(const LivePlace&) = delete;

 private:
  HttpServer::Shared& shared_;
};

class Connection {
 public:
  Connection(std::shared_ptr<HttpServer::Shared> shared, beast::tcp_stream stream)
      : shared_(std::move(shared)), stream_(std::move(stream)) {
    shared_->open.insert(&stream_);
  }
  ~Connection() { shared_->open.erase(&stream_); }

  asio::awaitable<void> run() {
    while (!shared_->closing && co_await serve_one()) {
    }
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  // One request and its answer; false when the connection is over.
  asio::awaitable<bool> serve_one() {
    Parser parser;
    parser.header_limit(limits::kHeaderBytes);
    parser.body_limit(boost::none);
    error_code error = co_await read_header(parser);
    if (error) co_return co_await refuse_broken(error);
    if (parser.get().method() == http::verb::unknown)
      co_return co_await refuse(405, "method_not_allowed", "This method is not known.");
    const std::size_t body_limit = body_limit_of(parser.get().target());
    // Set after the header, Beast holds only chunked bodies to it.
    if (parser.content_length().value_or(0) > body_limit)
      co_return co_await refuse_broken(http::error::body_limit);
    parser.body_limit(body_limit);
    const std::string_view encoding = parser.get()[http::field::content_encoding];
    if (!encoding.empty() && encoding != "identity")
      co_return co_await refuse(415, "unsupported_media_type",
                                "Bodies are taken as they are: send it uncompressed.");
    if (parser.get()[http::field::expect] == "100-continue") co_await say_continue();
    // Beast reads what there is room for: 512 bytes at a time, where the header was short (and
    // where the body comes in chunks, whose length nobody knows).
    if (parser.content_length_remaining().value_or(0) > buffer_.capacity())
      buffer_.reserve(kBodyPiece);
    stream_.expires_after(kIdle);
    co_await http::async_read(stream_, buffer_, parser,
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return co_await refuse_broken(error);
    if (buffer_.size() == 0) buffer_.shrink_to_fit();  // the connection may stay, and stay idle
    shared_->counters.add(Counter::http_requests);
    co_return co_await dispatch(parser.release());
  }

  asio::awaitable<error_code> read_header(Parser& parser) {
    const auto place = shared_->waiting.insert(shared_->waiting.end(), &stream_);
    stream_.expires_after(kIdle);
    error_code error;
    co_await http::async_read_header(stream_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    shared_->waiting.erase(place);
    co_return error;
  }

  static std::size_t body_limit_of(std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    return path == "/api/v1/events" ? limits::kIngestBodyBytes : limits::kRequestBodyBytes;
  }

  asio::awaitable<bool> dispatch(http::request<http::string_body> message) {
    const unsigned version = message.version();
    const bool keep_alive = message.keep_alive();
    const bool head_only = message.method() == http::verb::head;
    const bool upgrade = beast::websocket::is_upgrade(message);
    ports::HttpRequest request = to_request(upgrade ? message : std::move(message));
    if (const auto answer = sign_in(request, shared_->guard))
      co_return co_await write(*answer, version, keep_alive, head_only);
    if (const auto denial = check_request(request, shared_->guard)) {
      shared_->counters.add(Counter::http_forbidden);
      co_return co_await write(denied(*denial), version, keep_alive, head_only);
    }
    const bool stream =
        request.method == "GET" && request.header("accept").rfind("text/event-stream", 0) == 0;
    if ((upgrade || stream) && shared_->live >= limits::kLiveConnections)
      co_return co_await write(ports::problem(kFull), version, false, head_only);
    if (upgrade) {
      const LivePlace place(*shared_);
      co_await run_websocket(shared_, stream_, std::move(message), request);
      co_return false;
    }
    if (stream) {
      const LivePlace place(*shared_);
      const bool live = co_await run_event_stream(shared_, stream_, request);
      if (live) co_return false;
    }
    ports::HttpResponse response = co_await answer_of(shared_->site, std::move(request));
    co_return co_await write(std::move(response), version, keep_alive, head_only);
  }

  static ports::HttpResponse denied(const Denial& denial) {
    const char* title = denial.status == 401 ? "unauthorized" : "forbidden";
    ports::HttpResponse response = ports::problem(denial.status, title, denial.detail);
    if (denial.status == 401) response.headers.emplace_back("www-authenticate", "Bearer");
    return response;
  }

  asio::awaitable<bool> write(ports::HttpResponse response, unsigned version, bool keep_alive,
                              bool head_only) {
    auto message = to_message(std::move(response), version, keep_alive, head_only);
    http::serializer<false, http::string_body> serializer(message);
    error_code error;
    stream_.expires_after(kIdle);
    if (head_only) {
      co_await http::async_write_header(stream_, serializer,
                                        asio::redirect_error(asio::use_awaitable, error));
    } else {
      co_await http::async_write(stream_, serializer,
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    co_return !error && keep_alive;
  }

  asio::awaitable<void> say_continue() {
    http::response<http::empty_body> message(http::status::continue_, 11);
    error_code ignored;
    co_await http::async_write(stream_, message,
                               asio::redirect_error(asio::use_awaitable, ignored));
  }

  asio::awaitable<bool> refuse(int status, const char* title, const char* detail) {
    co_await write(ports::problem(status, title, detail), 11, false, false);
    co_await pass_over();
    co_return false;
  }

  // What a refused peer is still sending, for a moment: closed at once, the connection would be
  // reset, and the reason lost with it.
  asio::awaitable<void> pass_over() {
    error_code error;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    stream_.expires_after(kLinger);
    char bytes[16'384];
    while (!error) {
      co_await stream_.async_read_some(asio::buffer(bytes),
                                       asio::redirect_error(asio::use_awaitable, error));
    }
  }

  asio::awaitable<bool> refuse_broken(const error_code& error) {
    if (error == http::error::body_limit)
      co_return co_await refuse(413, "too_large",
                                "The body is larger than this path takes. Send less at once.");
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      co_return co_await refuse(431, "header_too_large", "The header is larger than 32 KiB.");
    if (error == http::error::end_of_stream ||
        error.category() == asio::error::get_system_category() || error == beast::error::timeout ||
        error == asio::error::eof || error == http::error::partial_message)
      co_return false;
    co_return co_await refuse(400, "invalid_argument", "This is no HTTP request.");
  }

  std::shared_ptr<HttpServer::Shared> shared_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{limits::kHeaderBytes + limits::kIngestBodyBytes};
};

}  // namespace

asio::awaitable<void> serve_connection(std::shared_ptr<HttpServer::Shared> shared,
                                       beast::tcp_stream stream) {
  Connection connection(std::move(shared), std::move(stream));
  co_await connection.run();
}

}  // namespace telltale::serve
