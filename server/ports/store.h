// Store: objects by key, with conditional writes. Real implementations: directory_store (one
// machine), s3_store. Any thread may call; answers arrive on the caller's loop (Completion). Calls
// that do not wait for each other's answers may be done in any order.
//
// What every implementation promises (contract: ports/store_contract_test.h):
//  - put is atomic and durable when answered: a reader sees the old object or the new one, whole.
//  - Condition::absent() puts only where nothing is (S3's If-None-Match: *),
//    Condition::matches(etag) only over exactly that object (If-Match); else precondition_failed,
//    and of two at once one wins.
//  - list returns keys with the prefix, in byte order, after `after`, at most `limit`.
//  - remove of what is not there succeeds. get of it answers not_found.
//  - an upload is a put in pieces: memory does not grow with the object, nobody sees it before its
//    commit, and nothing stays of one that is aborted, dropped or refused.
// Keys are '/'-separated segments of [A-Za-z0-9._-], of at most 240 bytes each and 512 in all, no
// segment "." or "..". No key may be the folder of another object that is there: its callers see to
// that by the names they choose. Local stores answer a put of such a key with invalid_argument; S3
// takes it, and MinIO then lists the upper object alone.
#pragma once

#include <cstdint>
#include <memory>
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
  std::int64_t written_at_us = 0;  // by the store's clock; 0 where it has none

  // Whenever it was written.
  bool operator==(const ObjectInfo& other) const { return key == other.key && size == other.size; }
};

// One object on its way into a store, piece by piece. Owned by who writes it, who makes the next
// call once the last one is answered, and none after commit or abort; gone before its store is. Its
// destruction aborts what was neither; answers that are due still arrive.
class Upload {
 public:
  virtual ~Upload() = default;

  // The next bytes of the object. Answered when the store can take more, which may be before these
  // are kept. An error ends the upload: each later call answers it again. What is wrong with the
  // key or the store may first be told by commit.
  virtual void write(std::string bytes, Completion<Status> done) = 0;
  // Makes all that was written the object, as put does. Answers its etag.
  virtual void commit(Condition condition, Completion<Result<std::string>> done) = 0;
  // Answered when nothing is left of it; an error says that something may be.
  virtual void abort(Completion<Status> done) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Answers the new object's etag.
  virtual void put(std::string key, std::string bytes, Condition condition,
                   Completion<Result<std::string>> done) = 0;
  // For objects of any size; put is for what is in memory anyway.
  virtual std::unique_ptr<Upload> start_upload(std::string key) = 0;
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
// What a put answers whose condition does not hold.
Error condition_failed();

}  // namespace telltale::ports
