#include "serve/log_answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "ports/http_range.h"

namespace telltale::serve {
namespace {

using fold::LogBuffer;
using ports::HttpResponse;

// A log has places for bytes that were lost. What is answered is the bytes there are, one after
// another: these two go from a place in the log to how many of them stand before it, and back.
std::uint64_t kept_before(const LogBuffer& log, std::uint64_t offset) {
  offset = std::min(offset, log.size());
  std::uint64_t kept = offset;
  for (const LogBuffer::Range& gap : log.lost()) {
    if (gap.begin >= offset) break;
    kept -= std::min(gap.end, offset) - gap.begin;
  }
  return kept;
}

std::uint64_t offset_of(const LogBuffer& log, std::uint64_t kept) {
  std::uint64_t offset = kept;
  for (const LogBuffer::Range& gap : log.lost()) {
    if (gap.begin > offset) break;
    offset += gap.end - gap.begin;
  }
  return offset;
}

struct Attempt {
  TaskId task;
  std::int32_t number = 0;
};

const LogBuffer& log_of(const fold::RunView& run, const Attempt& attempt) {
  static const LogBuffer kEmpty;
  const fold::Task* task = run.task(attempt.task);
  const LogBuffer* log = task == nullptr ? nullptr : task->log(attempt.number);
  return log == nullptr ? kEmpty : *log;
}

class LogBody final : public ports::Body {
 public:
  LogBody(std::shared_ptr<const fold::RunView> run, const Attempt& attempt, std::uint64_t offset)
      : run_(std::move(run)), attempt_(attempt), offset_(offset) {}

  void read(std::size_t most, ports::Completion<Result<std::string>> done) override {
    LogBuffer::Slice slice = log_of(*run_, attempt_).read(offset_, most);
    offset_ = slice.offset + slice.data.size();
    done(std::move(slice.data));
  }

 private:
  std::shared_ptr<const fold::RunView> run_;  // stays open, and is followed, until all is read
  const Attempt attempt_;
  std::uint64_t offset_;
};

// How many bytes of the log come before what the query asks for.
Result<std::uint64_t> parse_start(const Resource& resource, const LogBuffer& log) {
  const std::uint64_t kept = log.size() - log.lost_bytes();
  const auto offset = resource.number("offset", UINT64_MAX);
  const auto tail = resource.number("tail", UINT64_MAX);
  if (!offset.ok()) return offset.error();
  if (!tail.ok()) return tail.error();
  if (offset.value()) return kept_before(log, *offset.value());
  if (tail.value()) return kept - std::min(*tail.value(), kept);
  return std::uint64_t{0};
}

void add_range(HttpResponse& response, const ports::ByteSpan& span, std::uint64_t size) {
  response.status = 206;
  response.headers.emplace_back("content-range", fmt::format("bytes {}-{}/{}", span.offset,
                                                             span.offset + span.length - 1, size));
}

HttpResponse no_such_bytes(std::uint64_t size) {
  HttpResponse response = ports::problem(
      416, "range_not_satisfiable", fmt::format("There are {} bytes, and none of these.", size));
  response.headers.emplace_back("content-range", fmt::format("bytes */{}", size));
  return response;
}

// Of a log that may change, no part can be promised to fit one that was taken earlier.
ports::WantedBytes wanted_range(const ports::HttpRequest& request, std::uint64_t size) {
  if (request.method == "HEAD" || !request.header("if-range").empty()) return ports::AllBytes{};
  return ports::parse_range(request.header("range"), size);
}

}  // namespace

HttpResponse log_answer(const Resource& resource, std::shared_ptr<const fold::RunView> run,
                        const ports::HttpRequest& request) {
  const fold::Task* task = run->task(resource.task);
  if (task == nullptr)
    return ports::problem({ErrorCode::not_found, "The run has no task of this id."});
  const auto asked = resource.number("attempt", 1'000'000);
  if (!asked.ok()) return ports::problem(asked.error());
  const Attempt attempt{resource.task, asked.value().value_or(0) > 0
                                           ? static_cast<std::int32_t>(*asked.value())
                                           : task->newest_attempt()};
  const LogBuffer& log = log_of(*run, attempt);
  const Result<std::uint64_t> start = parse_start(resource, log);
  if (!start.ok()) return ports::problem(start.error());
  const std::uint64_t size = log.size() - log.lost_bytes() - start.value();
  const ports::WantedBytes wanted = wanted_range(request, size);
  if (std::holds_alternative<ports::NoSuchBytes>(wanted)) return no_such_bytes(size);
  HttpResponse response;
  ports::ByteSpan span{0, size};
  if (const auto* part = std::get_if<ports::ByteSpan>(&wanted)) {
    span = *part;
    add_range(response, span, size);
  }
  const std::uint64_t offset = offset_of(log, start.value() + span.offset);
  response.content_type = "text/plain; charset=utf-8";
  response.stream = std::make_unique<LogBody>(run, attempt, offset);
  response.length = span.length;
  response.headers.emplace_back("accept-ranges", "bytes");
  response.headers.emplace_back("cache-control", "no-store");
  response.headers.emplace_back("x-log-size", fmt::format("{}", log.size()));
  response.headers.emplace_back("x-log-offset", fmt::format("{}", std::min(offset, log.size())));
  response.headers.emplace_back("x-log-lost", fmt::format("{}", log.lost_bytes()));
  if (resource.text("download") == "1") {
    response.headers.emplace_back(
        "content-disposition",
        fmt::format("attachment; filename=\"{}-{}.log\"", resource.task.text(), attempt.number));
  }
  return response;
}

}  // namespace telltale::serve
