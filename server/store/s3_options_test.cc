#include "store/s3_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale::store {
namespace {

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

TEST(S3Options, AUrlSaysAll) {
  const auto options = parse_s3_url(
      "s3://my-bucket/a/b/?endpoint=http://127.0.0.1:9000/&region=eu-west-1&ca=%2Fetc%2Fca.pem"
      "&credentials=/run/keys&sts=https://sts.example&retry=3",
      nothing);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->bucket, "my-bucket");
  EXPECT_EQ(options->prefix, "a/b/");
  EXPECT_EQ(options->endpoint, "http://127.0.0.1:9000");
  EXPECT_EQ(options->region, "eu-west-1");
  EXPECT_EQ(options->ca_file, "/etc/ca.pem");
  EXPECT_EQ(options->credentials_file, "/run/keys");
  EXPECT_EQ(options->sts_endpoint, "https://sts.example");
  EXPECT_EQ(options->retry_budget_ms, 3'000);
  EXPECT_EQ(options->url_of("runs/x"), "http://127.0.0.1:9000/my-bucket/a/b/runs/x");
  EXPECT_EQ(options->url_of(""), "http://127.0.0.1:9000/my-bucket");
}

TEST(S3Options, WithoutAnEndpointItIsAws) {
  const auto options = parse_s3_url("s3://bucket", [](const std::string& name) {
    return name == "AWS_REGION" ? std::optional<std::string>("eu-north-1") : std::nullopt;
  });
  EXPECT_EQ(options->url_of("a"), "https://bucket.s3.eu-north-1.amazonaws.com/a");
  EXPECT_EQ(options->url_of(""), "https://bucket.s3.eu-north-1.amazonaws.com/");
  EXPECT_EQ(options->sts_endpoint, "https://sts.eu-north-1.amazonaws.com");
  EXPECT_TRUE(parse_s3_url("s3://bucket?style=path", nothing)->path_style);
  EXPECT_FALSE(
      parse_s3_url("s3://bucket?style=virtual&endpoint=http://minio", nothing)->path_style);
}

TEST(S3Options, WhatIsNoneGetsASentence) {
  for (const char* url :
       {"s3:/bucket", "http://bucket", "s3://", "s3://ab", "s3://Bucket", "s3://key:secret@bucket",
        "s3://bucket/a b", "s3://bucket/..", "s3://bucket?endpoint=127.0.0.1:9000",
        "s3://bucket?endpoint=http://", "s3://bucket?endpoint=http://a@b",
        "s3://bucket?style=other", "s3://bucket?colour=red", "s3://bucket?retry=-1",
        "s3://bucket?retry=601", "s3://bucket?retry=1x"}) {
    const auto options = parse_s3_url(url, nothing);
    ASSERT_FALSE(options.ok()) << url;
    EXPECT_EQ(options.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(options.error().message.find("secret"), std::string::npos) << url;
  }
}

}  // namespace
}  // namespace telltale::store
