// viewers: thousands of live readers in one process, each as a page is one: it follows a run and
// one of its series over a WebSocket. What to watch comes on standard input, a line each: RUN
// SERIES; viewer i watches line i modulo their number. Prints a line of JSON when all have been
// answered, and another when each has seen a point below zero, which is the last: how long after it
// was sent a viewer had a point. A point's value is CLOCK_MONOTONIC in µs when it was sent.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "schema/view.pb.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace schema = telltale::schema;
using asio::use_awaitable;
using asio::ip::tcp;
using Socket = beast::websocket::stream<tcp::socket>;

constexpr int kOpeningAtOnce = 64;
// What came is read once in so long: waiting for it, this process would be woken by the server's
// writes, which cost twice as much then.
constexpr auto kLook = std::chrono::milliseconds(1);

struct Watched {
  std::string run;
  std::string series;
};

struct Options {
  int port = 0;
  int viewers = 1;
  int asleep = 0;
};

double now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

class Crowd {
 public:
  Crowd(asio::io_context& context, const Options& options, std::vector<Watched> watched)
      : context_(context), options_(options), watched_(std::move(watched)), began_us_(now_us()) {
    while (spawned_ < std::min(kOpeningAtOnce, options_.viewers)) spawn();
  }

 private:
  void spawn() {
    asio::co_spawn(context_, watch(spawned_++), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  }

  asio::awaitable<void> watch(int number) {
    const Watched& what = watched_[static_cast<std::size_t>(number) % watched_.size()];
    Socket socket(context_);
    beast::flat_buffer buffer;
    co_await open(socket, what);
    co_await next_points(socket, buffer);
    answered();
    if (number >= options_.viewers - options_.asleep) {  // it stays, and reads no more
      co_await asio::steady_timer(context_, asio::steady_timer::time_point::max())
          .async_wait(use_awaitable);
    }
    while (true) {
      const schema::SeriesPoints points = co_await next_points(socket, buffer);
      if (take(points)) break;
    }
    if (++over_ == options_.viewers - options_.asleep) report();
  }

  asio::awaitable<void> open(Socket& socket, const Watched& what) {
    const auto port = static_cast<unsigned short>(options_.port);
    co_await socket.next_layer().async_connect({asio::ip::address_v4::loopback(), port},
                                               use_awaitable);
    const std::string host = fmt::format("127.0.0.1:{}", port);
    co_await socket.async_handshake(host, "/api/v1/live", use_awaitable);
    socket.binary(true);
    const std::string run = "/api/v1/runs/" + what.run;
    co_await subscribe(socket, 1, run);
    co_await subscribe(socket, 2, run + "/metrics/" + what.series + "?points=400");
  }

  static asio::awaitable<void> subscribe(Socket& socket, std::uint32_t id, std::string path) {
    schema::ClientFrame frame;
    frame.mutable_subscribe()->set_id(id);
    frame.mutable_subscribe()->set_path(std::move(path));
    const std::string message = frame.SerializeAsString();
    co_await socket.async_write(asio::buffer(message), use_awaitable);
  }

  // Of the next message that has any.
  asio::awaitable<schema::SeriesPoints> next_points(Socket& socket, beast::flat_buffer& buffer) {
    schema::ServerMessage message;
    while (true) {
      buffer.clear();
      co_await socket.async_read(buffer, use_awaitable);
      ++messages_;
      bytes_ += buffer.size();
      if (!message.ParseFromArray(buffer.data().data(), static_cast<int>(buffer.size())))
        throw std::runtime_error("this is no ServerMessage");
      for (schema::ServerFrame& frame : *message.mutable_frames()) {
        if (frame.has_problem()) throw std::runtime_error(frame.problem().detail());
        if (frame.points().value_size() > 0) co_return std::move(*frame.mutable_points());
      }
    }
  }

  void answered() {
    if (spawned_ < options_.viewers) spawn();
    if (++answered_ < options_.viewers) return;
    fmt::print("{{\"open_s\": {:.2f}}}\n", (now_us() - began_us_) / 1e6);
    std::fflush(stdout);
    began_us_ = now_us();
    messages_ = 0;
    bytes_ = 0;
  }

  // True when the last point is among them.
  bool take(const schema::SeriesPoints& points) {
    const double now = now_us();
    const auto& values = points.value();
    if (*values.rbegin() < 0) return true;
    // After a reset those before the last one have been with the viewer already.
    for (int at = points.reset() ? values.size() - 1 : 0; at < values.size(); ++at)
      waited_ms_.push_back(static_cast<float>((now - values[at]) / 1000));
    return false;
  }

  void report() {
    const double seconds = (now_us() - began_us_) / 1e6;
    std::sort(waited_ms_.begin(), waited_ms_.end());
    const auto quantile = [this](double share) {
      if (waited_ms_.empty()) return 0.0F;
      const auto at = static_cast<std::size_t>(share * static_cast<double>(waited_ms_.size()));
      return waited_ms_[std::min(at, waited_ms_.size() - 1)];
    };
    fmt::print("{{\"points\": {}, \"ms\": [{:.1f}, {:.1f}, {:.1f}, {:.1f}], ", waited_ms_.size(),
               quantile(0.5), quantile(0.9), quantile(0.99), quantile(1));
    fmt::print("\"messages_per_s\": {:.0f}, \"bytes_per_s\": {:.0f}}}\n",
               static_cast<double>(messages_) / seconds, static_cast<double>(bytes_) / seconds);
    context_.stop();
  }

  asio::io_context& context_;
  const Options options_;
  const std::vector<Watched> watched_;
  double began_us_;
  int spawned_ = 0;
  int answered_ = 0;
  int over_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<float> waited_ms_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Many live readers, and how long each waits for a point.");
  app.add_option("--port", options.port)->required();
  app.add_option("--viewers", options.viewers);
  app.add_option("--asleep", options.asleep, "of them, which read no more once they are answered");
  CLI11_PARSE(app, argc, argv);
  std::vector<Watched> watched;
  for (Watched one; std::cin >> one.run >> one.series;) watched.push_back(one);
  if (watched.empty()) {
    fmt::print(stderr, "Nothing to watch: give lines of RUN SERIES on standard input.\n");
    return 2;
  }
  try {
    asio::io_context context(1);
    const Crowd crowd(context, options, std::move(watched));
    while (!context.stopped()) {
      context.poll();
      std::this_thread::sleep_for(kLook);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "viewers: {}\n", error.what());
    return 1;
  }
}
