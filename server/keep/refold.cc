#include "keep/refold.h"

#include <spdlog/spdlog.h>

#include <memory>

#include "keep/event_reader.h"
#include "schema/event.pb.h"

namespace telltale::keep {
namespace {

// Takes events of the archive and of what is on its way there, and applies each once, in the order
// of the log: of two blocks that are put at a time, the later one may be there first.
class Refolding {
 public:
  Refolding(const RunKey& run, LogOffset before, std::vector<keep::EventBlock> on_their_way)
      : view_(run), before_(before), on_their_way_(std::move(on_their_way)) {}

  void apply_archived(const keep::ArchivedEvent& archived) {
    apply_on_their_way(archived.offset);
    apply(archived);
  }
  // Those up to, but not, `end`.
  void apply_on_their_way(LogOffset end) {
    for (; block_ < on_their_way_.size(); ++block_, event_ = 0) {
      const std::vector<keep::ArchivedEvent>& events = on_their_way_[block_].events();
      for (; event_ < events.size(); ++event_) {
        if (events[event_].offset >= end) return;
        apply(events[event_]);
      }
    }
  }
  fold::RunView& view() { return view_; }
  LogOffset before() const { return before_; }

 private:
  // A repeat changes nothing: the view knows how far it is.
  void apply(const keep::ArchivedEvent& archived) {
    if (archived.offset >= before_) return;
    schema::Event event;
    // What is no Event was counted when it was folded first.
    if (event.ParseFromArray(archived.value.data(), static_cast<int>(archived.value.size())))
      view_.apply(archived.offset, event);
  }

  fold::RunView view_;
  const LogOffset before_;
  const std::vector<keep::EventBlock> on_their_way_;  // ascending
  std::size_t block_ = 0;                             // the next one of them, and of its events
  std::size_t event_ = 0;
};

}  // namespace

void refold(ports::Runtime& loop, ports::Store& store, Counters& counters, const RunKey& run,
            LogOffset before, std::vector<keep::EventBlock> on_their_way,
            UniqueFunction<void(Result<fold::RunView>)> done) {
  auto refolding = std::make_shared<Refolding>(run, before, std::move(on_their_way));
  auto finish = [refolding, &counters, done = std::move(done)](Result<ArchiveRead> read) mutable {
    if (!read.ok()) {
      done(read.error());
      return;
    }
    refolding->apply_on_their_way(refolding->before());
    fold::RunView& view = refolding->view();
    if (!view.empty()) {
      counters.add(Counter::runs_refolded);
      spdlog::info("archive: run {} was folded again from {} blocks of events, {} unreadable",
                   view.key().text(), read->blocks, read->damaged);
    }
    done(std::move(view));
  };
  read_events(
      loop, store, run,
      [refolding](const keep::ArchivedEvent& event) { refolding->apply_archived(event); },
      std::move(finish));
}

}  // namespace telltale::keep
