// KubernetesStream: the objects of one kind of a Kubernetes API server, listed in pages and then
// watched: which request comes next, and what the bytes of its answer say. Pure, of any loop: it
// opens no socket and looks at no clock; kubernetes_source does. What the API server promises is in
// "Kubernetes API Concepts": pages by `continue`, bookmarks, 410 for a version that is compacted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace telltale::collect {

// Where a stream is. A stream that must list keeps the version it had, so that it can tell when
// versions went back: the cluster's database was restored from a backup.
struct StreamPlace {
  std::string resource_version;
  bool must_list = true;

  bool operator==(const StreamPlace&) const = default;
};

// One line of a watch, an object of a list in the same form, or one of our own that says where a
// list begins and ends: {"type":"LISTING"} and {"type":"LISTED"}, with "stream".
struct StreamFact {
  std::string id;     // of the source's data alone; other facts have other ones
  std::string bytes;  // JSON
  StreamPlace after;
};

struct StreamNext {
  enum class Wait { none, short_pause, long_pause };
  Wait wait = Wait::none;
  std::int64_t retry_after_us = 0;  // what the API server asked for
  std::string trouble;              // a sentence, empty where all is well
};

class KubernetesStream {
 public:
  // `name` tells this stream from the others of its source, "workflows" or "workflows/ns". `path`
  // is the list's: "/apis/argoproj.io/v1alpha1/namespaces/ns/workflows". `selectors` are query
  // parameters, encoded: "labelSelector=a%3Db", or "".
  KubernetesStream(std::string name, std::string path, std::string selectors, StreamPlace place);

  const std::string& name() const { return name_; }
  const StreamPlace& place() const { return place_; }
  // Forgets what was under way and goes on from there.
  void move_to(StreamPlace place);
  // True once a list came with a lower version than was known before. Cleared by the next call.
  bool take_restored();

  // The request to make now, and whether its answer goes on for as long as it may.
  std::string target() const;
  bool is_watch() const { return !place_.must_list; }
  // An answer is under way; and what it told is no event, so that it is to be begun again.
  bool has_begun() const { return status_ != 0; }
  bool is_broken() const { return broken_; }

  // The answer, in this order: its status, its body in pieces of any size, its end. `whole`: it
  // ended as HTTP says it should. Facts are appended to `facts`.
  void begin(int status);
  void take(std::string_view bytes, std::vector<StreamFact>& facts);
  StreamNext end(bool whole, std::int64_t retry_after_us, std::vector<StreamFact>& facts);

  // Lines that were no event of a watch.
  std::uint64_t unreadable() const { return unreadable_; }

 private:
  void take_line(std::vector<StreamFact>& facts);
  StreamNext end_of_page(std::vector<StreamFact>& facts);
  StreamNext refused(int status, std::int64_t retry_after_us);
  void list_anew();
  void add(std::string_view type, std::string_view object, std::string_view uid,
           std::string_view version, std::vector<StreamFact>& facts);
  void add_mark(const char* type, std::vector<StreamFact>& facts);

  std::string name_;
  std::string path_;
  std::string selectors_;
  StreamPlace place_;
  bool restored_ = false;
  std::uint64_t unreadable_ = 0;

  std::string continue_;       // of the list's next page
  std::uint64_t page_ = 0;     // objects asked for in one page
  std::uint64_t listing_ = 0;  // counts lists, so that their marks differ
  int status_ = 0;
  std::string buffer_;      // a page, the body of a refusal, or a line without its end yet
  bool overflown_ = false;  // the buffer is full; what follows is dropped up to the next line
  bool moved_ = false;      // this watch told something
  bool broken_ = false;     // this watch told what is no event: it is begun again
};

}  // namespace telltale::collect
