#include "web/http_connection.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <chrono>
#include <optional>

#include "base/check.h"
#include "base/limits.h"
#include "web/event_stream.h"
#include "web/http_exchange.h"
#include "web/http_fields.h"
#include "web/request_gate.h"
#include "web/request_head.h"
#include "web/websocket.h"

namespace telltale::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::buffer_body>;

constexpr auto kIdle = std::chrono::microseconds(limits::kIdleConnectionUs);
constexpr auto kLinger = std::chrono::microseconds(limits::kLingerUs);
const Error kFull{ErrorCode::unavailable, "This server has all the live readers it can have."};
const Error kNoAnswer{ErrorCode::unavailable, "There was no answer in time. Send it again."};
const Error kGone{ErrorCode::closed, "The connection is over."};

RawHead head_of(const http::request<http::buffer_body>& message) {
  RawHead head;
  head.method = {message.method_string().data(), message.method_string().size()};
  head.target = {message.target().data(), message.target().size()};
  head.version = static_cast<int>(message.version());
  for (const auto& field : message) {
    head.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                              std::string(field.value()));
  }
  return head;
}

// What the peer did wrong, or that there is no peer any more.
Error error_of(const error_code& error) {
  if (error == http::error::body_limit)
    return {ErrorCode::too_large, "The body is larger than this path takes. Send less at once."};
  if (error == http::error::end_of_stream ||
      error.category() == asio::error::get_system_category() || error == beast::error::timeout ||
      error == asio::error::eof || error == http::error::partial_message)
    return kGone;
  return {ErrorCode::invalid_argument, "This is no HTTP request."};
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

class Connection final : public OpenConnection {
 public:
  Connection(std::shared_ptr<HttpServer::Shared> shared, beast::tcp_stream stream)
      : shared_(std::move(shared)), stream_(std::move(stream)) {
    shared_->open.insert(this);
  }
  ~Connection() override {
    shared_->open.erase(this);
    if (shared_->closing && shared_->open.empty() && shared_->closed)
      std::exchange(shared_->closed, nullptr)();
  }

  asio::awaitable<void> run() {
    while (!shared_->closing && co_await serve_one()) {
    }
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  void close() override {
    if (!answering_) stream_.cancel();
  }
  void abort() override {
    over_ = true;
    stream_.cancel();
    if (const auto exchange = exchange_.lock()) exchange->wake();
  }

 private:
  // One request and its answer; false when the connection is over.
  asio::awaitable<bool> serve_one() {
    Parser parser;
    parser.header_limit(limits::kHeaderBytes);
    parser.body_limit(boost::none);
    wait_for_peer();
    const error_code error = co_await read_header(parser);
    if (shared_->closing) co_return false;
    answering_ = true;
    bool goes_on = false;
    if (error) {
      co_await refuse_broken(error);
    } else {
      goes_on = co_await take(parser);
    }
    answering_ = false;
    co_return goes_on;
  }

  void wait_for_peer() {
    place_.emplace(shared_->waits, [this] { abort(); });
  }

  asio::awaitable<error_code> read_header(Parser& parser) {
    stream_.expires_after(kIdle);
    error_code error;
    co_await http::async_read_header(stream_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  // A request whose header is there.
  asio::awaitable<bool> take(Parser& parser) {
    const http::request<http::buffer_body>& message = parser.get();
    version_ = message.version();
    keep_alive_ = message.keep_alive();
    head_only_ = message.method() == http::verb::head;
    shared_->counters.add(Counter::http_requests);
    Result<ports::HttpRequest> request = parse_head(head_of(message));
    if (!request.ok()) {
      keep_alive_ = false;
      co_return co_await finish(parser, ports::problem(request.error()));
    }
    if (const auto length = parser.content_length()) request->length = *length;
    const Routes::Found found = shared_->routes.find(request->method, request->path);
    const bool upgrade = beast::websocket::is_upgrade(message);
    if (auto refusal = refuse(*request, found, upgrade, shared_->guard, shared_->authenticator)) {
      if (refusal->status == 401 || refusal->status == 403)
        shared_->counters.add(Counter::http_forbidden);
      co_return co_await finish(parser, std::move(*refusal));
    }
    const Route& route = *found.route;
    request->caller = shared_->authenticator.caller(*request);
    const bool stream = route.event_stream != nullptr && request->method == "GET" &&
                        accepts(request->header("accept"), "text/event-stream");
    if ((upgrade || stream) && shared_->live >= limits::kLiveConnections) {
      keep_alive_ = false;
      co_return co_await finish(parser, ports::problem(kFull));
    }
    if (upgrade) co_return co_await talk(parser, *request, *route.websocket);
    if (stream) {
      const bool streamed = co_await stream_events(*request, *route.event_stream);
      if (streamed) co_return false;
    }
    parser.body_limit(route.body_limit > 0 ? route.body_limit : limits::kRequestBodyBytes);
    parser.eager(true);
    continue_due_ = version_ >= 11 && !parser.is_done() && !request->header("expect").empty();
    ports::HttpResponse response = co_await answer(route, parser, request.take());
    co_return co_await finish(parser, std::move(response));
  }

  asio::awaitable<bool> talk(Parser& parser, const ports::HttpRequest& request,
                             ports::LiveHandler& handler) {
    const LivePlace live(*shared_);
    place_.reset();
    answering_ = false;
    co_await run_websocket(*shared_, stream_, parser.release(), request, handler);
    co_return false;
  }

  asio::awaitable<bool> stream_events(const ports::HttpRequest& request,
                                      ports::LiveHandler& handler) {
    const LivePlace live(*shared_);
    place_.reset();
    answering_ = false;
    const bool streamed = co_await run_event_stream(*shared_, stream_, request, handler);
    answering_ = true;
    co_return streamed;
  }

  // Waits for a handler that answers now or later, on this loop, and reads the body for it.
  asio::awaitable<ports::HttpResponse> answer(const Route& route, Parser& parser,
                                              ports::HttpRequest request) {
    const auto exchange = std::make_shared<Exchange>(stream_.get_executor());
    exchange_ = exchange;
    if (parser.is_done()) {
      place_.reset();
    } else {
      request.body = body_of(exchange);
    }
    route.handler->handle(std::move(request), respond_to(exchange));
    Clock::time_point deadline = Clock::now() + shared_->answer;
    while (!exchange->response && !over_ && Clock::now() < deadline) {
      if (exchange->wanted) {
        Exchange::Wanted wanted = *std::exchange(exchange->wanted, std::nullopt);
        Result<std::string> piece = co_await read_piece(parser, wanted.most);
        wanted.done(std::move(piece));
        deadline = Clock::now() + shared_->answer;
      } else {
        co_await exchange->wait(deadline);
      }
    }
    if (exchange->response) co_return std::move(*exchange->response);
    co_return ports::problem(kNoAnswer);
  }

  asio::awaitable<Result<std::string>> read_piece(Parser& parser, std::size_t most) {
    if (std::exchange(continue_due_, false)) co_await say_continue();
    const std::uint64_t left = parser.content_length_remaining().value_or(most);
    // Beast reads what there is room for: 512 bytes at a time, where the header was short (and
    // where the body comes in chunks, whose length nobody knows).
    if (left > buffer_.capacity()) buffer_.reserve(limits::kBodyPieceBytes);
    std::string piece(std::min<std::uint64_t>(left, most), '\0');
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    while (!parser.is_done() && body.size == piece.size() && !piece.empty()) {
      if (over_) co_return kGone;
      stream_.expires_after(kIdle);
      error_code error;
      co_await http::async_read_some(stream_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
      if (error && error != http::error::need_buffer) {
        const Error told = error_of(error);
        over_ |= told.code == ErrorCode::closed;
        keep_alive_ = false;
        co_return told;
      }
    }
    piece.resize(piece.size() - body.size);
    if (parser.is_done()) {
      place_.reset();
      if (buffer_.size() == 0) buffer_.shrink_to_fit();  // the connection may stay, and stay idle
    } else if (place_) {
      place_->came(piece.size());
    }
    co_return piece;
  }

  // Writes the answer. What was not read of the body is passed over, and the connection ends.
  asio::awaitable<bool> finish(Parser& parser, ports::HttpResponse response) {
    const bool read = parser.is_done();
    keep_alive_ &= read;
    const bool written = co_await write(std::move(response));
    if (!read && written) co_await pass_over();
    co_return written&& keep_alive_;
  }

  asio::awaitable<bool> write(ports::HttpResponse response) {
    http::response<http::buffer_body> message(static_cast<http::status>(response.status), version_);
    message.set(http::field::server, "telltale");
    if (!response.content_type.empty())
      message.set(http::field::content_type, response.content_type);
    message.set("x-content-type-options", "nosniff");
    for (const auto& [name, value] : response.headers) message.set(name, value);
    if (message.find(http::field::connection) == message.end()) message.keep_alive(keep_alive_);
    const bool streams = response.stream != nullptr;
    const std::uint64_t size = streams ? response.length : response.body.size();
    const bool until_end = streams && size == ports::kUntilItsEnd;
    if (until_end) {
      keep_alive_ &= version_ >= 11;  // older peers know its end by that of the connection
      message.keep_alive(keep_alive_);
      if (version_ >= 11) message.chunked(true);
    } else if (response.status != 204 && response.status != 304) {
      message.content_length(size);
    }
    http::response_serializer<http::buffer_body> serializer(message);
    wait_for_peer();
    if (over_) co_return false;
    if (head_only_) {
      message.body().more = false;
      co_return co_await write_header(serializer);
    }
    if (streams) co_return co_await pump(message, serializer, std::move(response));
    co_return co_await write_piece(message, serializer, response.body, false);
  }

  asio::awaitable<bool> write_header(http::response_serializer<http::buffer_body>& serializer) {
    error_code error;
    stream_.expires_after(kIdle);
    co_await http::async_write_header(stream_, serializer,
                                      asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  // Writes `bytes`, with the header before the first; `more` will follow.
  asio::awaitable<bool> write_piece(http::response<http::buffer_body>& message,
                                    http::response_serializer<http::buffer_body>& serializer,
                                    std::string& bytes, bool more) {
    message.body().data = bytes.empty() ? nullptr : bytes.data();
    message.body().size = bytes.size();
    message.body().more = more;
    while (!serializer.is_done()) {
      error_code error;
      stream_.expires_after(kIdle);
      const std::size_t written = co_await http::async_write_some(
          stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
      if (error == http::error::need_buffer) co_return true;
      if (error || over_) co_return false;
      if (place_) place_->went(written);
    }
    co_return true;
  }

  // A body that flows: the next piece is asked for when the kernel has the last.
  asio::awaitable<bool> pump(http::response<http::buffer_body>& message,
                             http::response_serializer<http::buffer_body>& serializer,
                             ports::HttpResponse response) {
    const auto exchange = std::make_shared<Exchange>(stream_.get_executor());
    exchange_ = exchange;
    std::uint64_t left = response.length;
    while (left > 0) {
      Result<std::string> piece = co_await next_piece(*response.stream, exchange, left);
      // Its header has said how long it would be: a shorter one is seen by whoever reads it.
      if (!piece.ok()) co_return false;
      if (piece->empty() && response.length == ports::kUntilItsEnd) break;
      if (piece->empty()) co_return false;
      CHECK(piece->size() <= left, "a body of {} bytes had more", response.length);
      left -= piece->size();
      const bool written = co_await write_piece(message, serializer, *piece, left > 0);
      if (!written) co_return false;
    }
    std::string nothing;
    if (!serializer.is_done()) co_return co_await write_piece(message, serializer, nothing, false);
    co_return true;
  }

  asio::awaitable<Result<std::string>> next_piece(ports::Body& body,
                                                  const std::shared_ptr<Exchange>& exchange,
                                                  std::uint64_t left) {
    exchange->piece.reset();
    auto come = [weak = std::weak_ptr(exchange)](Result<std::string> piece) {
      const std::shared_ptr<Exchange> waiting = weak.lock();
      if (waiting == nullptr) return;
      waiting->piece = std::move(piece);
      waiting->wake();
    };
    const auto most = std::min<std::uint64_t>(left, limits::kBodyPieceBytes);
    body.read(most, {shared_->loop, std::move(come)});
    const Clock::time_point deadline = Clock::now() + shared_->answer;
    while (!exchange->piece && !over_ && Clock::now() < deadline) co_await exchange->wait(deadline);
    co_return exchange->piece ? std::move(*exchange->piece) : Result<std::string>(kNoAnswer);
  }

  asio::awaitable<void> say_continue() {
    http::response<http::empty_body> message(http::status::continue_, 11);
    error_code ignored;
    stream_.expires_after(kIdle);
    co_await http::async_write(stream_, message,
                               asio::redirect_error(asio::use_awaitable, ignored));
  }

  // What a refused peer is still sending, for a moment: closed at once, the connection would be
  // reset, and the reason lost with it.
  asio::awaitable<void> pass_over() {
    error_code error;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    stream_.expires_after(kLinger);
    char bytes[16'384];
    while (!error && !over_ && !shared_->closing) {
      co_await stream_.async_read_some(asio::buffer(bytes),
                                       asio::redirect_error(asio::use_awaitable, error));
    }
  }

  // A header that is none.
  asio::awaitable<void> refuse_broken(const error_code& error) {
    ports::HttpResponse refusal;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      refusal = ports::problem(431, "header_too_large", "The header is larger than 32 KiB.");
    } else {
      const Error told = error_of(error);
      if (told.code == ErrorCode::closed) co_return;
      refusal = ports::problem(told);
    }
    version_ = 11;
    keep_alive_ = false;
    head_only_ = false;
    const bool written = co_await write(std::move(refusal));
    if (written) co_await pass_over();
  }

  std::shared_ptr<HttpServer::Shared> shared_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{limits::kHeaderBytes + limits::kBodyPieceBytes};
  std::optional<PeerWaits::Place> place_;  // while it waits for the peer
  std::weak_ptr<Exchange> exchange_;       // while it waits for a handler
  bool answering_ = false;                 // a request was taken and is not answered yet
  bool over_ = false;                      // nothing more is to come or go
  // Of the request at hand.
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool continue_due_ = false;
};

}  // namespace

asio::awaitable<void> serve_connection(std::shared_ptr<HttpServer::Shared> shared,
                                       beast::tcp_stream stream) {
  Connection connection(std::move(shared), std::move(stream));
  co_await connection.run();
}

}  // namespace telltale::web
