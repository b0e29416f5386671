// S3Store: the store on S3 or what speaks its protocol: MinIO, SeaweedFS. Each call is a request on
// one of a few threads; uploads have threads of their own, so that gigabytes keep no checkpoint
// waiting. Calls that do not wait for each other's answers may overtake each other. The etag is
// S3's. Any thread may call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ports/store.h"
#include "store/job_gate.h"
#include "store/s3_bucket.h"
#include "store/s3_client.h"
#include "store/s3_upload.h"

namespace telltale::store {

// Opens the store of `url` (s3_options.h) and probes it: blocks for some round trips, and at most
// for the retry budget. The error is a sentence for an operator. `fetch` outlives the store.
Result<std::unique_ptr<ports::Store>> open_s3_store(const std::string& url,
                                                    const Environment& environment,
                                                    ports::HttpFetch& fetch);

class S3Store final : public ports::Store {
 public:
  // Asks nobody yet.
  S3Store(S3Options options, Environment environment, ports::HttpFetch& fetch);
  ~S3Store() override;

  void put(std::string key, std::string bytes, ports::Condition condition,
           ports::Completion<Result<std::string>> done) override;
  std::unique_ptr<ports::Upload> start_upload(std::string key) override;
  void get(std::string key, ports::ByteRange range,
           ports::Completion<Result<ports::Object>> done) override;
  void list(std::string prefix, std::string after, std::size_t limit,
            ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) override;
  void remove(std::string key, ports::Completion<Status> done) override;
  // Uploads that were not committed are aborted; nothing is tried again any more.
  void close() override;

  // For the probe, which blocks.
  S3Bucket& bucket() { return bucket_; }
  const S3Options& options() const { return client_.options(); }

 private:
  S3Client client_;
  S3Bucket bucket_{client_};
  JobGate gate_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<S3UploadState>> uploads_;
  JobPool transfers_{s3::kTransfers};
  JobPool upload_transfers_{s3::kUploadTransfers};
};

}  // namespace telltale::store
