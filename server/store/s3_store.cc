#include "store/s3_store.h"

#include <ctime>

#include "store/s3_probe.h"

namespace telltale::store {
namespace {

// What processes that were killed left behind. A live upload ends within hours.
constexpr std::time_t kAbandonedSeconds = 24 * 3'600;

std::string iso_time(std::time_t seconds) {
  char text[32];
  const std::size_t length =
      std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", std::gmtime(&seconds));
  return {text, length};
}

}  // namespace

Result<std::unique_ptr<ports::Store>> open_s3_store(const std::string& url,
                                                    const Environment& environment,
                                                    ports::HttpFetch& fetch) {
  const Result<S3Options> options = parse_s3_url(url, environment);
  if (!options.ok()) return options.error();
  auto store = std::make_unique<S3Store>(*options, environment, fetch);
  if (Status good = probe(store->bucket(), options->name()); !good.ok()) return good.error();
  // A courtesy: a policy need not allow it, and the bucket's lifecycle does it too.
  (void)store->bucket().abort_older(iso_time(std::time(nullptr) - kAbandonedSeconds));
  return std::unique_ptr<ports::Store>(std::move(store));
}

S3Store::S3Store(S3Options options, Environment environment, ports::HttpFetch& fetch)
    : client_(std::move(options), std::move(environment), fetch) {}

S3Store::~S3Store() { close(); }

void S3Store::put(std::string key, std::string bytes, ports::Condition condition,
                  ports::Completion<Result<std::string>> done) {
  const std::string checked = key;
  gate_.run(transfers_, checked, std::move(done),
            [this, key = std::move(key), bytes = std::move(bytes),
             condition = std::move(condition)]() mutable {
              return bucket_.put(key, std::move(bytes), condition);
            });
}

std::unique_ptr<ports::Upload> S3Store::start_upload(std::string key) {
  auto state = std::make_shared<S3UploadState>(bucket_, upload_transfers_, std::move(key));
  bool open = false;
  gate_.unless_closed([&] {
    open = true;
    const std::lock_guard lock(mutex_);
    std::erase_if(uploads_, [](const auto& upload) { return upload.expired(); });
    uploads_.push_back(state);
  });
  if (!open) state->abort({ErrorCode::closed, "The store is closed."}, std::nullopt);
  return std::make_unique<S3Upload>(std::move(state));
}

void S3Store::get(std::string key, ports::ByteRange range,
                  ports::Completion<Result<ports::Object>> done) {
  const std::string checked = key;
  gate_.run(transfers_, checked, std::move(done),
            [this, key = std::move(key), range] { return bucket_.get(key, range); });
}

void S3Store::list(std::string prefix, std::string after, std::size_t limit,
                   ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) {
  // A prefix ends anywhere: "runs/" and "ru" are as good as a whole key.
  const std::string checked = prefix + "x";
  gate_.run(transfers_, checked, std::move(done),
            [this, prefix = std::move(prefix), after = std::move(after), limit] {
              return bucket_.list(prefix, after, limit);
            });
}

void S3Store::remove(std::string key, ports::Completion<Status> done) {
  const std::string checked = key;
  gate_.run(transfers_, checked, std::move(done),
            [this, key = std::move(key)] { return bucket_.remove(key); });
}

void S3Store::close() {
  if (!gate_.close()) return;
  client_.stop();
  std::vector<std::weak_ptr<S3UploadState>> uploads;
  {
    const std::lock_guard lock(mutex_);
    uploads.swap(uploads_);
  }
  for (const auto& weak : uploads) {
    if (const auto upload = weak.lock())
      upload->abort({ErrorCode::closed, "The store is closed."}, std::nullopt);
  }
  transfers_.finish();
  upload_transfers_.finish();
}

}  // namespace telltale::store
