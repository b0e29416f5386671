#include "net/curl_fetch.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "net/curl_handle.h"

namespace telltale::net {
namespace {

// How long the thread sleeps where nothing happens; it is woken for all that does.
constexpr std::int64_t kSleepUs = 60'000'000;
// Connections that no request uses now.
constexpr long kIdleConnections = 64;

Error closed() { return {ErrorCode::closed, "This process ends."}; }

}  // namespace

// What other threads want of the one that moves bytes.
class CurlFetch::Mail {
 public:
  struct Started {
    ports::FetchRequest request;
    std::shared_ptr<Transfer> transfer;
  };
  struct Letters {
    std::vector<Started> started;
    std::vector<std::shared_ptr<Transfer>> changed;  // there is room again, or they were dropped
    bool closed = false;
  };

  Mail() : multi_(curl_multi_init()) { CHECK(multi_ != nullptr, "libcurl has no multi handle"); }
  ~Mail() { curl_multi_cleanup(multi_); }

  CURLM* multi() const { return multi_; }
  void start(Started started) {
    std::unique_lock lock(mutex_);
    if (!letters_.closed) {
      letters_.started.push_back(std::move(started));
      curl_multi_wakeup(multi_);
      return;
    }
    lock.unlock();
    started.transfer->end(closed());
  }
  void change(std::shared_ptr<Transfer> transfer) {
    const std::lock_guard lock(mutex_);
    if (letters_.closed) return;
    letters_.changed.push_back(std::move(transfer));
    curl_multi_wakeup(multi_);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    letters_.closed = true;
    curl_multi_wakeup(multi_);
  }
  Letters take() {
    const std::lock_guard lock(mutex_);
    Letters taken = std::exchange(letters_, {});
    letters_.closed = taken.closed;
    return taken;
  }

 private:
  CURLM* const multi_;
  std::mutex mutex_;
  Letters letters_;
};

// The thread's own side.
class CurlFetch::Mover {
 public:
  explicit Mover(std::shared_ptr<Mail> mail) : mail_(std::move(mail)), multi_(mail_->multi()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
  }

  void run() {
    while (true) {
      Mail::Letters letters = mail_->take();
      for (Mail::Started& started : letters.started) begin(std::move(started));
      for (const auto& transfer : letters.changed) look_at(transfer.get());
      if (letters.closed) break;
      int running = 0;
      curl_multi_perform(multi_, &running);
      end_those_that_are_done();
      const std::int64_t sleep_us = give_up_idle_ones();
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(sleep_us / 1'000 + 1), nullptr);
    }
    while (!running_.empty()) end(running_.begin()->first, closed());
  }

 private:
  void begin(Mail::Started started) {
    auto handle = std::make_unique<CurlHandle>(std::move(started.request), started.transfer);
    if (Status good = handle->set_up(); !good.ok()) {
      started.transfer->end(std::move(good));
      return;
    }
    curl_multi_add_handle(multi_, handle->easy());
    running_.emplace(started.transfer.get(), std::move(handle));
  }

  void look_at(const Transfer* transfer) {
    const auto found = running_.find(transfer);
    if (found == running_.end()) return;
    if (transfer->is_dropped()) {
      end(transfer, closed());
    } else {
      found->second->go_on();
    }
  }

  void end_those_that_are_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CurlHandle* handle = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &handle);
      end(&handle->transfer(), handle->status_of(message->data.result));
    }
  }

  // Answers for how long nothing is due.
  std::int64_t give_up_idle_ones() {
    const std::int64_t now_us = steady_us();
    std::int64_t first_us = now_us + kSleepUs;
    std::vector<const Transfer*> idle;
    for (const auto& [transfer, handle] : running_) {
      const std::int64_t at_us = handle->idle_at_us();
      if (at_us <= now_us) idle.push_back(transfer);
      first_us = std::min(first_us, std::max(at_us, now_us));
    }
    for (const Transfer* transfer : idle) end(transfer, running_.at(transfer)->idle_error());
    return first_us - now_us;
  }

  void end(const Transfer* transfer, Status status) {
    const auto found = running_.find(transfer);
    curl_multi_remove_handle(multi_, found->second->easy());
    // Its connection is done with before the reader hears of it.
    const std::unique_ptr<CurlHandle> handle = std::move(found->second);
    running_.erase(found);
    handle->transfer().end(std::move(status));
  }

  const std::shared_ptr<Mail> mail_;
  CURLM* const multi_;
  std::unordered_map<const Transfer*, std::unique_ptr<CurlHandle>> running_;
};

class CurlFetch::CurlAnswer final : public ports::Fetch {
 public:
  CurlAnswer(std::shared_ptr<Mail> mail, std::shared_ptr<Transfer> transfer)
      : mail_(std::move(mail)), transfer_(std::move(transfer)) {}
  ~CurlAnswer() override {
    transfer_->drop();
    mail_->change(transfer_);
  }

  void head(ports::Completion<Result<ports::FetchHead>> done) override {
    transfer_->head(std::move(done));
  }
  void read(std::size_t most, ports::Completion<Result<std::string>> done) override {
    if (transfer_->read(most, std::move(done))) mail_->change(transfer_);
  }

 private:
  const std::shared_ptr<Mail> mail_;
  const std::shared_ptr<Transfer> transfer_;
};

CurlFetch::CurlFetch()
    : mail_([] {
        static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        CHECK(ready == CURLE_OK, "libcurl: {}", curl_easy_strerror(ready));
        return std::make_shared<Mail>();
      }()) {
  thread_ = std::thread([mail = mail_] { Mover(mail).run(); });
}

CurlFetch::~CurlFetch() {
  close();
  thread_.join();
}

std::unique_ptr<ports::Fetch> CurlFetch::start(ports::FetchRequest request) {
  auto transfer = std::make_shared<Transfer>(request.window_bytes);
  auto answer = std::make_unique<CurlAnswer>(mail_, transfer);
  mail_->start({std::move(request), std::move(transfer)});
  return answer;
}

void CurlFetch::close() { mail_->close(); }

}  // namespace telltale::net
