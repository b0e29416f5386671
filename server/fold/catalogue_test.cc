#include "fold/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "schema/view.pb.h"

namespace telltale::fold {
namespace {

using testing::ElementsAre;

RunKey key(int number) { return make_run_key("test", "", "", std::to_string(number)); }

schema::RunSummary summary(int number, std::int64_t created_at_us, std::uint64_t position,
                           const std::string& name = "run") {
  schema::RunSummary summary;
  summary.set_run_key(key(number).text());
  summary.set_name(name);
  summary.set_state(schema::RUNNING);
  summary.set_created_at_us(created_at_us);
  summary.set_position(position);
  return summary;
}

std::vector<std::string> names(const std::vector<SummaryPtr>& runs) {
  std::vector<std::string> names;
  for (const SummaryPtr& run : runs) names.push_back(run->name());
  return names;
}

TEST(Catalogue, ListsNewestFirstInPages) {
  Catalogue catalogue;
  for (int i = 0; i < 7; ++i)
    catalogue.apply(LogOffset{static_cast<std::uint64_t>(i)},
                    summary(i, i == 3 ? 2 : i, 1, "run-" + std::to_string(i)));
  std::vector<std::string> seen;
  std::string page;
  do {
    const RunPage got = catalogue.page({}, page, 2);
    EXPECT_EQ(got.total, 7U);
    EXPECT_LE(got.runs.size(), 2U);
    for (const std::string& name : names(got.runs)) seen.push_back(name);
    page = got.next_page;
  } while (!page.empty());
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(seen.front(), "run-6");
  EXPECT_EQ(seen.back(), "run-0");
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 7U);
}

TEST(Catalogue, FiltersByStateTextAndKeys) {
  Catalogue catalogue;
  schema::RunSummary failed = summary(1, 1, 1, "Train ResNet");
  failed.set_state(schema::FAILED);
  catalogue.apply(LogOffset{0}, failed);
  schema::RunSummary other = summary(2, 2, 1, "other");
  other.set_pipeline("mammo-RESNET");
  catalogue.apply(LogOffset{1}, other);
  catalogue.apply(LogOffset{2}, summary(3, 3, 1, "third"));
  RunFilter text;
  text.text = "resnet";
  EXPECT_THAT(names(catalogue.page(text, "", 9).runs), ElementsAre("other", "Train ResNet"));
  RunFilter state;
  state.states = {State::failed, State::cancelled};
  EXPECT_THAT(names(catalogue.page(state, "", 9).runs), ElementsAre("Train ResNet"));
  RunFilter by_key;
  by_key.text = key(3).text().substr(4, 9);
  EXPECT_THAT(names(catalogue.page(by_key, "", 9).runs), ElementsAre("third"));
  RunFilter keys;
  keys.keys = {key(3).text(), key(1).text()};
  EXPECT_THAT(names(catalogue.page(keys, "", 9).runs), ElementsAre("third", "Train ResNet"));
  EXPECT_EQ(catalogue.page(keys, "", 1).total, 2U);
}

TEST(Catalogue, FiltersByClusterAndNamespace) {
  Catalogue catalogue;
  const std::vector<std::pair<std::string, std::string>> places = {
      {"prod", "a"}, {"prod", "b"}, {"test", "a"}};
  int number = 0;
  for (const auto& [cluster, name] : places) {
    schema::RunSummary run = summary(number, number, 1, cluster + "/" + name);
    run.mutable_cluster_object()->set_cluster(cluster);
    run.mutable_cluster_object()->set_namespace_(name);
    catalogue.apply(LogOffset{static_cast<std::uint64_t>(number++)}, run);
  }
  catalogue.apply(LogOffset{9}, summary(9, 9, 1, "of no cluster"));
  RunFilter filter;
  filter.cluster = "prod";
  EXPECT_THAT(names(catalogue.page(filter, "", 9).runs), ElementsAre("prod/b", "prod/a"));
  filter.namespace_name = "a";
  EXPECT_THAT(names(catalogue.page(filter, "", 9).runs), ElementsAre("prod/a"));
  filter.cluster.clear();
  EXPECT_THAT(names(catalogue.page(filter, "", 9).runs), ElementsAre("test/a", "prod/a"));
}

TEST(Catalogue, RepeatsAndOlderSummariesChangeNothing) {
  Catalogue catalogue;
  EXPECT_TRUE(catalogue.apply(LogOffset{0}, summary(1, 1, 10, "new")));
  EXPECT_FALSE(catalogue.apply(LogOffset{0}, summary(1, 1, 11, "same offset")));
  EXPECT_FALSE(catalogue.apply(LogOffset{1}, summary(1, 1, 9, "older")));
  EXPECT_FALSE(catalogue.apply(LogOffset{2}, summary(1, 1, 10, "new")));
  EXPECT_TRUE(catalogue.apply(LogOffset{3}, summary(1, 1, 12, "newer")));
  EXPECT_EQ(catalogue.find(key(1).text())->name(), "newer");
  EXPECT_EQ(catalogue.size(), 1U);
  EXPECT_EQ(catalogue.end(), LogOffset{4});
}

TEST(Catalogue, EachChangeIsAnotherVersion) {
  Catalogue catalogue;
  std::uint64_t seen = catalogue.version();
  const LogOffset end = catalogue.end();
  const auto changed = [&] { return std::exchange(seen, catalogue.version()) != seen; };
  catalogue.apply(LogOffset{0}, summary(1, 1, 1, "one"));
  EXPECT_NE(catalogue.end(), end);
  EXPECT_TRUE(changed());
  catalogue.apply(LogOffset{1}, summary(1, 1, 1, "one"));
  EXPECT_FALSE(changed());
  EXPECT_TRUE(catalogue.remove(LogOffset{2}, key(1)));
  EXPECT_TRUE(changed());
  EXPECT_FALSE(catalogue.remove(LogOffset{3}, key(1)));
  EXPECT_FALSE(changed());
  EXPECT_EQ(catalogue.find(key(1).text()), nullptr);
  EXPECT_TRUE(catalogue.apply(LogOffset{4}, summary(1, 1, 3, "back")));
  EXPECT_TRUE(changed());
}

}  // namespace
}  // namespace telltale::fold
