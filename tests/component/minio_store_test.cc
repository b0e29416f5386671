// The store on a real MinIO: what every store promises, and what only S3 has.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "component/minio_server.h"
#include "ports/store_contract_test.h"
#include "store/s3_store.h"
#include "store/waiting_fetch.h"

namespace telltale::component {
namespace {

using ports::Condition;
using testing::HasSubstr;

std::string new_prefix() {
  static std::atomic<int> number = 0;
  return fmt::format("test/{}", number.fetch_add(1));
}

std::shared_ptr<ports::Store> opened(Result<std::unique_ptr<ports::Store>> store) {
  CHECK(store.ok(), "{}", store.error().message);
  return store.take();
}

std::shared_ptr<ports::Store> minio_store(ports::Runtime&) {
  const MinioServer& server = MinioServer::shared();
  return opened(store::open_s3_store(server.url("", new_prefix()), server.credentials(),
                                     MinioServer::fetch()));
}

std::vector<ports::StoreMaker> makers() {
  if (!MinioServer::can_be_had()) return {};
  return {ports::StoreMaker{"Minio", minio_store}};
}

// The value of an element of STS's answer.
std::string element(const std::string& xml, const std::string& name) {
  const std::size_t from = xml.find("<" + name + ">") + name.size() + 2;
  return xml.substr(from, xml.find('<', from) - from);
}

// Lets the store do one thing, and answers how it went.
Status try_out(const std::string& url, const store::Environment& environment) {
  auto store = store::open_s3_store(url, environment, MinioServer::fetch());
  if (!store.ok()) return store.error();
  runtime::AsioRuntime loop("test");
  ports::StoreAsker asker(loop, **store);
  const auto put = asker.put("a", "bytes");
  const auto got = asker.get("a");
  asker.close();
  if (!put.ok()) return put.error();
  if (!got.ok()) return got.error();
  return Done{};
}

TEST(MinioStore, KeepsTheContract) { NEEDS_MINIO(); }  // or says why it is not tested

TEST(MinioStore, OpensWithoutLeavingATrace) {
  NEEDS_MINIO();
  const MinioServer server;
  store::open_s3_store(server.url(), server.credentials(), MinioServer::fetch()).take()->close();
  auto store =
      store::open_s3_store(server.url("", "below"), server.credentials(), MinioServer::fetch())
          .take();
  runtime::AsioRuntime loop("test");
  ports::StoreAsker asker(loop, *store);
  EXPECT_TRUE(asker.list("")->empty());
  asker.close();
}

TEST(MinioStore, KeepsToItsPrefix) {
  NEEDS_MINIO();
  const MinioServer& server = MinioServer::shared();
  const std::string prefix = new_prefix();
  auto inner = opened(store::open_s3_store(server.url("", prefix + "/x"), server.credentials(),
                                           MinioServer::fetch()));
  auto outer = opened(
      store::open_s3_store(server.url("", prefix), server.credentials(), MinioServer::fetch()));
  runtime::AsioRuntime loop("test");
  ports::StoreAsker inside(loop, *inner);
  ports::StoreAsker outside(loop, *outer);
  ASSERT_TRUE(inside.put("a", "one").ok());
  ASSERT_TRUE(outside.put("y", "two").ok());
  EXPECT_EQ(*inside.list(""), (std::vector<ports::ObjectInfo>{{"a", 3}}));
  EXPECT_EQ(outside.get("x/a")->bytes, "one");
  inside.close();
  outside.close();
}

TEST(MinioStore, SessionTokensAreCredentials) {
  NEEDS_MINIO();
  const MinioServer& server = MinioServer::shared();
  store::WaitingFetch http(MinioServer::fetch());
  ports::FetchRequest request;
  request.method = "POST";
  request.url = server.endpoint() + "/";
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = std::make_shared<const std::string>(
      "Action=AssumeRole&Version=2011-06-15&DurationSeconds=900");
  request.signing = {"aws:amz:us-east-1:sts", *server.credentials()("AWS_ACCESS_KEY_ID"),
                     *server.credentials()("AWS_SECRET_ACCESS_KEY")};
  const auto answer = http.send(std::move(request), 1U << 20);
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->status, 200) << answer->body;
  const auto temporary = [&](const std::string& token) {
    return [&, token](const std::string& name) -> std::optional<std::string> {
      if (name == "AWS_ACCESS_KEY_ID") return element(answer->body, "AccessKeyId");
      if (name == "AWS_SECRET_ACCESS_KEY") return element(answer->body, "SecretAccessKey");
      if (name == "AWS_SESSION_TOKEN" && !token.empty()) return token;
      return std::nullopt;
    };
  };
  const std::string url = server.url("&retry=1", new_prefix());
  const Status with = try_out(url, temporary(element(answer->body, "SessionToken")));
  EXPECT_TRUE(with.ok()) << with.error().message;
  EXPECT_FALSE(try_out(url, temporary("")).ok());
}

TEST(MinioStore, BucketsAreInTheHostsNameToo) {
  NEEDS_MINIO();
  const MinioServer server({.domain = "localhost"});
  const std::string url =
      fmt::format("s3://telltale/a?style=virtual&endpoint=http://localhost:{}", server.port());
  const Status status = try_out(url, server.credentials());
  EXPECT_TRUE(status.ok()) << status.error().message;
}

TEST(MinioStore, CertificatesAreChecked) {
  NEEDS_MINIO();
  const ports::TemporaryFolder folder;
  const std::string make = fmt::format(
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=minio -addext "
      "subjectAltName=IP:127.0.0.1 -keyout {0}/private.key -out {0}/public.crt 2>/dev/null",
      folder.path());
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "needs the program openssl";
  const MinioServer server({.certificates = folder.path()});
  const Status unknown = try_out(server.url("&retry=1"), server.credentials());
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, HasSubstr("certificate"));
  EXPECT_EQ(unknown.error().code, ErrorCode::internal);
  const Status known =
      try_out(server.url("&ca=" + folder.path() + "/public.crt"), server.credentials());
  EXPECT_TRUE(known.ok()) << known.error().message;
}

// docs/formats/store.md: what a stock client sees.
TEST(MinioStore, AStockClientReadsTheObjects) {
  NEEDS_MINIO();
  if (std::system("python3 -c 'import boto3' 2>/dev/null") != 0)
    GTEST_SKIP() << "needs boto3: pip install boto3";
  const MinioServer& server = MinioServer::shared();
  const std::string prefix = new_prefix();
  auto store = opened(
      store::open_s3_store(server.url("", prefix), server.credentials(), MinioServer::fetch()));
  runtime::AsioRuntime loop("test");
  ports::StoreAsker asker(loop, *store);
  const std::string etag = asker.put("runs/a/snapshot", std::string("\0\xff", 2)).take();
  const std::string large(20U << 20, 'x');
  const std::string large_etag =
      asker.commit(*asker.started_upload("visualizations/b/page", large)).take();
  asker.close();
  const ports::TemporaryFolder folder;
  const std::string script = folder.path() + "/read.py";
  std::ofstream(script) << fmt::format(
      "import boto3\n"
      "s3 = boto3.client('s3', endpoint_url='{}', region_name='us-east-1',\n"
      "                  aws_access_key_id='{}', aws_secret_access_key='{}')\n"
      "keys = [o['Key'] for o in s3.list_objects_v2(Bucket='telltale', Prefix='{}/')['Contents']]\n"
      "assert keys == ['{}/runs/a/snapshot', '{}/visualizations/b/page'], keys\n"
      "small = s3.get_object(Bucket='telltale', Key=keys[0])\n"
      "assert small['Body'].read() == bytes([0, 255])\n"
      "assert small['ETag'] == '\"{}\"', small['ETag']\n"
      "assert small['ContentType'] == 'application/octet-stream'\n"
      "assert len(small['Metadata']['telltale-write']) == 32\n"
      "large = s3.get_object(Bucket='telltale', Key=keys[1])\n"
      "assert large['ETag'] == '\"{}\"' and large['ETag'].endswith('-2\"'), large['ETag']\n"
      "assert large['Body'].read() == b'x' * (20 << 20)\n",
      server.endpoint(), *server.credentials()("AWS_ACCESS_KEY_ID"),
      *server.credentials()("AWS_SECRET_ACCESS_KEY"), prefix, prefix, prefix, etag, large_etag);
  EXPECT_EQ(std::system(("python3 " + script).c_str()), 0);
}

}  // namespace
}  // namespace telltale::component

namespace telltale::ports {

// S3 does not mind a key that is the folder of another one.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreFolderContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);
INSTANTIATE_TEST_SUITE_P(Component, StoreContract, testing::ValuesIn(component::makers()),
                         name_of_store);

}  // namespace telltale::ports
