// Store: objects by key, with conditional writes. Real implementations: directory_store (one
// machine), S3 later. Any thread may call; answers arrive on the caller's loop (Completion).
//
// What every implementation promises (contract: ports/store_contract_test.h):
//  - put is atomic and durable when answered: a reader sees the old object or the new one, whole.
//  - Condition::absent() puts only where nothing is (S3's If-None-Match: *),
//    Condition::matches(etag) only over exactly that object (If-Match); else precondition_failed,
//    and of two at once one wins.
//  - list returns keys with the prefix, in byte order, after `after`, at most `limit`.
//  - remove of what is not there succeeds. get of it answers not_found.
// Keys are '/'-separated segments of [A-Za-z0-9._-], of at most 240 bytes each and 512 in all, no
// segment "." or "..". While an object is there, its key is not the folder of another one (MinIO
// refuses that too): a put of such a key answers invalid_argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/runtime.h"

namespace telltale::ports {

struct Condition {
  enum class Kind { none, absent, matches };
  Kind kind = Kind::none;
  std::string etag;

  static Condition absent() { return {Kind::absent, {}}; }
  static Condition matches(std::string etag) { return {Kind::matches, std::move(etag)}; }
};

struct ByteRange {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;  // to the end where not told; past the end is cut
};

struct Object {
  std::string bytes;       // of the range asked for
  std::string etag;        // changes with every put of other bytes
  std::uint64_t size = 0;  // of the whole object
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;

  bool operator==(const ObjectInfo&) const = default;
};

class Store {
 public:
  virtual ~Store() = default;

  // Answers the new object's etag.
  virtual void put(std::string key, std::string bytes, Condition condition,
                   Completion<Result<std::string>> done) = 0;
  virtual void get(std::string key, ByteRange range, Completion<Result<Object>> done) = 0;
  virtual void list(std::string prefix, std::string after, std::size_t limit,
                    Completion<Result<std::vector<ObjectInfo>>> done) = 0;
  virtual void remove(std::string key, Completion<Status> done) = 0;
  virtual void close() = 0;
};

// invalid_argument: the rule for keys above, in one place for all implementations.
Status check_store_key(const std::string& key);
// What a put of a key answers that is the folder of another one, or the other way round.
Error key_is_a_folder();

}  // namespace telltale::ports
