#include "store/s3_answers.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <pugixml.hpp>

namespace telltale::store {
namespace {

// The document's root, if it has that name.
Result<pugi::xml_node> root_of(pugi::xml_document& document, const std::string& xml,
                               const char* name) {
  const bool parsed = document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node root = document.child(name);
  if (parsed && root) return root;
  return Error{ErrorCode::internal,
               fmt::format("S3 answered no {} but {} bytes that are none.", name, xml.size())};
}

// "2026-01-31T12:00:00.000Z" to the second, in microseconds; 0 where it is no time.
std::int64_t parse_time(const char* text) {
  std::tm time{};
  if (::strptime(text, "%Y-%m-%dT%H:%M:%S", &time) == nullptr) return 0;
  return std::int64_t{::timegm(&time)} * 1'000'000;
}

}  // namespace

S3ErrorBody parse_error(const std::string& xml) {
  pugi::xml_document document;
  const Result<pugi::xml_node> root = root_of(document, xml, "Error");
  if (root.ok()) return {root->child_value("Code"), root->child_value("Message")};
  // STS wraps its own.
  const Result<pugi::xml_node> response = root_of(document, xml, "ErrorResponse");
  if (!response.ok()) return {};
  const pugi::xml_node error = response->child("Error");
  return {error.child_value("Code"), error.child_value("Message")};
}

Result<S3ListPage> parse_list(const std::string& xml) {
  pugi::xml_document document;
  const Result<pugi::xml_node> root = root_of(document, xml, "ListBucketResult");
  if (!root.ok()) return root.error();
  S3ListPage page;
  for (const pugi::xml_node object : root->children("Contents")) {
    const std::string size = object.child_value("Size");
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), bytes);
    if (error != std::errc() || end != size.data() + size.size())
      return Error{ErrorCode::internal, "S3 answered a list with a size that is no number."};
    const std::int64_t written_at_us = parse_time(object.child_value("LastModified"));
    page.objects.push_back({object.child_value("Key"), bytes, written_at_us});
  }
  if (std::string(root->child_value("IsTruncated")) == "true")
    page.next = root->child_value("NextContinuationToken");
  return page;
}

Result<std::vector<S3OpenUpload>> parse_uploads(const std::string& xml) {
  pugi::xml_document document;
  const Result<pugi::xml_node> root = root_of(document, xml, "ListMultipartUploadsResult");
  if (!root.ok()) return root.error();
  std::vector<S3OpenUpload> uploads;
  for (const pugi::xml_node upload : root->children("Upload")) {
    uploads.push_back({upload.child_value("Key"), upload.child_value("UploadId"),
                       upload.child_value("Initiated")});
  }
  return uploads;
}

Result<std::string> parse_upload_id(const std::string& xml) {
  pugi::xml_document document;
  const Result<pugi::xml_node> root = root_of(document, xml, "InitiateMultipartUploadResult");
  if (!root.ok()) return root.error();
  return std::string(root->child_value("UploadId"));
}

Result<std::string> parse_completed(const std::string& xml) {
  pugi::xml_document document;
  const Result<pugi::xml_node> root = root_of(document, xml, "CompleteMultipartUploadResult");
  if (!root.ok()) return root.error();
  return unquoted(root->child_value("ETag"));
}

std::string completion_of(const std::vector<std::string>& part_etags) {
  std::string xml = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < part_etags.size(); ++i) {
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", i + 1,
                       part_etags[i]);
  }
  return xml + "</CompleteMultipartUpload>";
}

Result<StsCredentials> parse_web_identity(const std::string& xml) {
  pugi::xml_document document;
  const Result<pugi::xml_node> root = root_of(document, xml, "AssumeRoleWithWebIdentityResponse");
  if (!root.ok()) return root.error();
  const pugi::xml_node found = root->child("AssumeRoleWithWebIdentityResult").child("Credentials");
  return StsCredentials{found.child_value("AccessKeyId"), found.child_value("SecretAccessKey"),
                        found.child_value("SessionToken"), found.child_value("Expiration")};
}

std::string unquoted(std::string etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    return etag.substr(1, etag.size() - 2);
  return etag;
}

}  // namespace telltale::store
