#include "sim/source_ports.h"

#include <utility>

namespace telltale::sim {
namespace {

constexpr std::int64_t kLateUs = 100'000;

}  // namespace

void HastyLog::append(std::string topic, std::vector<ports::Record> records,
                      ports::Completion<Result<ports::Appended>> done) {
  if (!hasty_ || topic != ports::kEventsTopic) {
    inner_.append(std::move(topic), std::move(records), std::move(done));
    return;
  }
  runtime_.post_after(kLateUs, [this, topic = std::move(topic), records = std::move(records)] {
    inner_.append(topic, records, {runtime_, [](const Result<ports::Appended>&) {}});
  });
  done(ports::Appended{});
}

void DeafSource::read(std::string from, ports::SourceLimits limits,
                      ports::Completion<Result<ports::SourceBatch>> done) {
  if (!deaf_) {
    inner_.read(std::move(from), limits, std::move(done));
    return;
  }
  auto heard = [this, done = std::move(done)](Result<ports::SourceBatch> batch) mutable {
    if (batch.ok() || batch.error().code != ErrorCode::expired) {
      done(std::move(batch));
      return;
    }
    const ports::SourceLimits all{.items_max = SIZE_MAX, .bytes_max = SIZE_MAX};
    inner_.read("", all,
                {runtime_, [done = std::move(done)](Result<ports::SourceBatch> rest) mutable {
                   if (rest.ok()) rest->items.clear();
                   done(std::move(rest));
                 }});
  };
  inner_.read(std::move(from), limits, {runtime_, std::move(heard)});
}

}  // namespace telltale::sim
