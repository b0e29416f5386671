#include "main/visualizations.h"

#include <utility>

#include "ports/jobs_topic.h"

namespace telltale::main {
namespace {

constexpr std::int64_t kRetryUs = 200'000;
const ports::Partition kJobs{ports::kJobsTopic, 0};

}  // namespace

Visualizations::Visualizations(ports::Runtime& loop, ports::Log& log, ports::Store& store,
                               jobs::JobSources sources)
    : loop_(loop),
      log_(log),
      desk_(loop, log, store),
      types_(loop),
      sources_(std::move(sources)),
      user_jobs_(loop, store, desk_, types_, sources_),
      render_jobs_(loop, store, desk_, types_, sources_),
      shown_parts_(loop, store, desk_),
      streams_(loop, desk_) {}

void Visualizations::start() { find_end(); }

void Visualizations::find_end() {
  auto found = [this](Result<ports::Bounds> bounds) {
    if (!bounds.ok()) {
      if (bounds.error().code == ErrorCode::closed) return;
      loop_.post_after(kRetryUs, alive_.task([this] { find_end(); }));
      return;
    }
    const auto begin_if_whole = [this, end = bounds->end](LogOffset next) {
      if (ready_ || next < end) return;
      ready_ = true;
      desk_.start();
    };
    begin_if_whole(bounds->begin);
    tail_ = std::make_unique<serve::Tail>(loop_, log_, kJobs, bounds->begin,
                                          [this, begin_if_whole](const auto& records) {
                                            desk_.apply(records);
                                            if (!records.empty())
                                              begin_if_whole(next(records.back().offset));
                                          });
  };
  log_.bounds(kJobs, alive_.answer<Result<ports::Bounds>>(loop_, std::move(found)));
}

}  // namespace telltale::main
