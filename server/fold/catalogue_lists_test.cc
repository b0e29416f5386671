// What the lists of many runs say, against all runs looked at one by one, and what that costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/limits.h"
#include "fold/catalogue.h"
#include "schema/view.pb.h"

namespace telltale::fold {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kStart = 1'000'000 * kHour;

RunKey key(int number) { return make_run_key("test", "", "", std::to_string(number)); }

schema::RunSummary summary(int number, schema::State state, const std::string& pipeline = "train") {
  schema::RunSummary summary;
  summary.set_run_key(key(number).text());
  summary.set_name("run-" + std::to_string(number));
  summary.set_pipeline(pipeline);
  summary.set_state(state);
  summary.set_created_at_us(kStart + number * kSecond);
  summary.set_last_event_at_us(kStart + number * kSecond);
  summary.set_position(1);
  return summary;
}

class Lists : public testing::Test {
 protected:
  Lists() { at(kStart); }

  void tell(schema::RunSummary summary) {
    summary.set_position(++position_);
    told_[summary.run_key()] = summary;
    catalogue_.apply(LogOffset{position_}, summary);
  }
  void forget(int number) {
    told_.erase(key(number).text());
    catalogue_.remove(LogOffset{++position_}, key(number));
  }
  bool at(std::int64_t now_us) {
    now_us_ = now_us;
    return catalogue_.look_at(EpochUs{now_us});
  }
  std::vector<std::string> names(const RunFilter& filter, std::size_t limit = 200) const {
    std::vector<std::string> names;
    for (const SummaryPtr& run : catalogue_.page(filter, "", limit).runs)
      names.push_back(run->name());
    return names;
  }
  std::vector<std::string> attention() const { return names({{}, "", {}, true}); }

  // By the words of docs/formats/api.md, from all runs.
  bool needs_attention(const schema::RunSummary& run) const {
    const State state = to_state(static_cast<int>(run.state()));
    if (state == State::running) return now_us_ - run.last_event_at_us() >= 30 * kSecond;
    if (state != State::failed) return state == State::suspended || state == State::unknown;
    const bool later = std::any_of(told_.begin(), told_.end(), [&](const auto& other) {
      return pipeline_of(other.second) == pipeline_of(run) &&
             has_ended(to_state(static_cast<int>(other.second.state()))) &&
             place_of(other.second) < place_of(run);
    });
    return !later && now_us_ - run.last_event_at_us() < 24 * kHour;
  }
  void expect_all_matching(const RunFilter& filter) const {
    std::map<RunPlace, std::string> matching;
    for (const auto& [key, run] : told_) {
      const ListedRun listed{std::make_shared<const schema::RunSummary>(run), needs_attention(run)};
      if (matches(filter, listed)) matching[place_of(run)] = run.SerializeAsString();
    }
    std::vector<std::string> wanted;
    for (const auto& [place, run] : matching) {
      if (wanted.size() < limits::kRunsPage) wanted.push_back(run);
    }
    const RunPage page = catalogue_.page(filter, "", limits::kRunsPage);
    std::vector<std::string> got;
    for (const SummaryPtr& run : page.runs) got.push_back(run->SerializeAsString());
    EXPECT_EQ(got, wanted);
    EXPECT_EQ(page.total, matching.size());
  }

  Catalogue catalogue_;
  std::map<std::string, schema::RunSummary> told_;
  std::uint64_t position_ = 0;
  std::int64_t now_us_ = 0;
};

TEST_F(Lists, AFailureNeedsAttentionUntilALaterRunEndedOrADayHasPassed) {
  tell(summary(1, schema::FAILED));
  tell(summary(2, schema::FAILED, "other"));
  EXPECT_THAT(attention(), ElementsAre("run-2", "run-1"));
  tell(summary(3, schema::RUNNING));
  EXPECT_THAT(attention(), ElementsAre("run-2", "run-1"));
  tell(summary(3, schema::SUCCEEDED));
  EXPECT_THAT(attention(), ElementsAre("run-2"));
  forget(3);
  EXPECT_THAT(attention(), ElementsAre("run-2", "run-1"));
  tell(summary(4, schema::FAILED));
  EXPECT_THAT(attention(), ElementsAre("run-4", "run-2"));
  EXPECT_TRUE(at(kStart + 25 * kHour));
  EXPECT_THAT(attention(), IsEmpty());
}

TEST_F(Lists, ARunThatFallsSilentNeedsAttentionUntilItSpeaks) {
  tell(summary(1, schema::RUNNING));
  EXPECT_FALSE(at(kStart + 30 * kSecond));
  EXPECT_EQ(catalogue_.next_look(), EpochUs{kStart + 31 * kSecond});
  EXPECT_TRUE(at(kStart + 31 * kSecond));
  EXPECT_THAT(attention(), ElementsAre("run-1"));
  schema::RunSummary spoke = summary(1, schema::RUNNING);
  spoke.set_last_event_at_us(kStart + 32 * kSecond);
  tell(spoke);
  EXPECT_THAT(attention(), IsEmpty());
  spoke.set_last_event_at_us(INT64_MAX);
  tell(spoke);
  EXPECT_FALSE(at(kStart + 100 * kHour));
  tell(summary(2, schema::SUSPENDED));
  tell(summary(3, schema::UNKNOWN));
  tell(summary(4, schema::QUEUED));
  EXPECT_THAT(attention(), ElementsAre("run-3", "run-2"));
}

TEST_F(Lists, ARunHasWhatIsUsualAndWhatTheOneBeforeMeasured) {
  const auto ended = [](int number, std::int64_t took_s, double loss) {
    schema::RunSummary run = summary(number, schema::SUCCEEDED);
    run.set_finished_at_us(run.created_at_us() + took_s * kSecond);
    run.set_main_metric("loss");
    run.set_main_metric_value(loss);
    return run;
  };
  tell(ended(1, 10, 0.5));
  tell(ended(2, 30, 0.4));
  schema::RunSummary running = summary(9, schema::RUNNING);
  running.set_main_metric("loss");
  EXPECT_FALSE(catalogue_.with_history(running).has_usual());
  tell(ended(3, 20, 0.3));
  tell(summary(4, schema::FAILED));
  schema::RunSummary elsewhere = ended(5, 1000, 7);
  elsewhere.set_source("elsewhere");
  tell(elsewhere);
  const schema::RunSummary told = catalogue_.with_history(running);
  EXPECT_EQ(told.usual().low_us(), 10 * kSecond);
  EXPECT_EQ(told.usual().median_us(), 20 * kSecond);
  EXPECT_EQ(told.usual().high_us(), 30 * kSecond);
  EXPECT_EQ(told.usual().runs(), 3U);
  EXPECT_EQ(told.last_main_metric(), 0.3);
  EXPECT_EQ(catalogue_.with_history(ended(2, 30, 0.4)).last_main_metric(), 0.5);
  EXPECT_FALSE(catalogue_.with_history(ended(1, 10, 0.5)).has_last_main_metric());
  running.set_main_metric("accuracy");
  EXPECT_FALSE(catalogue_.with_history(running).has_last_main_metric());
}

TEST_F(Lists, AreWhatAllRunsSayWhateverHappens) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&random](int most) { return static_cast<int>(random() % most); };
  const std::vector<RunFilter> filters = {{},
                                          {{State::running, State::queued}, "", {}, false},
                                          {{State::failed}, "-1", {}, false},
                                          {{}, "7", {}, false},
                                          {{}, "", {}, true},
                                          {{}, "", {key(3).text(), key(5).text()}, false}};
  std::int64_t now_us = kStart;
  for (int step = 0; step < 3'000; ++step) {
    const int number = below(step < 1'000 ? 600 : 300);
    if (below(8) == 0) {
      forget(number);
    } else {
      schema::RunSummary run = summary(number, static_cast<schema::State>(below(kStates)),
                                       "pipeline-" + std::to_string(below(20)));
      run.set_created_at_us(kStart + below(1'000) * kSecond);
      run.set_last_event_at_us(now_us - below(40) * kSecond);
      tell(run);
    }
    if (below(20) == 0) at(now_us += below(10) == 0 ? 10 * kHour : 10 * kSecond);
    if (step % 50 != 0) continue;
    for (const RunFilter& filter : filters) expect_all_matching(filter);
  }
}

// Home's questions, of a system that has run for a year.
TEST_F(Lists, AreRightAndCheapAmongAHundredThousand) {
  constexpr int kRuns = 100'000;
  const RunFilter running{{State::running, State::queued}, "", {}, false};
  const RunFilter needs{{}, "", {}, true};
  const RunFilter text{{}, "run-7", {}, false};
  at(kStart + kRuns * kSecond);
  tell(summary(0, schema::RUNNING, "long"));
  schema::RunSummary rare = summary(1, schema::FAILED, "rare");
  rare.set_last_event_at_us(kStart + (kRuns - 1) * kSecond);
  tell(rare);
  for (int number = 2; number < kRuns; ++number) {
    schema::RunSummary run = summary(number, number % 9 == 0 ? schema::FAILED : schema::SUCCEEDED,
                                     "often-" + std::to_string(number % 50));
    run.set_finished_at_us(run.created_at_us() + 60 * kSecond);
    tell(run);
  }
  schema::RunSummary speaks = summary(0, schema::RUNNING, "long");
  speaks.set_last_event_at_us(kStart + kRuns * kSecond);
  tell(speaks);
  EXPECT_EQ(catalogue_.page({}, "", 50).total, static_cast<std::uint32_t>(kRuns));
  EXPECT_THAT(names(running), ElementsAre("run-0"));
  EXPECT_EQ(names(needs).back(), "run-1");
  EXPECT_EQ(names(text).front(), "run-79999");
  EXPECT_EQ(catalogue_.with_history(summary(kRuns, schema::RUNNING, "often-7")).usual().runs(),
            50U);

  // From here on nobody walks through them all, however many look and whatever changes.
  const std::uint64_t before = catalogue_.walked();
  for (int turn = 1; turn <= 1'000; ++turn) {
    speaks.set_last_event_at_us(kStart + (kRuns + turn) * kSecond);
    tell(speaks);
    tell(summary(kRuns + turn, turn % 2 == 0 ? schema::FAILED : schema::QUEUED));
    for (const RunFilter& filter : {RunFilter{}, running, needs, text})
      catalogue_.page(filter, "", 50);
  }
  EXPECT_LT(catalogue_.walked() - before, 1'000U);
  EXPECT_EQ(names(needs).back(), "run-1");
  at(kStart + (kRuns + 2'000) * kSecond);
  EXPECT_EQ(names(needs).back(), "run-0");

  RunPage page = catalogue_.page(running, "", 200);
  EXPECT_EQ(page.total, 501U);
  std::vector<SummaryPtr> all = page.runs;
  while (!page.next_page.empty()) {
    page = catalogue_.page(running, page.next_page, 200);
    all.insert(all.end(), page.runs.begin(), page.runs.end());
  }
  EXPECT_EQ(all.size(), 501U);
  EXPECT_EQ(all.back()->name(), "run-0");
}

TEST(ListedRun, TextsAreCutAtTheBorderOfACharacter) {
  schema::RunSummary run;
  const std::string short_name(limits::kRunTextBytes, 'x');
  run.set_name(short_name);
  std::string hangul;
  while (hangul.size() < 500'000) hangul += "\uD55C";
  run.set_message(hangul);
  run.mutable_launch()->set_pipeline_file(hangul);
  shorten(run);
  EXPECT_EQ(run.name(), short_name);
  EXPECT_LE(run.message().size(), limits::kRunTextBytes);
  EXPECT_GE(run.message().size(), limits::kRunTextBytes - 3);
  EXPECT_TRUE(run.message().ends_with("\uD55C\u2026"));
  EXPECT_FALSE(run.has_launch());
}

}  // namespace
}  // namespace telltale::fold
