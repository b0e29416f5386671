// The store while its MinIO fails: what was answered is there, what is wrong gets a sentence.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include "component/minio_server.h"
#include "component/proxy.h"
#include "ports/store_asker_test.h"
#include "runtime/asio_runtime.h"
#include "store/s3_store.h"

namespace {

// Seconds by which this process's clock is wrong, for whoever asks time().
std::atomic<std::time_t> clock_shift = 0;

}  // namespace

// Found before libc's: libcurl dates its signatures by it.
extern "C" std::time_t time(std::time_t* into) noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::time_t shifted = now.tv_sec + clock_shift.load();
  if (into != nullptr) *into = shifted;
  return shifted;
}

namespace telltale::component {
namespace {

using ports::Condition;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kPiece = 1U << 20;

// The i-th piece of an object: no two are the same.
std::string piece(std::size_t i) {
  std::string bytes;
  while (bytes.size() < kPiece) bytes += fmt::format("{:015}\n", i * kPiece + bytes.size());
  return bytes;
}

// An open store and its loop.
struct OpenStore {
  OpenStore(const MinioServer& server, const std::string& url) {
    auto opened = store::open_s3_store(url, server.credentials(), MinioServer::fetch());
    CHECK(opened.ok(), "{}", opened.error().message);
    store = opened.take();
  }
  ~OpenStore() {
    asker().close();
    loop.join();
  }
  ports::StoreAsker asker() { return {loop, *store}; }

  runtime::AsioRuntime loop{"faults"};
  std::unique_ptr<ports::Store> store;
};

// Whether the object is `pieces` of them, asked for a few at a time.
bool is_whole(ports::StoreAsker asker, const std::string& key, std::size_t pieces) {
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto got = asker.get(key, {i * kPiece, kPiece});
    if (!got.ok() || got->bytes != piece(i) || got->size != pieces * kPiece) return false;
  }
  return true;
}

// Writes 96 pieces, and does something after the 40th.
template <typename Fault>
void upload_through(OpenStore& open, Fault fault) {
  auto asker = open.asker();
  const auto upload = asker.upload("large");
  for (std::size_t i = 0; i < 96; ++i) {
    const Status written = asker.write(*upload, piece(i));
    ASSERT_TRUE(written.ok()) << written.error().message;
    if (i == 40) fault();
  }
  const auto etag = asker.commit(*upload, Condition::absent());
  ASSERT_TRUE(etag.ok()) << etag.error().message;
  EXPECT_EQ(asker.get("large", {0, 1})->etag, *etag);
  EXPECT_TRUE(is_whole(asker, "large", 96));
}

TEST(MinioFaults, KilledAndStartedAgainInTheMiddleOfAnUpload) {
  NEEDS_MINIO();
  MinioServer server;
  OpenStore open(server, server.url("&retry=120"));
  std::thread starter;
  upload_through(open, [&] {
    server.kill();
    starter = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::seconds(3));
      server.start();
    });
  });
  starter.join();
}

TEST(MinioFaults, SilentForSecondsInTheMiddleOfAnUpload) {
  NEEDS_MINIO();
  MinioServer server;
  OpenStore open(server, server.url("&retry=120"));
  std::thread waker;
  upload_through(open, [&] {
    server.freeze();
    waker = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::seconds(3));
      server.thaw();
    });
  });
  waker.join();
}

TEST(MinioFaults, AwayForLongerThanTheBudgetIsUnavailableAndThenGoesOn) {
  NEEDS_MINIO();
  MinioServer server;
  OpenStore open(server, server.url("&retry=1"));
  auto asker = open.asker();
  ASSERT_TRUE(asker.put("a", "one").ok());
  server.kill();
  EXPECT_EQ(asker.get("a").error().code, ErrorCode::unavailable);
  EXPECT_EQ(asker.put("a", "two").error().code, ErrorCode::unavailable);
  const auto upload = asker.upload("b");
  Status written = Done{};
  for (std::size_t i = 0; i < 200 && written.ok(); ++i) written = asker.write(*upload, piece(i));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(asker.commit(*upload).error().code, ErrorCode::unavailable);
  server.start();
  EXPECT_EQ(asker.get("a")->bytes, "one");
  EXPECT_TRUE(asker.put("a", "two").ok());
}

TEST(MinioFaults, AnUploadThatFailedOrWasDroppedLeavesNoParts) {
  NEEDS_MINIO();
  const MinioServer server;
  const std::string url = server.url();
  {
    OpenStore open(server, url);
    auto asker = open.asker();
    const auto lost = asker.started_upload("a", std::string(40U << 20, 'x'));
    auto dropped = asker.started_upload("a", std::string(40U << 20, 'x'));
    dropped.reset();
    ASSERT_TRUE(asker.put("a", "other").ok());
    EXPECT_EQ(asker.commit(*lost, Condition::absent()).error().code,
              ErrorCode::precondition_failed);
    // One is open until the store closes.
    (void)asker.started_upload("a", std::string(40U << 20, 'x'));
  }
  store::S3Client client(store::parse_s3_url(url, server.credentials()).take(),
                         server.credentials(), MinioServer::fetch());
  // MinIO lists the uploads of one object only.
  const auto listed = client.send({.method = "GET", .query = {{"uploads", ""}, {"prefix", "a"}}});
  ASSERT_TRUE(listed.ok() && listed->ok());
  EXPECT_TRUE(store::parse_uploads(listed->http.body)->empty()) << listed->http.body;
}

TEST(MinioFaults, WrongCredentialsAndAMissingBucketAreSentences) {
  NEEDS_MINIO();
  const MinioServer& server = MinioServer::shared();
  const auto open = [](const std::string& url, const std::string& key, const std::string& secret) {
    const auto store = store::open_s3_store(
        url,
        [&](const std::string& name) {
          std::optional<std::string> value;
          if (name == "AWS_ACCESS_KEY_ID") value = key;
          if (name == "AWS_SECRET_ACCESS_KEY") value = secret;
          return value;
        },
        MinioServer::fetch());
    return store.ok() ? std::string() : store.error().message;
  };
  const std::string user = *server.credentials()("AWS_ACCESS_KEY_ID");
  const std::string password = *server.credentials()("AWS_SECRET_ACCESS_KEY");
  const std::string wrong = open(server.url(), user, "not-the-secret");
  EXPECT_THAT(wrong, HasSubstr("SignatureDoesNotMatch \"The request signature we calculated"));
  EXPECT_THAT(wrong, Not(HasSubstr("not-the-secret")));
  EXPECT_THAT(open(server.url(), "nobody", password),
              HasSubstr("InvalidAccessKeyId \"The Access Key Id you provided does not exist"));
  const std::string missing = open("s3://missing?endpoint=" + server.endpoint(), user, password);
  EXPECT_THAT(missing, HasSubstr("NoSuchBucket \"The specified bucket does not exist"));
  EXPECT_THAT(missing, HasSubstr("Make the bucket"));
}

TEST(MinioFaults, AClockThatIsWrongIsSaidSo) {
  NEEDS_MINIO();
  const MinioServer& server = MinioServer::shared();
  clock_shift = 2 * 3'600;
  const auto store = store::open_s3_store(server.url(), server.credentials(), MinioServer::fetch());
  clock_shift = 0;
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, HasSubstr("RequestTimeTooSkewed \"The difference between"));
  EXPECT_THAT(store.error().message, HasSubstr("Set the clock"));
}

TEST(MinioFaults, ASlowLineIsSlowAndNoMore) {
  NEEDS_MINIO();
  const MinioServer server;
  Proxy proxy(server.port());
  OpenStore open(server, server.url("", "slow", proxy.endpoint()));
  proxy.bytes_per_second = 8U << 20;
  upload_through(open, [] {});
}

TEST(MinioFaults, AnswersThatAreCutOffAreAskedForAgain) {
  NEEDS_MINIO();
  const MinioServer server;
  Proxy proxy(server.port());
  OpenStore open(server, server.url("", "cut", proxy.endpoint()));
  auto asker = open.asker();
  for (int i = 0; i < 5; ++i) {
    proxy.cuts = 2;
    ASSERT_TRUE(asker.put(fmt::format("a{}", i), piece(0)).ok());
    proxy.cuts = 2;
    EXPECT_TRUE(asker.get(fmt::format("a{}", i))->bytes == piece(0));
    proxy.cuts = 2;
    EXPECT_EQ(asker.list("a")->size(), static_cast<std::size_t>(i + 1));
  }
}

TEST(MinioFaults, AWriteWhoseAnswerIsLostIsDoneOnce) {
  NEEDS_MINIO();
  const MinioServer server;
  Proxy proxy(server.port());
  OpenStore open(server, server.url("", "lost", proxy.endpoint()));
  auto asker = open.asker();
  proxy.lost_line = "PUT /telltale/lost/a";
  proxy.lost = 1;
  const auto etag = asker.put("a", "one", Condition::absent());
  ASSERT_TRUE(etag.ok()) << etag.error().message;
  EXPECT_EQ(proxy.lost, 0);
  proxy.lost = 1;
  const auto second = asker.put("a", "two", Condition::matches(*etag));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(asker.get("a")->bytes, "two");
  proxy.lost_line = "POST /telltale/lost/b?uploadId";
  proxy.lost = 1;
  const auto upload = asker.started_upload("b", std::string(20U << 20, 'x'));
  const auto third = asker.commit(*upload, Condition::absent());
  ASSERT_TRUE(third.ok()) << third.error().message;
  EXPECT_EQ(proxy.lost, 0);
  EXPECT_EQ(asker.get("b", {0, 1})->etag, *third);
}

}  // namespace
}  // namespace telltale::component
