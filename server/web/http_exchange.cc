#include "web/http_exchange.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace telltale::web {
namespace {

namespace asio = boost::asio;

class RequestBody final : public ports::Body {
 public:
  explicit RequestBody(std::weak_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  void read(std::size_t most, ports::Completion<Result<std::string>> done) override {
    const std::shared_ptr<Exchange> exchange = exchange_.lock();
    if (exchange == nullptr) {
      done(Error{ErrorCode::closed, "The connection is over."});
      return;
    }
    exchange->wanted.emplace(Exchange::Wanted{most, std::move(done)});
    exchange->wake();
  }

 private:
  std::weak_ptr<Exchange> exchange_;
};

// Answers for a handler that dropped its Respond, from whatever thread it did.
class Answer {
 public:
  explicit Answer(std::weak_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Answer(Answer&&) = default;
  Answer& operator=(Answer&&) = delete;
  ~Answer() {
    const std::shared_ptr<Exchange> exchange = exchange_.lock();
    if (exchange == nullptr) return;
    asio::post(exchange->timer.get_executor(), [weak = exchange_] {
      give(weak, ports::problem(
                     {ErrorCode::unavailable, "The request was not answered. Send it again."}));
    });
  }

  void operator()(ports::HttpResponse response) {
    give(std::exchange(exchange_, {}), std::move(response));
  }

 private:
  static void give(const std::weak_ptr<Exchange>& weak, ports::HttpResponse response) {
    const std::shared_ptr<Exchange> exchange = weak.lock();
    if (exchange == nullptr || exchange->response) return;
    exchange->response = std::move(response);
    exchange->wake();
  }

  std::weak_ptr<Exchange> exchange_;
};

}  // namespace

asio::awaitable<void> Exchange::wait(asio::steady_timer::time_point until) {
  boost::system::error_code ignored;
  timer.expires_at(until);
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

std::unique_ptr<ports::Body> body_of(const std::shared_ptr<Exchange>& exchange) {
  return std::make_unique<RequestBody>(exchange);
}

ports::Respond respond_to(const std::shared_ptr<Exchange>& exchange) { return Answer(exchange); }

}  // namespace telltale::web
