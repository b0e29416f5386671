#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "net/curl_fetch.h"
#include "ports/await_test.h"
#include "store/mock_http_test.h"
#include "store/s3_bucket.h"
#include "store/s3_probe.h"

namespace telltale::store {
namespace {

using ports::Condition;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "wJalrXUtnFEMI-the-secret-one";

Environment variables(std::map<std::string, std::string> values = {}) {
  values.try_emplace("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  values.try_emplace("AWS_SECRET_ACCESS_KEY", kSecret);
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end() || found->second.empty()) return std::nullopt;
    return found->second;
  };
}

// A bucket at a server that answers what it is told.
struct MockBucket {
  explicit MockBucket(MockAnswer answer, const std::string& settings = "&retry=5",
                      Environment environment = variables())
      : server(std::move(answer)),
        client(parse_s3_url("s3://bucket?endpoint=" + server.endpoint() + settings, environment)
                   .take(),
               environment, fetch) {}

  MockHttp server;
  net::CurlFetch fetch;
  S3Client client;
  S3Bucket bucket{client};
};

// Answers one after the other, the last of them for ever.
MockAnswer in_turn(std::vector<std::string> answers) {
  return [answers = std::move(answers), at = std::size_t{0}](const MockRequest&) mutable {
    return answers[std::min(at++, answers.size() - 1)];
  };
}

TEST(S3Client, TriesAgainWhatAnOverloadedStoreRefused) {
  MockBucket mock(in_turn({s3_error(503, "SlowDown"), http_answer(500), "",
                           s3_error(409, "ConditionalRequestConflict"),
                           http_answer(200, "", {"ETag: \"one\""})}));
  EXPECT_EQ(*mock.bucket.put("a", "bytes", {}), "one");
  const auto requests = mock.server.requests();
  ASSERT_EQ(requests.size(), 5U);
  for (const MockRequest& request : requests) EXPECT_EQ(request.body, "bytes");
}

TEST(S3Client, GivesUpWithTheLastReasonWhenItsBudgetIsSpent) {
  MockBucket mock(in_turn({s3_error(503, "SlowDown", "Please reduce your request rate.")}),
                  "&retry=0");
  const auto answer = mock.bucket.get("a", {});
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("Please reduce your request rate."));
}

TEST(S3Client, AServerThatIsNotThereIsUnavailable) {
  std::string endpoint = MockHttp(in_turn({""})).endpoint();
  net::CurlFetch fetch;
  S3Client client(parse_s3_url("s3://bucket?retry=0&endpoint=" + endpoint, variables()).take(),
                  variables(), fetch);
  const auto answer = S3Bucket(client).get("a", {});
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("refused"));
}

TEST(S3Client, AnAnswerThatEndsInItsMiddleIsNone) {
  std::string half = http_answer(200, "0123456789", {"ETag: \"one\""});
  half.resize(half.size() - 5);
  MockBucket mock(in_turn({half, half, http_answer(200, "0123456789", {"ETag: \"one\""})}));
  EXPECT_EQ(mock.bucket.get("a", {})->bytes, "0123456789");
  MockBucket never(in_turn({half}), "&retry=0");
  EXPECT_EQ(never.bucket.get("a", {}).error().code, ErrorCode::unavailable);
}

TEST(S3Client, ShowsS3sOwnSentenceAndNeverASecret) {
  for (const char* code : {"AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"}) {
    MockBucket mock(in_turn({s3_error(403, code, "A sentence of S3's.")}));
    const auto answer = mock.bucket.put("a", "bytes", Condition::absent());
    EXPECT_EQ(answer.error().code, ErrorCode::internal);
    EXPECT_THAT(answer.error().message, HasSubstr("A sentence of S3's."));
    EXPECT_THAT(answer.error().message, HasSubstr(code));
    EXPECT_THAT(answer.error().message, Not(HasSubstr(kSecret)));
    EXPECT_EQ(mock.server.requests().size(), 1U);
  }
}

TEST(S3Client, ErrorsAreThePortsWhereACallerReacts) {
  const auto code_of = [](const std::string& answer) {
    MockBucket mock(
        [&](const MockRequest& request) {
          return request.method == "HEAD" ? http_answer(404) : answer;
        },
        "&retry=0");
    return mock.bucket.put("a", "bytes", Condition::absent()).error().code;
  };
  EXPECT_EQ(code_of(s3_error(412, "PreconditionFailed")), ErrorCode::precondition_failed);
  EXPECT_EQ(code_of(s3_error(404, "NoSuchKey")), ErrorCode::precondition_failed);
  EXPECT_EQ(code_of(s3_error(404, "NoSuchBucket")), ErrorCode::internal);
  EXPECT_EQ(code_of(s3_error(507, "XMinioStorageFull")), ErrorCode::storage_full);
  EXPECT_EQ(code_of(s3_error(400, "EntityTooLarge")), ErrorCode::too_large);
  EXPECT_EQ(code_of(s3_error(400, "XMinioParentIsObject")), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(http_answer(502, "<html>a proxy's</html>")), ErrorCode::unavailable);
}

// A store that does the first write and loses its answer; then the condition no longer holds.
MockAnswer that_loses_an_answer(bool somebody_elses) {
  return [=, id = std::string()](const MockRequest& request) mutable {
    if (request.method == "HEAD") {
      return http_answer(
          200, "",
          {"ETag: \"kept\"", "x-amz-meta-telltale-write: " + (somebody_elses ? "other" : id)});
    }
    if (!id.empty()) return s3_error(412, "PreconditionFailed");
    id = request.headers.at("x-amz-meta-telltale-write");
    return std::string();
  };
}

TEST(S3Client, AWriteThatMeetsItselfWhenTriedAgainIsDone) {
  for (const Condition& condition : {Condition::absent(), Condition::matches("old")}) {
    MockBucket mock(that_loses_an_answer(false));
    EXPECT_EQ(*mock.bucket.put("a", "bytes", condition), "kept");
    MockBucket other(that_loses_an_answer(true));
    EXPECT_EQ(other.bucket.put("a", "bytes", condition).error().code,
              ErrorCode::precondition_failed);
  }
}

TEST(S3Client, AnUploadsEndMayFailAfterIts200) {
  const std::string late = "<Error><Code>InternalError</Code><Message>Later.</Message></Error>";
  const std::string good =
      "<CompleteMultipartUploadResult><ETag>\"two-1\"</ETag></CompleteMultipartUploadResult>";
  MockBucket mock(in_turn({http_answer(200, late), http_answer(200, good)}));
  const S3Bucket::Multipart upload{"a", "id/+=", "write"};
  EXPECT_EQ(*mock.bucket.complete(upload, {"one"}, Condition::absent()), "two-1");
  const MockRequest request = mock.server.requests().at(1);
  EXPECT_EQ(request.query, "uploadId=id%2F%2B%3D");
  EXPECT_EQ(request.headers.at("if-none-match"), "*");
  EXPECT_THAT(request.body, HasSubstr("<PartNumber>1</PartNumber><ETag>\"one\"</ETag>"));
}

TEST(S3Client, AListHasPagesAndOnlyKeysOfOurs) {
  const std::string head = "<ListBucketResult><IsTruncated>";
  const auto object = [](const char* key) {
    return fmt::format(
        "<Contents><Key>{}</Key><LastModified>2026-01-31T12:00:00.000Z</LastModified>"
        "<Size>3</Size></Contents>",
        key);
  };
  MockBucket mock(in_turn(
      {http_answer(200, head +
                            "true</IsTruncated><NextContinuationToken>n+1"
                            "</NextContinuationToken>" +
                            object("runs/a") + object("runs/a b") + "</ListBucketResult>"),
       http_answer(200, head + "false</IsTruncated>" + object("runs/b") + "</ListBucketResult>")}));
  const auto listed = mock.bucket.list("runs/", "runs/0", 10);
  EXPECT_EQ(*listed, (std::vector<ports::ObjectInfo>{{"runs/a", 3}, {"runs/b", 3}}));
  EXPECT_EQ(listed->front().written_at_us, 1'769'860'800'000'000);
  EXPECT_EQ(mock.server.requests().at(0).query,
            "list-type=2&max-keys=10&prefix=runs%2F&start-after=runs%2F0");
  EXPECT_EQ(mock.server.requests().at(1).query,
            "continuation-token=n%2B1&list-type=2&max-keys=9&prefix=runs%2F");
  MockBucket broken(in_turn({http_answer(200, "<ListBucketResult><Contents>")}));
  EXPECT_EQ(broken.bucket.list("", "", 10).error().code, ErrorCode::internal);
}

TEST(S3Client, AbortsUploadsThatWereBegunLongAgo) {
  MockBucket mock([](const MockRequest& request) {
    if (request.method == "DELETE") return http_answer(204);
    return http_answer(200,
                       "<ListMultipartUploadsResult>"
                       "<Upload><Key>runs/a</Key><UploadId>old</UploadId>"
                       "<Initiated>2026-01-01T12:00:00.000Z</Initiated></Upload>"
                       "<Upload><Key>runs/b</Key><UploadId>new</UploadId>"
                       "<Initiated>2026-01-03T12:00:00.000Z</Initiated></Upload>"
                       "</ListMultipartUploadsResult>");
  });
  EXPECT_EQ(*mock.bucket.abort_older("2026-01-02T00:00:00"), 1U);
  ASSERT_EQ(mock.server.requests().size(), 2U);
  EXPECT_EQ(mock.server.requests()[1].path, "/bucket/runs/a");
  EXPECT_EQ(mock.server.requests()[1].query, "uploadId=old");
}

// A store that keeps objects and forgets about one condition.
MockAnswer store_that_ignores(const std::string& header) {
  return [header, objects = std::map<std::string, std::string>(),
          count = 0](const MockRequest& request) mutable {
    const auto found = objects.find(request.path);
    const bool there = found != objects.end();
    if (request.method == "DELETE") {
      if (request.query.empty()) objects.erase(request.path);
      return http_answer(204);
    }
    if (request.method == "HEAD")
      return there ? http_answer(200, "", {"ETag: " + found->second}) : http_answer(404);
    if (request.query == "uploads=")
      return http_answer(200,
                         "<InitiateMultipartUploadResult><UploadId>id</UploadId>"
                         "</InitiateMultipartUploadResult>");
    const std::string kind = request.method == "POST" ? "complete " : "";
    const auto asks = [&](const char* name) {
      return request.headers.count(name) != 0 && kind + name != header;
    };
    const bool refused =
        (asks("if-none-match") && there) ||
        (asks("if-match") && (!there || found->second != request.headers.at("if-match")));
    if (refused) return s3_error(412, "PreconditionFailed");
    const std::string etag = fmt::format("\"{}\"", ++count);
    if (request.query.find("partNumber") == std::string::npos) objects[request.path] = etag;
    if (kind.empty()) return http_answer(200, "", {"ETag: " + etag});
    return http_answer(200, fmt::format("<CompleteMultipartUploadResult><ETag>{}</ETag>"
                                        "</CompleteMultipartUploadResult>",
                                        etag));
  };
}

TEST(S3Probe, RefusesAStoreThatIgnoresAConditionAndLeavesNothing) {
  for (const char* header :
       {"if-none-match", "if-match", "complete if-none-match", "complete if-match"}) {
    MockBucket mock(store_that_ignores(header));
    const Status status = probe(mock.bucket, mock.client.options().name());
    ASSERT_FALSE(status.ok()) << header;
    EXPECT_THAT(status.error().message, HasSubstr("does not honour conditional writes"));
    std::set<std::string> left;
    for (const MockRequest& request : mock.server.requests()) {
      if (request.method == "PUT" && request.query.empty()) left.insert(request.path);
      if (request.method == "DELETE" && request.query.empty()) left.erase(request.path);
    }
    EXPECT_TRUE(left.empty()) << *left.begin();
  }
  MockBucket good(store_that_ignores("none"));
  const Status status = probe(good.bucket, "it");
  EXPECT_TRUE(status.ok()) << status.error().message;
}

TEST(S3Credentials, AFileIsReadAgainWhenItsKeysAreRefused) {
  const ports::TemporaryFolder folder;
  const std::string path = folder.path() + "/credentials";
  const auto write = [&](const std::string& key) {
    std::ofstream(path) << "[other]\naws_access_key_id = no\n[default]\n# keys\n"
                        << "aws_access_key_id = " << key << "\naws_secret_access_key=" << kSecret
                        << "\n";
  };
  write("OLD");
  MockBucket mock(
      [&](const MockRequest& request) {
        if (request.headers.at("authorization").find("Credential=NEW/") != std::string::npos)
          return http_answer(200, "", {"ETag: \"one\""});
        write("NEW");
        return s3_error(403, "InvalidAccessKeyId", "No such key.");
      },
      "&credentials=" + path);
  EXPECT_EQ(*mock.bucket.put("a", "bytes", {}), "one");
  EXPECT_EQ(mock.server.requests().size(), 2U);
}

TEST(S3Credentials, AWebIdentityBecomesCredentialsThatAreRenewedBeforeTheyEnd) {
  const ports::TemporaryFolder folder;
  const std::string token = folder.path() + "/token";
  std::ofstream(token) << "the.web.token\n";
  int given = 0;
  MockHttp sts([&](const MockRequest& request) {
    EXPECT_THAT(request.body, HasSubstr("Action=AssumeRoleWithWebIdentity"));
    EXPECT_THAT(request.body, HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Ftelltale"));
    EXPECT_THAT(request.body, HasSubstr("WebIdentityToken=the.web.token"));
    EXPECT_EQ(request.headers.count("authorization"), 0U);
    ++given;
    return http_answer(
        200,
        fmt::format("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                    "<Credentials><AccessKeyId>TEMP{}</AccessKeyId><SecretAccessKey>s"
                    "</SecretAccessKey><SessionToken>session{}</SessionToken><Expiration>{}"
                    "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
                    "</AssumeRoleWithWebIdentityResponse>",
                    given, given, given == 1 ? "2001-01-01T00:00:00Z" : "2999-01-01T00:00:00Z"));
  });
  MockBucket mock(in_turn({http_answer(200, "", {"ETag: \"one\""})}), "&sts=" + sts.endpoint(),
                  variables({{"AWS_ACCESS_KEY_ID", ""},
                             {"AWS_WEB_IDENTITY_TOKEN_FILE", token},
                             {"AWS_ROLE_ARN", "arn:aws:iam::1:role/telltale"}}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(mock.bucket.put("a", "bytes", {}).ok());
  EXPECT_EQ(given, 2);
  const auto requests = mock.server.requests();
  EXPECT_EQ(requests.at(0).headers.at("x-amz-security-token"), "session1");
  EXPECT_EQ(requests.at(2).headers.at("x-amz-security-token"), "session2");
  EXPECT_THAT(requests.at(2).headers.at("authorization"), HasSubstr("x-amz-security-token"));
}

TEST(S3Credentials, NoneIsASentence) {
  MockBucket mock(in_turn({http_answer(200)}), "",
                  variables({{"AWS_ACCESS_KEY_ID", ""}, {"HOME", "/nowhere"}}));
  const auto answer = mock.bucket.get("a", {});
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(answer.error().message, HasSubstr("set AWS_ACCESS_KEY_ID"));
  EXPECT_TRUE(mock.server.requests().empty());
}

}  // namespace
}  // namespace telltale::store
