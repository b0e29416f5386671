// Subscription: one resource a connection watches, and up to where the reader has it. Builds the
// next frame from the views; knows nothing of connections. Lives on serve's loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "serve/live_views.h"
#include "serve/resource.h"
#include "serve/run_list.h"
#include "serve/run_query.h"
#include "serve/series_query.h"

namespace telltale::schema {
class RunList;
class ServerFrame;
}  // namespace telltale::schema

namespace telltale::serve {

class Subscription {
 public:
  // `since`: the position of the last frame the reader applied, or "" for a snapshot.
  Subscription(std::uint32_t id, std::uint64_t generation, Resource resource, std::string since);

  std::uint32_t id() const { return id_; }
  std::uint64_t generation() const { return generation_; }
  const Resource& resource() const { return resource_; }

  void set_run(LiveViews::RunPtr run) { run_ = std::move(run); }

  // The frame with what the reader does not have; nothing if it has all. invalid_argument or
  // not_found end the subscription.
  Result<bool> next_frame(const RunList& runs, schema::ServerFrame& frame);
  // When its next frame may be sent (Runtime::steady_us); 0 before the first. One with nothing but
  // numbers of a run is `numbers_gap_us` after the last.
  std::int64_t due_us(std::int64_t numbers_gap_us) const;
  // Time since the source of the run last said anything; 0 once the run ended, and for lists.
  std::int64_t age_us(EpochUs now) const;

  std::int64_t sent_us = 0;  // its last frame; Runtime::steady_us
  bool more = false;         // the last frame did not hold everything

 private:
  Result<bool> runs_frame(const RunList& runs, schema::ServerFrame& frame);
  // Whether the reader's page differs from this one; how, in `list`.
  bool list_changes(const fold::Catalogue& catalogue, const fold::RunPage& page,
                    schema::RunList& list) const;
  Result<bool> run_frame(schema::ServerFrame& frame);
  Result<bool> graph_frame(schema::ServerFrame& frame);
  Result<bool> task_frame(schema::ServerFrame& frame);
  Result<bool> log_frame(schema::ServerFrame& frame);
  Result<bool> points_frame(schema::ServerFrame& frame);
  Result<bool> artifact_frame(schema::ServerFrame& frame);
  // The position in `since`, used once; nullopt for a snapshot.
  std::optional<LogOffset> take_since();
  std::optional<LogOffset> position_to_send_from();

  std::uint32_t id_;
  std::uint64_t generation_;
  Resource resource_;
  std::optional<SeriesQuery> series_query_;  // once it was asked for
  std::optional<RunQuery> run_query_;
  std::string since_;
  LiveViews::RunPtr run_;
  bool answered_ = false;  // a first frame was sent
  LogOffset position_{};   // everything up to it is with the reader
  // Of a list, what the reader has: its page, and when that was looked at.
  fold::RunPage listed_;
  std::uint64_t listed_version_ = 0;
  std::int32_t log_attempt_ = 0;
  std::uint64_t log_offset_ = 0;   // next byte to send
  std::uint64_t points_sent_ = 0;  // of the series, from its first
  std::uint64_t points_since_reset_ = 0;
  std::int64_t graph_size_ = 0;  // boxes and edges of the last frame
};

}  // namespace telltale::serve
