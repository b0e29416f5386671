// s3_answers: S3's XML, read by pugixml. Pure. An element that is missing is an empty string; text
// that is no XML, or another document than the one asked for, is an error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/store.h"

namespace telltale::store {

struct S3ErrorBody {
  std::string code;     // "NoSuchKey"
  std::string message;  // S3's own sentence
};
// Empty where `xml` is no <Error>, as after HEAD or from a proxy.
S3ErrorBody parse_error(const std::string& xml);

struct S3ListPage {
  std::vector<ports::ObjectInfo> objects;  // keys as in the bucket
  std::string next;                        // the continuation token; empty at the end
};
Result<S3ListPage> parse_list(const std::string& xml);

struct S3OpenUpload {
  std::string key;
  std::string id;
  std::string initiated;  // 2026-01-31T12:00:00.000Z: its order is time's
};
Result<std::vector<S3OpenUpload>> parse_uploads(const std::string& xml);

// <InitiateMultipartUploadResult>'s UploadId.
Result<std::string> parse_upload_id(const std::string& xml);
// <CompleteMultipartUploadResult>'s ETag, without its quotes.
Result<std::string> parse_completed(const std::string& xml);
// The body that completes an upload of parts 1, 2, ….
std::string completion_of(const std::vector<std::string>& part_etags);

struct StsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  std::string expiration;  // 2026-01-31T12:00:00Z
};
Result<StsCredentials> parse_web_identity(const std::string& xml);

// Without the quotes HTTP has around it.
std::string unquoted(std::string etag);

}  // namespace telltale::store
