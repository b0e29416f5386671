// What events say about the run as a whole.
#include "fold/apply.h"
#include "fold/run_view.h"
#include "schema/event.pb.h"

namespace telltale::fold {
bool RunView::apply_run_state(const schema::Event& event, const schema::RunState& told) {
  if (is_old_version(told.version(), header_.version)) return false;
  bool changed = set_text(header_.name, told.name());
  changed |= set_text(header_.pipeline, told.pipeline());
  changed |= set_text(header_.source, told.source());
  changed |= set_number(header_.started_at_us, told.started_at_us());
  changed |= set_number(header_.finished_at_us, told.finished_at_us());
  changed |= set_state(header_, told, event.happened_at_us());
  if (merge(header_.parameters, told.parameters())) {
    header_.parameters_changed_at = now_;
    changed = true;
  }
  if (told.has_launch()) {
    Launch launch{told.launch().pipeline_file(), told.launch().working_directory()};
    if (header_.launch != launch) {
      header_.launch = std::move(launch);
      changed = true;
    }
  }
  if (changed) weigh_header();
  return changed;
}

// Its sender counts in order: what it says now may be older than what is known.
bool RunView::note_late() {
  header_.lost.events = add_capped(header_.lost.events, 1);
  if (set_text(header_.lost.reason, "events came after later ones of the same sender"))
    weigh_header();
  changed_at_ = turned_at_ = now_;
  return true;
}

bool RunView::apply_loss(const schema::Loss& loss) {
  Lost& lost = header_.lost;
  lost.points = add_capped(lost.points, loss.points());
  lost.log_bytes = add_capped(lost.log_bytes, loss.log_bytes());
  lost.events = add_capped(lost.events, loss.events());
  const bool counted = loss.points() != 0 || loss.log_bytes() != 0 || loss.events() != 0;
  const bool said = set_text(lost.reason, loss.reason());
  if (said) weigh_header();
  return said || counted;
}

bool RunView::apply_cancel_request(const schema::Event& event) {
  // The first request counts: asking twice does not make it younger.
  if (header_.cancel_requested_at_us != 0) return false;
  return set_number(header_.cancel_requested_at_us,
                    event.happened_at_us() != 0 ? event.happened_at_us() : event.observed_at_us());
}

}  // namespace telltale::fold
