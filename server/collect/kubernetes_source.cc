#include "collect/kubernetes_source.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/limits.h"
#include "base/query.h"

namespace telltale::collect {
namespace {

// What was read and not asked for yet; then the API server waits.
constexpr std::size_t kQueueBytes = 8U << 20;
constexpr std::size_t kPieceBytes = 1U << 20;
// An API server sends a bookmark a minute: a line that is silent for longer is dead.
constexpr std::int64_t kWatchIdleUs = 150'000'000;
constexpr std::int64_t kListIdleUs = 60'000'000;
constexpr std::int64_t kShortPauseUs = 250'000;  // doubled with each failure in a row, up to
constexpr std::int64_t kShortPauseUsMax = 30'000'000;
constexpr std::int64_t kLongPauseUs = 15'000'000;  // where a person has to do something
constexpr std::int64_t kRetryAfterUsMax = 60'000'000;

std::int64_t seconds_us(const std::string& text) {
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp<std::int64_t>(seconds * 1'000'000, 0, kRetryAfterUsMax);
}

struct Position {
  std::uint64_t generation = 1;
  std::map<std::string, StreamPlace, std::less<>> places;
};

// A JSON object of ours; anything else is no position.
std::optional<Position> parse_position(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::object streams;
  Position position;
  if (parser.parse(text).get(root) != simdjson::SUCCESS) return std::nullopt;
  if (root["generation"].get_uint64().get(position.generation) != simdjson::SUCCESS ||
      root["streams"].get_object().get(streams) != simdjson::SUCCESS)
    return std::nullopt;
  for (const auto [name, place] : streams) {
    std::string_view version;
    StreamPlace found;
    if (place["at"].get_string().get(version) != simdjson::SUCCESS ||
        place["list"].get_bool().get(found.must_list) != simdjson::SUCCESS)
      return std::nullopt;
    found.resource_version = version;
    position.places[std::string(name)] = found;
  }
  return position;
}

}  // namespace

struct KubernetesSource::Kind {
  const char* name;
  const char* group;  // of the API
  std::string selectors;
};

KubernetesSource::KubernetesSource(ports::Runtime& loop, ports::HttpFetch& fetch,
                                   KubernetesAccess access, const KubernetesWatch& watch,
                                   OnTrouble on_trouble)
    : loop_(loop), fetch_(fetch), access_(std::move(access)), on_trouble_(std::move(on_trouble)) {
  const std::string labels = watch.label_selector.empty()
                                 ? std::string()
                                 : "labelSelector=" + percent_encode(watch.label_selector);
  add_streams({"workflows", "/apis/argoproj.io/v1alpha1", labels}, watch);
  add_streams(
      {"pods", "/api/v1", "labelSelector=" + percent_encode("workflows.argoproj.io/workflow")},
      watch);
}

KubernetesSource::~KubernetesSource() { close(); }

void KubernetesSource::add_streams(const Kind& kind, const KubernetesWatch& watch) {
  const auto add = [&](const std::string& name, const std::string& path) {
    streams_.push_back(
        {KubernetesStream(name, path, kind.selectors, {}), {}, nullptr, {}, 0, 0, false});
  };
  if (watch.namespaces.empty()) add(kind.name, fmt::format("{}/{}", kind.group, kind.name));
  for (const std::string& space : watch.namespaces) {
    add(fmt::format("{}/{}", kind.name, space),
        fmt::format("{}/namespaces/{}/{}", kind.group, percent_encode(space), kind.name));
  }
}

void KubernetesSource::read(std::string from, ports::SourceLimits limits,
                            ports::Completion<Result<ports::SourceBatch>> done) {
  CHECK(!waiting_, "a source is read twice at a time");
  if (closed_) return done(ports::source_closed());
  if (position_ != from && !begin(from)) return done(ports::source_expired());
  waiting_.emplace(Waiting{limits, std::move(done)});
  if (!queue_.empty() || limits.wait_us <= 0) return answer();
  waiting_->timer = loop_.post_after(limits.wait_us, alive_.task([this] { answer(); }));
}

void KubernetesSource::close() {
  if (closed_) return;
  closed_ = true;
  ++life_;
  for (std::size_t at = 0; at < streams_.size(); ++at) {
    streams_[at].fetch.reset();
    tell(at, "");
  }
  if (waiting_) {
    loop_.cancel(waiting_->timer);
    std::exchange(waiting_, std::nullopt)->done(ports::source_closed());
  }
}

// All streams anew, from where `from` says that each of them was.
bool KubernetesSource::begin(const std::string& from) {
  Position position;
  if (!from.empty()) {
    std::optional<Position> parsed = parse_position(from);
    if (!parsed) return false;
    position = std::move(*parsed);
  }
  ++life_;
  queue_.clear();
  queued_bytes_ = 0;
  generation_ = position.generation;
  position_ = from;
  for (Stream& stream : streams_) {
    const auto found = position.places.find(stream.state.name());
    stream.handed = found == position.places.end() ? StreamPlace{} : found->second;
    stream.state.move_to(stream.handed);
    stream.fetch.reset();
    stream.failures = 0;
    stream.held = false;
  }
  note_generation();
  for (std::size_t at = 0; at < streams_.size(); ++at) ask(at);
  return true;
}

// What comes from now on outranks all that was told under a lower one.
void KubernetesSource::note_generation() {
  const std::string bytes = fmt::format(R"({{"type":"GENERATION","generation":{}}})", generation_);
  queue_.push_back(
      {0, {hash_id({"generation", access_.server, bytes}), bytes, streams_.front().handed}});
  queued_bytes_ += bytes.size();
}

void KubernetesSource::ask(std::size_t at) {
  Stream& stream = streams_[at];
  const Result<std::string> token = token_of(access_);
  if (!token.ok()) return on_end(at, false, 0, token.error().message);
  ports::FetchRequest request;
  request.url = access_.server + stream.state.target();
  request.headers = {{"accept", "application/json"}};
  if (!token->empty()) request.headers.emplace_back("authorization", "Bearer " + token.value());
  request.tls.ca_pem = access_.ca_pem;
  request.tls.certificate_pem = access_.client_certificate_pem;
  request.tls.key_pem = access_.client_key_pem;
  request.tls.verify = access_.verify_tls;
  request.idle_us = stream.state.is_watch() ? kWatchIdleUs : kListIdleUs;
  stream.fetch = fetch_.start(std::move(request));
  stream.fetch->head(alive_.answer<Result<ports::FetchHead>>(
      loop_, [this, at, life = life_](Result<ports::FetchHead> head) {
        if (life == life_) on_head(at, std::move(head));
      }));
}

void KubernetesSource::on_head(std::size_t at, Result<ports::FetchHead> head) {
  Stream& stream = streams_[at];
  if (!head.ok()) {
    return on_end(at, false, 0,
                  fmt::format("The API server does not answer: {}.", head.error().message));
  }
  stream.state.begin(head->status);
  stream.retry_after_us = seconds_us(head->header("retry-after"));
  if (head->status == 200) tell(at, "");
  read_on(at);
}

void KubernetesSource::read_on(std::size_t at) {
  Stream& stream = streams_[at];
  stream.held = queued_bytes_ >= kQueueBytes;
  if (stream.held) return;
  stream.fetch->read(kPieceBytes, alive_.answer<Result<std::string>>(
                                      loop_, [this, at, life = life_](Result<std::string> bytes) {
                                        if (life == life_) on_bytes(at, std::move(bytes));
                                      }));
}

void KubernetesSource::on_bytes(std::size_t at, Result<std::string> bytes) {
  Stream& stream = streams_[at];
  if (!bytes.ok() || bytes->empty()) {
    on_end(at, bytes.ok(), stream.retry_after_us, bytes.ok() ? "" : bytes.error().message);
    return;
  }
  std::vector<StreamFact> facts;
  stream.state.take(bytes.value(), facts);
  queue(at, std::move(facts));
  if (stream.state.is_broken()) {
    on_end(at, true, stream.retry_after_us, "");
  } else {
    read_on(at);
  }
}

// `trouble`: why no answer came, or not all of it. A watch that is cut after it told something is
// nothing to speak of: it goes on where it was.
void KubernetesSource::on_end(std::size_t at, bool whole, std::int64_t retry_after_us,
                              std::string trouble) {
  Stream& stream = streams_[at];
  const bool answered = stream.fetch != nullptr && stream.state.has_begun();
  stream.fetch.reset();
  StreamNext next{StreamNext::Wait::short_pause, 0, std::move(trouble)};
  if (answered) {
    std::vector<StreamFact> facts;
    next = stream.state.end(whole, retry_after_us, facts);
    if (stream.state.take_restored()) {
      ++generation_;
      note_generation();
    }
    queue(at, std::move(facts));
  }
  if (!next.trouble.empty()) tell(at, next.trouble);
  std::int64_t pause = 0;
  switch (next.wait) {
    case StreamNext::Wait::none: stream.failures = 0; break;
    case StreamNext::Wait::long_pause: pause = kLongPauseUs; break;
    case StreamNext::Wait::short_pause:
      pause = std::min(kShortPauseUsMax, kShortPauseUs << std::min(stream.failures++, 10));
      break;
  }
  pause = std::max(pause, next.retry_after_us);
  // Of many streams that failed together, each at a moment of its own.
  if (pause > 0) pause = pause / 2 + static_cast<std::int64_t>(loop_.random() % (pause / 2 + 1));
  loop_.post_after(pause, alive_.task([this, at, life = life_] {
    if (life == life_) ask(at);
  }));
}

void KubernetesSource::queue(std::size_t at, std::vector<StreamFact> facts) {
  for (StreamFact& fact : facts) {
    queued_bytes_ += fact.bytes.size();
    queue_.push_back({at, std::move(fact)});
  }
  if (waiting_ && !queue_.empty()) answer();
}

void KubernetesSource::tell(std::size_t at, const std::string& trouble) {
  if (streams_[at].trouble == trouble) return;
  streams_[at].trouble = trouble;
  on_trouble_(streams_[at].state.name(), trouble);
}

void KubernetesSource::answer() {
  Waiting waiting = std::move(*waiting_);
  waiting_.reset();
  loop_.cancel(waiting.timer);
  ports::SourceBatch batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.items.size() < waiting.limits.items_max) {
    Queued& next = queue_.front();
    if (!batch.items.empty() && bytes + next.fact.bytes.size() > waiting.limits.bytes_max) break;
    const std::size_t size = next.fact.bytes.size();
    bytes += size;
    StreamPlace& handed = streams_[next.stream].handed;
    // Another list would tell what is, and nothing of what was between the two.
    batch.keep_now = batch.keep_now || (handed.must_list && !next.fact.after.must_list);
    handed = next.fact.after;
    batch.items.push_back({std::move(next.fact.id), std::move(next.fact.bytes), size});
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  // Bookmarks move a stream without a fact.
  if (queue_.empty()) {
    for (Stream& stream : streams_) stream.handed = stream.state.place();
  }
  position_ = position();
  batch.position = *position_;
  waiting.done(std::move(batch));
  for (std::size_t at = 0; at < streams_.size(); ++at)
    if (streams_[at].held) read_on(at);
}

std::string KubernetesSource::position() const {
  std::string streams;
  for (const Stream& stream : streams_) {
    streams += fmt::format(R"({}{}:{{"at":{},"list":{}}})", streams.empty() ? "" : ",",
                           json_string(stream.state.name()),
                           json_string(stream.handed.resource_version), stream.handed.must_list);
  }
  return fmt::format(R"({{"generation":{},"streams":{{{}}}}})", generation_, streams);
}

}  // namespace telltale::collect
