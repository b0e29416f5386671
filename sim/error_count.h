// ErrorCount: while it lives, what is logged goes nowhere, and errors are counted: a world without
// faults logs none. Not for two at a time.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace telltale::sim {

class ErrorCount {
 public:
  ErrorCount() : sink_(std::make_shared<Sink>()), before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("errors", sink_);
    logger->set_level(spdlog::level::err);
    spdlog::set_default_logger(std::move(logger));
  }
  ~ErrorCount() { spdlog::set_default_logger(before_); }
  ErrorCount(const ErrorCount&) = delete;
  ErrorCount& operator=(const ErrorCount&) = delete;

  std::size_t count() const { return sink_->count; }
  const std::string& first() const { return sink_->first; }

 private:
  struct Sink final : spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& message) override {
      if (count++ == 0) first.assign(message.payload.data(), message.payload.size());
    }
    void flush_() override {}

    std::size_t count = 0;
    std::string first;
  };

  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace telltale::sim
