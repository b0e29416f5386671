// S3Bucket: the operations on a bucket's objects, as blocking calls over S3Client; maps answers to
// the port's errors. Keys are the port's, below the URL's prefix. Owned by an adapter whose threads
// call it, any number at once.
//
// A conditional write that is tried again may meet itself: the first try was done, its answer was
// lost, and the condition no longer holds. libcurl also tries again by itself, where a connection
// it kept is closed. So each write carries a random id in the object's metadata
// (x-amz-meta-telltale-write), and whenever one is refused the object is asked whose it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ports/store.h"
#include "store/s3_client.h"

namespace telltale::store {

class S3Bucket {
 public:
  // `client` outlives this.
  explicit S3Bucket(S3Client& client) : client_(client) {}

  struct Head {
    std::string etag;
    std::uint64_t size = 0;
    std::string write_id;  // of the put it is from; empty: somebody else's
  };

  Result<std::string> put(const std::string& key, std::string bytes,
                          const ports::Condition& condition);
  Result<ports::Object> get(const std::string& key, const ports::ByteRange& range);
  Result<Head> head(const std::string& key);
  Result<std::vector<ports::ObjectInfo>> list(const std::string& prefix, const std::string& after,
                                              std::size_t limit);
  Status remove(const std::string& key);

  struct Multipart {
    std::string key;
    std::string id;
    std::string write_id;
  };
  Result<Multipart> create_multipart(const std::string& key);
  // Answers the part's etag. Parts count from 1.
  Result<std::string> put_part(const Multipart& upload, std::size_t number, std::string bytes);
  Result<std::string> complete(const Multipart& upload, const std::vector<std::string>& part_etags,
                               const ports::Condition& condition);
  Status abort(const Multipart& upload);
  // Aborts those below the prefix that were begun before `initiated_before` (ISO 8601, UTC).
  Result<std::size_t> abort_older(const std::string& initiated_before);

 private:
  // The answer of a write that may be conditional: the etag, or why not.
  Result<std::string> written(const S3Request& request, const S3Answer& answer,
                              const ports::Condition& condition, const std::string& write_id);

  S3Client& client_;
};

}  // namespace telltale::store
