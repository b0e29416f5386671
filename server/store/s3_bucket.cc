#include "store/s3_bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>

namespace telltale::store {
namespace {

constexpr const char* kWriteIdHeader = "x-amz-meta-telltale-write";
constexpr const char* kTypeHeader = "content-type";
constexpr const char* kBytesType = "application/octet-stream";

std::shared_ptr<const std::string> shared(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

std::string new_write_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", random());
  return id;
}

void add_condition(S3Request& request, const ports::Condition& condition) {
  if (condition.kind == ports::Condition::Kind::absent)
    request.headers.emplace_back("if-none-match", "*");
  if (condition.kind == ports::Condition::Kind::matches)
    request.headers.emplace_back("if-match", fmt::format("\"{}\"", condition.etag));
}

Error no_such_object() { return {ErrorCode::not_found, "There is no such object."}; }

// "bytes 0-9/1234": the number at its end.
std::uint64_t size_in(const std::string& content_range) {
  const std::size_t slash = content_range.rfind('/');
  return slash == std::string::npos ? 0 : std::strtoull(&content_range[slash + 1], nullptr, 10);
}

// MinIO refuses to list below a prefix that ends like ".." although no such segment is a key's.
std::string listable(const std::string& prefix) {
  const std::size_t slash = prefix.rfind('/');
  const std::string last = slash == std::string::npos ? prefix : prefix.substr(slash + 1);
  return last == "." || last == ".." ? prefix.substr(0, prefix.size() - last.size()) : prefix;
}

// S3 has no way to ask for no byte: a length of 0 never comes here.
std::string range_text(const ports::ByteRange& range) {
  if (!range.length) return fmt::format("bytes={}-", range.offset);
  const std::uint64_t most = std::numeric_limits<std::int64_t>::max() - range.offset;
  return fmt::format("bytes={}-{}", range.offset, range.offset + std::min(*range.length, most) - 1);
}

}  // namespace

Result<std::string> S3Bucket::written(const S3Request& request, const S3Answer& answer,
                                      const ports::Condition& condition,
                                      const std::string& write_id) {
  const std::string& code = answer.error.code;
  // S3 answers NoSuchKey where If-Match finds nothing; 409 was tried again until the budget ended.
  const bool refused = answer.http.status == 412 ||
                       (condition.kind != ports::Condition::Kind::none && code == "NoSuchKey");
  if (refused || code == "NoSuchUpload") {
    const Result<Head> there = head(request.key);
    if (!there.ok() && there.error().code != ErrorCode::not_found) return there.error();
    if (there.ok() && there->write_id == write_id) return there->etag;
  }
  if (refused) return ports::condition_failed();
  const Error error = client_.error_of(request, answer);
  return error.code == ErrorCode::invalid_argument ? ports::key_is_a_folder() : error;
}

Result<std::string> S3Bucket::put(const std::string& key, std::string bytes,
                                  const ports::Condition& condition) {
  const std::string write_id = new_write_id();
  S3Request request{.method = "PUT", .key = key, .body = shared(std::move(bytes))};
  request.headers = {{kTypeHeader, kBytesType}, {kWriteIdHeader, write_id}};
  add_condition(request, condition);
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (answer->ok()) return unquoted(answer->http.header("etag"));
  return written(request, *answer, condition, write_id);
}

Result<ports::Object> S3Bucket::get(const std::string& key, const ports::ByteRange& range) {
  const bool nothing = range.length && *range.length == 0;
  const bool past_any = range.offset > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  const bool whole = range.offset == 0 && !range.length;
  S3Request request{.method = "GET", .key = key};
  request.answer_bytes_max = std::numeric_limits<std::size_t>::max();
  if (!whole && !nothing && !past_any) request.headers = {{"range", range_text(range)}};
  if (!nothing && !past_any) {
    Result<S3Answer> answer = client_.send(request);
    if (!answer.ok()) return answer.error();
    if (answer->ok()) {
      ports::Object object;
      object.etag = unquoted(answer->http.header("etag"));
      object.bytes = std::move(answer->http.body);
      object.size = answer->http.status == 206 ? size_in(answer->http.header("content-range"))
                                               : object.bytes.size();
      return object;
    }
    if (answer->error.code == "NoSuchKey") return no_such_object();
    if (answer->http.status != 416) return client_.error_of(request, *answer);
  }
  const Result<Head> there = head(key);  // past the end: no bytes, but a size
  if (!there.ok()) return there.error();
  return ports::Object{"", there->etag, there->size};
}

Result<S3Bucket::Head> S3Bucket::head(const std::string& key) {
  const S3Request request{.method = "HEAD", .key = key};
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (answer->http.status == 404) return no_such_object();
  if (!answer->ok()) return client_.error_of(request, *answer);
  const HttpAnswer& http = answer->http;
  return Head{unquoted(http.header("etag")),
              std::strtoull(http.header("content-length").c_str(), nullptr, 10),
              http.header(kWriteIdHeader)};
}

Result<std::vector<ports::ObjectInfo>> S3Bucket::list(const std::string& prefix,
                                                      const std::string& after, std::size_t limit) {
  const std::string& above = client_.options().prefix;
  std::vector<ports::ObjectInfo> found;
  std::string token;
  while (found.size() < limit) {
    S3Request request{.method = "GET"};
    request.query = {{"list-type", "2"},
                     {"max-keys", std::to_string(std::min(limit - found.size(), s3::kListPage))},
                     {"prefix", above + listable(prefix)}};
    if (!after.empty() && token.empty()) request.query.emplace_back("start-after", above + after);
    if (!token.empty()) request.query.emplace_back("continuation-token", token);
    const Result<S3Answer> answer = client_.send(request);
    if (!answer.ok()) return answer.error();
    if (!answer->ok()) return client_.error_of(request, *answer);
    Result<S3ListPage> page = parse_list(answer->http.body);
    if (!page.ok()) return page.error();
    for (ports::ObjectInfo& object : page->objects) {
      if (object.key.rfind(above + prefix, 0) != 0) continue;
      object.key.erase(0, above.size());
      // What others keep there under names of another kind is none of ours.
      if (ports::check_store_key(object.key).ok()) found.push_back(std::move(object));
    }
    token = page->next;
    if (token.empty()) break;
  }
  return found;
}

Status S3Bucket::remove(const std::string& key) {
  const S3Request request{.method = "DELETE", .key = key};
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (answer->ok() || answer->error.code == "NoSuchKey") return Done{};
  const Error error = client_.error_of(request, *answer);
  if (error.code == ErrorCode::invalid_argument) return Done{};  // a folder is no object
  return error;
}

Result<S3Bucket::Multipart> S3Bucket::create_multipart(const std::string& key) {
  Multipart upload{key, "", new_write_id()};
  S3Request request{.method = "POST", .key = key};
  request.query = {{"uploads", ""}};
  request.headers = {{kTypeHeader, kBytesType}, {kWriteIdHeader, upload.write_id}};
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (!answer->ok()) {
    const Error error = client_.error_of(request, *answer);
    return error.code == ErrorCode::invalid_argument ? ports::key_is_a_folder() : error;
  }
  Result<std::string> id = parse_upload_id(answer->http.body);
  if (!id.ok()) return id.error();
  upload.id = id.take();
  return upload;
}

Result<std::string> S3Bucket::put_part(const Multipart& upload, std::size_t number,
                                       std::string bytes) {
  S3Request request{.method = "PUT", .key = upload.key, .body = shared(std::move(bytes))};
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}};
  request.headers = {{kTypeHeader, kBytesType}};
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (!answer->ok()) return client_.error_of(request, *answer);
  return unquoted(answer->http.header("etag"));
}

Result<std::string> S3Bucket::complete(const Multipart& upload,
                                       const std::vector<std::string>& part_etags,
                                       const ports::Condition& condition) {
  S3Request request{.method = "POST", .key = upload.key, .body = shared(completion_of(part_etags))};
  request.query = {{"uploadId", upload.id}};
  request.headers = {{kTypeHeader, "application/xml"}};
  request.idle_us = s3::kCompleteIdleUs;
  request.may_fail_after_200 = true;
  add_condition(request, condition);
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (answer->ok()) return parse_completed(answer->http.body);
  return written(request, *answer, condition, upload.write_id);
}

Status S3Bucket::abort(const Multipart& upload) {
  S3Request request{.method = "DELETE", .key = upload.key};
  request.query = {{"uploadId", upload.id}};
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (answer->ok() || answer->error.code == "NoSuchUpload") return Done{};
  return client_.error_of(request, *answer);
}

Result<std::size_t> S3Bucket::abort_older(const std::string& initiated_before) {
  const std::string& above = client_.options().prefix;
  S3Request request{.method = "GET"};
  request.query = {{"uploads", ""}, {"prefix", above}};
  const Result<S3Answer> answer = client_.send(request);
  if (!answer.ok()) return answer.error();
  if (!answer->ok()) return client_.error_of(request, *answer);
  const Result<std::vector<S3OpenUpload>> open = parse_uploads(answer->http.body);
  if (!open.ok()) return open.error();
  std::size_t aborted = 0;
  for (const S3OpenUpload& upload : *open) {
    if (upload.key.rfind(above, 0) != 0 || upload.initiated >= initiated_before) continue;
    const std::string key = upload.key.substr(above.size());
    if (!ports::check_store_key(key).ok()) continue;
    if (Status status = abort({key, upload.id, ""}); !status.ok()) return status.error();
    ++aborted;
  }
  return aborted;
}

}  // namespace telltale::store
