#include "collect/kubernetes_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace telltale::collect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kPath = "/apis/argoproj.io/v1alpha1/workflows";

std::string object(const std::string& uid, const std::string& version) {
  return R"({"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow",)"
         R"("metadata":{"name":"w","uid":")" +
         uid + R"(","resourceVersion":")" + version + R"("},"status":{"phase":"Running"}})";
}

std::string line(const std::string& type, const std::string& uid, const std::string& version) {
  return R"({"type":")" + type + R"(","object":)" + object(uid, version) + "}\n";
}

std::string page(const std::string& version, const std::string& next,
                 const std::vector<std::string>& objects) {
  std::string items;
  for (const std::string& one : objects) items += (items.empty() ? "" : ",") + one;
  return R"({"kind":"WorkflowList","metadata":{"resourceVersion":")" + version +
         (next.empty() ? "" : R"(","continue":")" + next) + R"("},"items":[)" + items + "]}";
}

class KubernetesStreamTest : public testing::Test {
 protected:
  KubernetesStream stream{"workflows", kPath, "", {}};
  std::vector<StreamFact> facts;

  StreamNext answer(int status, const std::string& body, bool whole = true,
                    std::size_t piece = 1'000'000) {
    stream.begin(status);
    for (std::size_t at = 0; at < body.size(); at += piece)
      stream.take(std::string_view(body).substr(at, piece), facts);
    return stream.end(whole, 0, facts);
  }
  void list(const std::string& version) { answer(200, page(version, "", {})); }
  std::vector<std::string> types() const {
    std::vector<std::string> out;
    for (const StreamFact& fact : facts)
      out.push_back(fact.bytes.substr(9, fact.bytes.find('"', 9) - 9));
    return out;
  }
};

TEST_F(KubernetesStreamTest, ListsInPagesAndWatchesFromTheVersionOfTheList) {
  EXPECT_EQ(stream.target(), std::string(kPath) + "?limit=50");
  answer(200, page("70", "more", {object("a", "5"), object("b", "6")}));
  EXPECT_TRUE(stream.place().must_list);
  EXPECT_THAT(stream.target(), HasSubstr("&continue=more"));
  answer(200, page("70", "", {object("c", "7")}));
  EXPECT_THAT(types(), ElementsAre("LISTING", "ADDED", "ADDED", "ADDED", "LISTED"));
  EXPECT_THAT(facts[2].bytes, HasSubstr(object("b", "6")));
  EXPECT_EQ(stream.place(), (StreamPlace{"70", false}));
  EXPECT_THAT(stream.target(), HasSubstr("watch=1&allowWatchBookmarks=true"));
  EXPECT_THAT(stream.target(), HasSubstr("resourceVersion=70"));
}

TEST_F(KubernetesStreamTest, ACrashWithinAListListsAgain) {
  answer(200, page("70", "more", {object("a", "5")}));
  for (const StreamFact& fact : facts) EXPECT_TRUE(fact.after.must_list);
}

TEST_F(KubernetesStreamTest, EventsComeWholeHoweverTheyAreCut) {
  const std::string body =
      line("MODIFIED", "a", "71") + line("BOOKMARK", "", "80") + line("DELETED", "a", "81");
  for (const std::size_t piece : {1U, 2U, 7U, 64U, 1'000'000U}) {
    stream = KubernetesStream("workflows", kPath, "", {"70", false});
    facts.clear();
    const StreamNext next = answer(200, body, true, piece);
    ASSERT_THAT(types(), ElementsAre("MODIFIED", "DELETED")) << piece;
    EXPECT_EQ(facts[0].bytes + "\n", line("MODIFIED", "a", "71"));
    EXPECT_EQ(facts[0].after.resource_version, "71");
    EXPECT_EQ(stream.place().resource_version, "81");
    EXPECT_EQ(next.wait, StreamNext::Wait::none);
  }
}

TEST_F(KubernetesStreamTest, AnObjectThatIsCutInTheMiddleIsNoEvent) {
  list("70");
  facts.clear();
  const std::string whole = line("MODIFIED", "a", "71");
  answer(200, whole + line("MODIFIED", "a", "72").substr(0, 60), false);
  EXPECT_THAT(types(), ElementsAre("MODIFIED"));
  EXPECT_EQ(stream.place(), (StreamPlace{"71", false}));
  // It is told again, whole, by the next watch.
  answer(200, line("MODIFIED", "a", "72"));
  EXPECT_THAT(types(), ElementsAre("MODIFIED", "MODIFIED"));
}

TEST_F(KubernetesStreamTest, AVersionThatIsGoneListsAgainAndKeepsWhatItWas) {
  list("70");
  EXPECT_EQ(answer(410, R"({"kind":"Status","code":410,"message":"too old"})").trouble, "");
  EXPECT_EQ(stream.place(), (StreamPlace{"70", true}));
  list("90");
  EXPECT_FALSE(stream.take_restored());
  answer(200, R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"old"}})"
              "\n");
  EXPECT_EQ(stream.place(), (StreamPlace{"90", true}));
}

TEST_F(KubernetesStreamTest, VersionsThatWentBackAreSaid) {
  list("900");
  const StreamNext next = answer(504, R"({"kind":"Status","code":504,
      "message":"Timeout: Too large resource version: 900, current: 20"})");
  EXPECT_EQ(next.wait, StreamNext::Wait::none);
  list("21");
  EXPECT_TRUE(stream.take_restored());
  EXPECT_FALSE(stream.take_restored());
  EXPECT_EQ(stream.place(), (StreamPlace{"21", false}));
}

TEST_F(KubernetesStreamTest, APrettyStatusWithinAWatchIsNoEventAndMovesNothing) {
  list("70");
  facts.clear();
  const StreamNext next = answer(200, R"({
  "kind": "Status",
  "metadata": {"resourceVersion": "1"},
  "message": "storage is (re)initializing",
  "code": 429
}
)");
  EXPECT_TRUE(facts.empty());
  EXPECT_EQ(stream.place(), (StreamPlace{"70", false}));
  EXPECT_EQ(next.wait, StreamNext::Wait::short_pause);
}

TEST_F(KubernetesStreamTest, RefusalsAreSentencesWithAPause) {
  StreamNext next = answer(403, R"({"kind":"Status","code":403,
      "message":"workflows is forbidden: User \"u\" cannot list"})");
  EXPECT_THAT(next.trouble, HasSubstr("workflows may not be read: workflows is forbidden"));
  EXPECT_EQ(next.wait, StreamNext::Wait::long_pause);
  next = answer(429, "{\n \"message\": \"storage is (re)initializing\"\n}");
  EXPECT_THAT(next.trouble, HasSubstr("429"));
  EXPECT_EQ(next.wait, StreamNext::Wait::short_pause);
  next = answer(503, "<html>" + std::string(100'000, 'x'));
  EXPECT_LT(next.trouble.size(), 500U);
}

TEST_F(KubernetesStreamTest, AWatchThatTellsNothingPausesBeforeTheNext) {
  list("70");
  EXPECT_EQ(answer(200, "").wait, StreamNext::Wait::short_pause);
  EXPECT_EQ(answer(200, line("BOOKMARK", "", "71")).wait, StreamNext::Wait::none);
}

TEST_F(KubernetesStreamTest, AnEndlessLineIsDroppedAndTheNextIsRead) {
  list("70");
  facts.clear();
  answer(200, std::string(5U << 20, 'x') + "\n" + line("ADDED", "a", "71"));
  EXPECT_THAT(types(), ElementsAre("ADDED"));
  EXPECT_EQ(stream.unreadable(), 1U);
}

TEST_F(KubernetesStreamTest, FactsHaveIdsOfTheirOwnDataAlone) {
  list("70");
  answer(200, line("ADDED", "a", "71") + line("MODIFIED", "a", "72") + line("DELETED", "a", "72"));
  const std::vector<StreamFact> first = std::move(facts);
  std::set<std::string> ids;
  for (const StreamFact& fact : first) ids.insert(fact.id);
  EXPECT_EQ(ids.size(), first.size());
  stream = KubernetesStream("workflows", kPath, "", {"70", false});
  facts.clear();
  answer(200, line("ADDED", "a", "71"));
  EXPECT_EQ(facts[0].id, first[2].id);
}

TEST_F(KubernetesStreamTest, GarbageMovesNothing) {
  list("70");
  facts.clear();
  for (const char* garbage : {"\n", "null\n", "[]\n", "{\"type\":1}\n", "{\"type\":\"ADDED\"}\n",
                              "{\"type\":\"ADDED\",\"object\":{}}\n", "\xff\xfe\n", "{\n"}) {
    answer(200, garbage);
    EXPECT_TRUE(facts.empty()) << garbage;
    EXPECT_EQ(stream.place(), (StreamPlace{"70", false})) << garbage;
  }
  stream = KubernetesStream("workflows", kPath, "", {});
  for (const char* garbage :
       {"", "null", "[]", "{}", "{\"metadata\":{}}", "\xff", "{\"items\":[1]}",
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[1]}"}) {
    EXPECT_NE(answer(200, garbage).wait, StreamNext::Wait::none) << garbage;
    EXPECT_TRUE(stream.place().must_list) << garbage;
  }
}

}  // namespace
}  // namespace telltale::collect
