// KubernetesSource: the workflows and pods of a cluster, listed once and then watched, as a Source.
// One stream for each kind and namespace (kubernetes_stream), each with a request of its own that
// goes on for as long as it can; a stream that fails pauses and the others go on. Lives on
// collect's loop, where `main` owns it; sockets are HttpFetch's. It only ever reads.
//
// A position is JSON: where each stream is, and the generation, which grows when versions of the
// cluster went back. An unknown position is `expired`. Items are lines of a watch;
// {"type":"LISTING"} and {"type":"LISTED"}, with "stream", stand around the objects of a list, and
// {"type":"GENERATION"}, with "generation", first of all and whenever it grows.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collect/kubernetes_access.h"
#include "collect/kubernetes_stream.h"
#include "ports/alive.h"
#include "ports/http_fetch.h"
#include "ports/source.h"

namespace telltale::collect {

struct KubernetesWatch {
  std::vector<std::string> namespaces;  // none = all of the cluster
  std::string label_selector;           // of workflows, as kubectl takes it
};

class KubernetesSource final : public ports::Source {
 public:
  // What keeps a part of it from being read, in a sentence, and "" once that is over.
  using OnTrouble = std::function<void(const std::string& stream, const std::string& trouble)>;

  KubernetesSource(ports::Runtime& loop, ports::HttpFetch& fetch, KubernetesAccess access,
                   const KubernetesWatch& watch, OnTrouble on_trouble);
  ~KubernetesSource() override;

  void read(std::string from, ports::SourceLimits limits,
            ports::Completion<Result<ports::SourceBatch>> done) override;
  void close() override;

 private:
  struct Stream {
    KubernetesStream state;
    StreamPlace handed;  // behind what was answered
    std::unique_ptr<ports::Fetch> fetch;
    std::string trouble;
    std::int64_t retry_after_us = 0;  // of the answer under way
    int failures = 0;
    bool held = false;  // its reading waits for room
  };
  struct Queued {
    std::size_t stream;
    StreamFact fact;
  };
  struct Waiting {
    ports::SourceLimits limits;
    ports::Completion<Result<ports::SourceBatch>> done;
    ports::TimerId timer{};
  };
  struct Kind;

  void add_streams(const Kind& kind, const KubernetesWatch& watch);
  bool begin(const std::string& from);
  void ask(std::size_t at);
  void on_head(std::size_t at, Result<ports::FetchHead> head);
  void read_on(std::size_t at);
  void on_bytes(std::size_t at, Result<std::string> bytes);
  void on_end(std::size_t at, bool whole, std::int64_t retry_after_us, std::string trouble);
  void queue(std::size_t at, std::vector<StreamFact> facts);
  void tell(std::size_t at, const std::string& trouble);
  void answer();
  std::string position() const;
  void note_generation();

  ports::Runtime& loop_;
  ports::HttpFetch& fetch_;
  const KubernetesAccess access_;
  OnTrouble on_trouble_;
  std::vector<Stream> streams_;
  std::uint64_t generation_ = 1;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  std::optional<std::string> position_;  // behind what was answered last
  std::optional<Waiting> waiting_;
  bool closed_ = false;
  std::uint64_t life_ = 0;  // grows when all streams are begun anew: what came before is dropped
  ports::Alive alive_;
};

}  // namespace telltale::collect
