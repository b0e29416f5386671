#include "collect/source_health.h"

#include <gtest/gtest.h>

#include "collect/http_sources.h"

namespace telltale::collect {
namespace {

schema::SourceStatus cluster() {
  schema::SourceStatus source;
  source.set_name("kubernetes:");
  source.set_cluster("prod");
  return source;
}

class SourceHealthTest : public testing::Test {
 protected:
  void tell(const std::string& part, const std::string& trouble, std::int64_t at_us) {
    health.tell("kubernetes:", part, trouble, EpochUs{at_us});
  }

  SourceHealth health{{cluster()}};
};

TEST_F(SourceHealthTest, ATroubleLastsSinceItBeganWhateverItsWordsAndEnds) {
  EXPECT_EQ(health.json(), R"({"sources":[{"name":"kubernetes:","cluster":"prod"}]})");
  EXPECT_EQ(health.lines(), "");
  tell("pods", "no answer", 5);
  tell("pods", "503", 7);
  tell("workflows/b", "forbidden", 9);
  EXPECT_EQ(health.json(), R"({"sources":[{"name":"kubernetes:","cluster":"prod","troubles":[)"
                           R"({"part":"pods","message":"503","since_us":"5"},)"
                           R"({"part":"workflows/b","message":"forbidden","since_us":"9"}]}]})");
  EXPECT_EQ(health.lines(), "kubernetes: pods: 503\nkubernetes: workflows/b: forbidden\n");
  tell("pods", "", 11);
  tell("pods", "again", 13);
  tell("workflows/b", "", 13);
  EXPECT_EQ(health.json(), R"({"sources":[{"name":"kubernetes:","cluster":"prod","troubles":[)"
                           R"({"part":"pods","message":"again","since_us":"13"}]}]})");
}

// A connection that takes one message at a time.
struct Line final : ports::Transport {
  void send(std::string message) override { messages.push_back(std::move(message)); }
  void close() override {}
  std::vector<std::string> messages;
};

TEST_F(SourceHealthTest, AStreamTellsWhatIsNowAndThenEachChangeButQueuesNothing) {
  HttpSources sources(health);
  Line line;
  auto session = sources.open({}, line);
  tell("", "before it began", 1);
  session->start();
  ASSERT_EQ(line.messages.size(), 1U);
  EXPECT_EQ(line.messages[0], "data: " + health.json() + "\n\n");
  tell("", "one", 2);
  tell("", "two", 3);  // while the first one is under way
  EXPECT_EQ(line.messages.size(), 1U);
  session->sent();
  ASSERT_EQ(line.messages.size(), 2U);
  EXPECT_EQ(line.messages[1], "data: " + health.json() + "\n\n");
  session->sent();
  tell("", "two", 4);  // nothing new
  EXPECT_EQ(line.messages.size(), 2U);
  tell("", "", 5);
  EXPECT_EQ(line.messages.size(), 3U);
  session.reset();
  tell("", "three", 6);
  EXPECT_EQ(line.messages.size(), 3U);
}

}  // namespace
}  // namespace telltale::collect
