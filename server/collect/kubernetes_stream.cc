#include "collect/kubernetes_stream.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "base/ids.h"
#include "base/json.h"

namespace telltale::collect {
namespace {

// Objects of a page: workflows of 1.4 MB are the largest there are, most have a hundredth.
constexpr std::uint64_t kPageFirst = 50;
constexpr std::uint64_t kPageMost = 500;
constexpr std::size_t kPageBytesWanted = 8U << 20;  // pages grow and shrink to about this
constexpr std::size_t kPageBytes = 64U << 20;
// etcd takes no object above 1.5 MiB; a line is one with a few words around it.
constexpr std::size_t kLineBytes = 4U << 20;
constexpr std::size_t kRefusalBytes = 64U << 10;
// The API server ends a watch by itself after this; the next one goes on where it was.
constexpr int kWatchSeconds = 290;

namespace ondemand = simdjson::ondemand;

// For simdjson, which reads a little beyond the end.
simdjson::padded_string_view padded(std::string& text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  return simdjson::padded_string_view(text.data(), text.size(), text.capacity());
}

std::string string_of(simdjson::simdjson_result<ondemand::value> value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

struct ObjectName {
  std::string uid;
  std::string version;
};

template <typename Object>
ObjectName name_of(Object& object) {
  ObjectName name;
  ondemand::object metadata;
  if (object["metadata"].get_object().get(metadata) != simdjson::SUCCESS) return name;
  name.version = string_of(metadata["resourceVersion"]);
  name.uid = string_of(metadata["uid"]);
  return name;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The message of a Status, which may be pretty JSON over several lines; else the body's beginning.
std::string message_of(std::string body) {
  static thread_local ondemand::parser parser;
  ondemand::document document;
  std::string message;
  if (parser.iterate(padded(body)).get(document) == simdjson::SUCCESS) {
    std::string_view text;
    if (document["message"].get_string().get(text) == simdjson::SUCCESS) message = text;
  }
  if (message.empty()) message = body;
  constexpr std::size_t kMessageBytes = 300;
  if (message.size() > kMessageBytes) message = fmt::format("{:.{}} …", message, kMessageBytes);
  return message;
}

}  // namespace

KubernetesStream::KubernetesStream(std::string name, std::string path, std::string selectors,
                                   StreamPlace place)
    : name_(std::move(name)),
      path_(std::move(path)),
      selectors_(std::move(selectors)),
      place_(std::move(place)),
      page_(kPageFirst) {}

void KubernetesStream::move_to(StreamPlace place) {
  place_ = std::move(place);
  continue_.clear();
  buffer_.clear();
  page_ = kPageFirst;
  status_ = 0;
}

bool KubernetesStream::take_restored() { return std::exchange(restored_, false); }

std::string KubernetesStream::target() const {
  const std::string selectors = selectors_.empty() ? selectors_ : fmt::format("&{}", selectors_);
  if (is_watch()) {
    return fmt::format("{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}{}",
                       path_, kWatchSeconds, place_.resource_version, selectors);
  }
  const std::string target = fmt::format("{}?limit={}{}", path_, page_, selectors);
  return continue_.empty() ? target : fmt::format("{}&continue={}", target, continue_);
}

void KubernetesStream::begin(int status) {
  status_ = status;
  buffer_.clear();
  overflown_ = moved_ = broken_ = false;
}

void KubernetesStream::take(std::string_view bytes, std::vector<StreamFact>& facts) {
  if (status_ != 200 || !is_watch()) {
    const std::size_t most = status_ == 200 ? kPageBytes : kRefusalBytes;
    overflown_ = overflown_ || buffer_.size() + bytes.size() > most;
    if (!overflown_) buffer_ += bytes;
    return;
  }
  while (!bytes.empty() && !broken_) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    overflown_ = overflown_ || buffer_.size() + piece.size() > kLineBytes;
    if (!overflown_) buffer_ += piece;
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (overflown_) {
      ++unreadable_;
    } else if (!buffer_.empty()) {
      take_line(facts);
    }
    buffer_.clear();
    overflown_ = false;
  }
}

// What is no event ends the watch: a Status in pretty JSON has several lines, and none of them may
// move the place or be told as a fact.
void KubernetesStream::take_line(std::vector<StreamFact>& facts) {
  static thread_local ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  std::string type;
  const auto view = padded(buffer_);
  if (parser.iterate(view).get(document) == simdjson::SUCCESS) type = string_of(document["type"]);
  if (type.empty() || document["object"].get_object().get(object) != simdjson::SUCCESS) {
    ++unreadable_;
    broken_ = true;
    return;
  }
  if (type == "ERROR") {
    std::int64_t code = 0;
    broken_ = true;
    if (object["code"].get_int64().get(code) == simdjson::SUCCESS && code == 410) list_anew();
    return;
  }
  const ObjectName name = name_of(object);
  if (name.version.empty()) {
    ++unreadable_;
    return;
  }
  moved_ = true;
  place_.resource_version = name.version;
  if (type == "BOOKMARK") return;
  facts.push_back({hash_id({name_, type, name.uid, name.version}), buffer_, place_});
}

StreamNext KubernetesStream::end(bool whole, std::int64_t retry_after_us,
                                 std::vector<StreamFact>& facts) {
  const int status = std::exchange(status_, 0);
  if (status != 200) return refused(status, retry_after_us);
  // A watch that asked for a list is one no more, and has no page.
  if (is_watch() || broken_) {
    // A line without its end was cut in the middle and is no event.
    if (moved_ && !broken_) return {};
    if (!is_watch()) return {};
    return {StreamNext::Wait::short_pause, retry_after_us, ""};
  }
  if (overflown_) {
    if (page_ == 1) {
      return {StreamNext::Wait::long_pause, 0,
              fmt::format("One of the {} is larger than {} bytes.", name_, kPageBytes)};
    }
    page_ = std::max<std::uint64_t>(1, page_ / 8);
    return {};
  }
  if (!whole || buffer_.empty()) return {StreamNext::Wait::short_pause, retry_after_us, ""};
  return end_of_page(facts);
}

StreamNext KubernetesStream::end_of_page(std::vector<StreamFact>& facts) {
  static thread_local ondemand::parser parser;
  const auto unreadable = [this] {
    ++unreadable_;
    list_anew();
    return StreamNext{StreamNext::Wait::short_pause, 0,
                      fmt::format("The list of {} cannot be read.", name_)};
  };
  const std::size_t bytes = buffer_.size();
  ondemand::document document;
  if (parser.iterate(padded(buffer_)).get(document) != simdjson::SUCCESS) return unreadable();
  ondemand::object metadata;
  if (document["metadata"].get_object().get(metadata) != simdjson::SUCCESS) return unreadable();
  const std::string next = string_of(metadata["continue"]);
  const std::string version = string_of(metadata["resourceVersion"]);
  if (version.empty()) return unreadable();
  if (continue_.empty()) add_mark("LISTING", facts);
  ondemand::array items;
  if (document["items"].get_array().get(items) == simdjson::SUCCESS) {
    for (auto item : items) {
      ondemand::object object;
      std::string_view json;
      if (item.get_object().get(object) != simdjson::SUCCESS) return unreadable();
      const ObjectName name = name_of(object);
      if (object.reset().error() != simdjson::SUCCESS ||
          object.raw_json().get(json) != simdjson::SUCCESS)
        return unreadable();
      add("ADDED", json, name.uid, name.version, facts);
    }
  }
  page_ = std::clamp<std::uint64_t>(page_ * kPageBytesWanted / std::max<std::size_t>(bytes, 1), 1,
                                    std::min(kPageMost, page_ * 2));
  continue_ = next;
  if (!next.empty()) return {};
  restored_ = restored_ || number_of(version) < number_of(place_.resource_version);
  place_ = {version, false};
  ++listing_;
  add_mark("LISTED", facts);
  return {};
}

StreamNext KubernetesStream::refused(int status, std::int64_t retry_after_us) {
  // A version that is not known yet is one of a database that was restored from a backup.
  const std::string message = message_of(buffer_);
  const bool is_from_the_future = message.find("Too large resource version") != std::string::npos;
  if (status == 410 || is_from_the_future) {
    const bool was_list = place_.must_list;
    list_anew();
    return {was_list ? StreamNext::Wait::short_pause : StreamNext::Wait::none, retry_after_us, ""};
  }
  const StreamNext::Wait wait =
      status == 429 || status >= 500 ? StreamNext::Wait::short_pause : StreamNext::Wait::long_pause;
  std::string trouble;
  switch (status) {
    case 401:
      trouble = fmt::format("The API server does not know who asks for {}: {}", name_, message);
      break;
    case 403: trouble = fmt::format("{} may not be read: {}", name_, message); break;
    case 404: trouble = fmt::format("The API server knows no {}: {}", name_, message); break;
    default: trouble = fmt::format("The API server answers {} for {}: {}", status, name_, message);
  }
  return {wait, retry_after_us, std::move(trouble)};
}

void KubernetesStream::list_anew() {
  place_.must_list = true;
  continue_.clear();
}

void KubernetesStream::add(std::string_view type, std::string_view object, std::string_view uid,
                           std::string_view version, std::vector<StreamFact>& facts) {
  facts.push_back({hash_id({name_, type, uid, version}),
                   fmt::format(R"({{"type":"{}","object":{}}})", type, object), place_});
}

void KubernetesStream::add_mark(const char* type, std::vector<StreamFact>& facts) {
  facts.push_back({hash_id({name_, type, place_.resource_version, std::to_string(listing_)}),
                   fmt::format(R"({{"type":"{}","stream":"{}"}})", type, name_), place_});
}

}  // namespace telltale::collect
