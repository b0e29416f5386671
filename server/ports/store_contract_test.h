// What ports/store.h promises, for every implementation: instantiate StoreContract with makers of
// them, and StoreFolderContract with those of local ones. Included by one .cc of a test program.
// Calls are made on a loop, answers awaited on the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "ports/store_asker_test.h"
#include "runtime/asio_runtime.h"

namespace telltale::ports {

struct StoreMaker {
  std::string name;
  std::function<std::shared_ptr<Store>(Runtime& loop)> make;
};

// For gtest's messages and names.
inline void PrintTo(const StoreMaker& maker, std::ostream* out) { *out << maker.name; }
inline std::string name_of_store(const testing::TestParamInfo<StoreMaker>& info) {
  return info.param.name;
}

class StoreContract : public testing::TestWithParam<StoreMaker> {
 protected:
  ~StoreContract() override {
    asker_.close();
    loop_.join();
  }

  std::vector<std::string> keys(std::string prefix, std::string after = "",
                                std::size_t limit = 1'000) {
    std::vector<std::string> found;
    const auto listed = asker_.list(std::move(prefix), std::move(after), limit);
    for (const ObjectInfo& object : listed.value()) found.push_back(object.key);
    return found;
  }

  runtime::AsioRuntime loop_{"contract"};
  std::shared_ptr<Store> store_ = GetParam().make(loop_);
  StoreAsker asker_{loop_, *store_};
};

TEST_P(StoreContract, WhatWasPutIsGotWhole) {
  for (const std::string& bytes :
       {std::string("\0a\xff\n", 4), std::string(), std::string(3U << 20, '\xa5')}) {
    const auto etag = asker_.put("runs/a", bytes);
    ASSERT_TRUE(etag.ok());
    const auto got = asker_.get("runs/a");
    ASSERT_TRUE(got.ok());
    EXPECT_TRUE(got->bytes == bytes);
    EXPECT_EQ(got->size, bytes.size());
    EXPECT_EQ(got->etag, *etag);
  }
}

TEST_P(StoreContract, TheEtagChangesWithTheBytes) {
  const auto first = asker_.put("a", "one");
  const auto second = asker_.put("a", "two");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(*first, *second);
}

TEST_P(StoreContract, AbsentPutsOnlyWhereNothingIs) {
  ASSERT_TRUE(asker_.put("a", "one", Condition::absent()).ok());
  EXPECT_EQ(asker_.put("a", "two", Condition::absent()).error().code,
            ErrorCode::precondition_failed);
  EXPECT_EQ(asker_.get("a")->bytes, "one");
  ASSERT_TRUE(asker_.remove("a").ok());
  EXPECT_TRUE(asker_.put("a", "two", Condition::absent()).ok());
}

TEST_P(StoreContract, MatchesPutsOnlyOverThatObject) {
  const auto one = asker_.put("a", "one");
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE(asker_.put("a", "two", Condition::matches(*one)).ok());
  EXPECT_EQ(asker_.put("a", "three", Condition::matches(*one)).error().code,
            ErrorCode::precondition_failed);
  EXPECT_EQ(asker_.put("b", "three", Condition::matches(*one)).error().code,
            ErrorCode::precondition_failed);
  EXPECT_EQ(asker_.get("a")->bytes, "two");
  EXPECT_EQ(asker_.get("b").error().code, ErrorCode::not_found);
}

TEST_P(StoreContract, OfManyConditionalPutsAtOnceOneWins) {
  const auto first = asker_.put("old", "old");
  ASSERT_TRUE(first.ok());
  for (const auto& [key, condition] :
       {std::pair<std::string, Condition>{"new", Condition::absent()},
        std::pair<std::string, Condition>{"old", Condition::matches(*first)}}) {
    std::vector<std::future<Result<std::string>>> answers;
    for (int i = 0; i < 20; ++i)
      answers.push_back(asker_.start_put(key, "of " + std::to_string(i), condition));
    std::vector<int> winners;
    for (int i = 0; i < 20; ++i) {
      const auto answer = answers[static_cast<std::size_t>(i)].get();
      if (answer.ok()) {
        winners.push_back(i);
      } else {
        EXPECT_EQ(answer.error().code, ErrorCode::precondition_failed);
      }
    }
    ASSERT_EQ(winners.size(), 1U);
    EXPECT_EQ(asker_.get(key)->bytes, "of " + std::to_string(winners[0]));
  }
}

TEST_P(StoreContract, PiecesOfAnUploadAreOneObject) {
  std::string all;
  auto upload = asker_.started_upload("runs/a", "");
  // Small ones, none, and more than any part an adapter may cut them into.
  for (const std::size_t size : {1U, 0U, 100'000U, 20U << 20, 3U, (16U << 20) - 100'004U, 5U}) {
    std::string piece(size, static_cast<char>('a' + all.size() % 23));
    if (!piece.empty()) piece.back() = '\n';
    all += piece;
    ASSERT_TRUE(asker_.write(*upload, std::move(piece)).ok());
  }
  EXPECT_EQ(asker_.get("runs/a").error().code, ErrorCode::not_found);
  const auto etag = asker_.commit(*upload);
  ASSERT_TRUE(etag.ok());
  const auto got = asker_.get("runs/a");
  EXPECT_TRUE(got->bytes == all);
  EXPECT_EQ(got->size, all.size());
  EXPECT_EQ(got->etag, *etag);
  EXPECT_TRUE(asker_.get("runs/a", {(20U << 20) - 5, 1'000})->bytes ==
              all.substr((20U << 20) - 5, 1'000));
  EXPECT_TRUE(asker_.put("runs/a", "new", Condition::matches(*etag)).ok());
}

TEST_P(StoreContract, AnUploadOfNothingIsAnEmptyObject) {
  for (const char* key : {"a", "b"}) {
    auto upload = asker_.started_upload(key, "");
    ASSERT_TRUE(asker_.commit(*upload).ok());
    EXPECT_EQ(asker_.get(key)->size, 0U);
  }
}

TEST_P(StoreContract, OfAnUploadThatIsNotCommittedNothingStays) {
  for (const std::size_t size : {std::size_t{3}, std::size_t{20} << 20}) {
    const std::string bytes(size, 'x');
    ASSERT_TRUE(asker_.put("old", "old").ok());
    auto aborted = asker_.started_upload("old", bytes);
    auto dropped = asker_.started_upload("new", bytes);
    EXPECT_TRUE(asker_.abort(*aborted).ok());
    aborted.reset();
    dropped.reset();
    EXPECT_EQ(asker_.get("old")->bytes, "old");
    EXPECT_EQ(asker_.get("new").error().code, ErrorCode::not_found);
    EXPECT_EQ(keys(""), std::vector<std::string>{"old"});
  }
}

TEST_P(StoreContract, ConditionsHoldForUploadsToo) {
  for (const std::size_t size : {std::size_t{3}, std::size_t{20} << 20}) {
    const std::string bytes(size, 'x');
    const auto commit = [&](const std::string& key, Condition condition) {
      return asker_.commit(*asker_.started_upload(key, bytes), std::move(condition));
    };
    ASSERT_TRUE(asker_.remove("a").ok());
    const auto first = commit("a", Condition::absent());
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(commit("a", Condition::absent()).error().code, ErrorCode::precondition_failed);
    const auto second = asker_.put("a", "two", Condition::matches(*first));
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(commit("a", Condition::matches(*first)).error().code, ErrorCode::precondition_failed);
    EXPECT_EQ(asker_.get("a")->bytes, "two");
    EXPECT_TRUE(commit("a", Condition::matches(*second)).ok());
    EXPECT_EQ(asker_.get("a")->size, size);
    EXPECT_EQ(commit("none", Condition::matches(*first)).error().code,
              ErrorCode::precondition_failed);
  }
}

TEST_P(StoreContract, OfUploadsAndPutsAtOnceOneWins) {
  std::vector<std::shared_ptr<Upload>> uploads;
  for (int i = 0; i < 4; ++i) {
    const std::size_t size = i % 2 == 0 ? 3U : 17U << 20;
    uploads.push_back(asker_.started_upload("a", std::string(size, 'u')));
  }
  std::vector<std::future<Result<std::string>>> answers;
  for (const auto& upload : uploads) {
    answers.push_back(asker_.start_commit(*upload, Condition::absent()));
    answers.push_back(asker_.start_put("a", "put", Condition::absent()));
  }
  std::vector<std::string> etags;
  for (auto& answer : answers) {
    const Result<std::string> etag = answer.get();
    if (etag.ok()) {
      etags.push_back(*etag);
    } else {
      EXPECT_EQ(etag.error().code, ErrorCode::precondition_failed);
    }
  }
  ASSERT_EQ(etags.size(), 1U);
  EXPECT_EQ(asker_.get("a")->etag, etags[0]);
}

TEST_P(StoreContract, ListGivesByteOrderAfterAndLimit) {
  EXPECT_TRUE(keys("").empty());
  for (const char* key :
       {"runs/b/x", "runs/b-x", "runs/B", "runs/a", "runs/b.x", "other/a", "runsx"})
    ASSERT_TRUE(asker_.put(key, key).ok());
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys("runs/"), (Keys{"runs/B", "runs/a", "runs/b-x", "runs/b.x", "runs/b/x"}));
  EXPECT_EQ(keys("runs/b"), (Keys{"runs/b-x", "runs/b.x", "runs/b/x"}));
  EXPECT_EQ(keys("runs/", "runs/a", 2), (Keys{"runs/b-x", "runs/b.x"}));
  EXPECT_EQ(keys("runs/", "runs/aa", 1), (Keys{"runs/b-x"}));
  EXPECT_EQ(keys("", "", 2), (Keys{"other/a", "runs/B"}));
  EXPECT_EQ(keys("ru").size(), 6U);
  EXPECT_TRUE(keys("none/").empty());
  EXPECT_TRUE(keys("runs/", "runs/z").empty());
  EXPECT_EQ(*asker_.list("runs/a"), (std::vector<ObjectInfo>{{"runs/a", 6}}));
}

TEST_P(StoreContract, ARangeIsCutAtTheEnd) {
  ASSERT_TRUE(asker_.put("a", "0123456789").ok());
  const auto bytes = [&](ByteRange range) {
    const auto got = asker_.get("a", range);
    EXPECT_EQ(got->size, 10U);
    return got->bytes;
  };
  EXPECT_EQ(bytes({2, 3}), "234");
  EXPECT_EQ(bytes({7, std::nullopt}), "789");
  EXPECT_EQ(bytes({8, 100}), "89");
  EXPECT_EQ(bytes({0, 0}), "");
  EXPECT_EQ(bytes({10, 1}), "");
  EXPECT_EQ(bytes({1'000, std::nullopt}), "");
}

TEST_P(StoreContract, RemoveOfWhatIsNotThereSucceeds) {
  EXPECT_TRUE(asker_.remove("runs/none").ok());
  ASSERT_TRUE(asker_.put("runs/a", "a").ok());
  EXPECT_TRUE(asker_.remove("runs").ok());
  EXPECT_TRUE(asker_.remove("runs/a/b").ok());
  EXPECT_EQ(asker_.get("runs/a")->bytes, "a");
  EXPECT_TRUE(asker_.remove("runs/a").ok());
  EXPECT_TRUE(asker_.remove("runs/a").ok());
  EXPECT_EQ(asker_.get("runs/a").error().code, ErrorCode::not_found);
  EXPECT_EQ(asker_.get("runs").error().code, ErrorCode::not_found);
  EXPECT_TRUE(keys("").empty());
}

// For stores that refuse a key which is the folder of another one.
class StoreFolderContract : public StoreContract {};

TEST_P(StoreFolderContract, NoKeyIsTheFolderOfAnotherWhileThatIsThere) {
  ASSERT_TRUE(asker_.put("runs/a", "a").ok());
  ASSERT_TRUE(asker_.put("packs/b/c", "c").ok());
  for (const char* key : {"runs", "runs/a/b", "runs/a/b/c", "packs/b", "packs"}) {
    EXPECT_EQ(asker_.put(key, "x").error().code, ErrorCode::invalid_argument) << key;
    EXPECT_EQ(asker_.commit(*asker_.started_upload(key, "x")).error().code,
              ErrorCode::invalid_argument)
        << key;
    EXPECT_EQ(asker_.get(key).error().code, ErrorCode::not_found) << key;
  }
  EXPECT_EQ(keys(""), (std::vector<std::string>{"packs/b/c", "runs/a"}));
  ASSERT_TRUE(asker_.remove("packs/b/c").ok());
  ASSERT_TRUE(asker_.remove("runs/a").ok());
  ASSERT_TRUE(asker_.put("packs", "p").ok());
  ASSERT_TRUE(asker_.put("runs/a/b", "b").ok());
  EXPECT_EQ(keys(""), (std::vector<std::string>{"packs", "runs/a/b"}));
}

TEST_P(StoreContract, OnlyKeysOfTheRuleAreTaken) {
  std::string longest;
  while (longest.size() < 510) longest += "a/";
  longest += "bc";
  ASSERT_EQ(longest.size(), 512U);
  for (const std::string& key : {std::string("A-z_0.9"), std::string("..."), longest,
                                 std::string(240, 'a'), std::string("a.tmp")}) {
    EXPECT_TRUE(asker_.put(key, "bytes").ok()) << key;
    EXPECT_EQ(asker_.get(key)->bytes, "bytes");
    EXPECT_EQ(keys(key.substr(0, key.size() - 1)), std::vector<std::string>{key});
    EXPECT_TRUE(asker_.remove(key).ok());
  }
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string("a/.."), std::string("../a"), std::string("a b"), std::string("a~"),
        std::string("\xc3\xa4"), std::string("a\0", 2), longest + "d", std::string(241, 'a')}) {
    EXPECT_EQ(asker_.put(key, "bytes").error().code, ErrorCode::invalid_argument) << key;
    EXPECT_EQ(asker_.commit(*asker_.upload(key)).error().code, ErrorCode::invalid_argument) << key;
    EXPECT_EQ(asker_.get(key).error().code, ErrorCode::invalid_argument) << key;
    EXPECT_EQ(asker_.remove(key).error().code, ErrorCode::invalid_argument) << key;
  }
}

TEST_P(StoreContract, CloseAnswersWhatIsUnderWayAndThenClosed) {
  const auto ready = asker_.started_upload("b", "one");
  const auto late = asker_.started_upload("c", "one");
  auto accepted = asker_.start_put("a", "one");
  auto committed = asker_.start_commit(*ready);
  asker_.close();
  asker_.close();
  EXPECT_TRUE(accepted.get().ok());
  EXPECT_TRUE(committed.get().ok());
  EXPECT_EQ(asker_.commit(*late).error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.put("a", "two").error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.get("a").error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.list("").error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.remove("a").error().code, ErrorCode::closed);
}

}  // namespace telltale::ports
