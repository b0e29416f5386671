#include "ports/store_contract_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "ports/faulty_store.h"
#include "store/directory_store.h"
#include "store/memory_store.h"

namespace telltale::ports {
namespace {

std::shared_ptr<Store> memory_store(Runtime&) { return std::make_shared<store::MemoryStore>(); }

std::shared_ptr<Store> directory_store(Runtime&) {
  struct Kept {
    TemporaryFolder folder;
    std::unique_ptr<store::DirectoryStore> store;
  };
  auto kept = std::make_shared<Kept>();
  kept->store = store::DirectoryStore::open(kept->folder.path() + "/objects").take();
  return {kept, kept->store.get()};
}

std::shared_ptr<Store> faulty_store(Runtime& loop) {
  struct Kept {
    explicit Kept(Runtime& loop) : store(inner, loop) {}
    store::MemoryStore inner;
    FaultyStore store;
  };
  auto kept = std::make_shared<Kept>(loop);
  return {kept, &kept->store};
}

const auto kLocalStores =
    testing::Values(StoreMaker{"Memory", memory_store}, StoreMaker{"Directory", directory_store},
                    StoreMaker{"FaultyWithoutFaults", faulty_store});
INSTANTIATE_TEST_SUITE_P(Every, StoreContract, kLocalStores, name_of_store);
INSTANTIATE_TEST_SUITE_P(Every, StoreFolderContract, kLocalStores, name_of_store);

TEST(DirectoryStore, KeepsItsObjectsAndTheirEtagsOverAReopen) {
  const TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  std::string etag;
  {
    const auto store = store::DirectoryStore::open(folder.path()).take();
    etag = StoreAsker(loop, *store).put("runs/a", "one").take();
  }
  const auto store = store::DirectoryStore::open(folder.path()).take();
  StoreAsker asker(loop, *store);
  EXPECT_EQ(asker.get("runs/a")->bytes, "one");
  EXPECT_EQ(asker.get("runs/a")->etag, etag);
  EXPECT_TRUE(asker.put("runs/a", "two", Condition::matches(etag)).ok());
}

TEST(DirectoryStore, WhatAnInterruptedPutLeftIsNoObjectAndIsReplaced) {
  const TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  const auto store = store::DirectoryStore::open(folder.path()).take();
  StoreAsker asker(loop, *store);
  ASSERT_TRUE(asker.put("a", "old").ok());
  std::ofstream(folder.path() + "/a~") << "ha";
  std::ofstream(folder.path() + "/b~") << "ha";
  EXPECT_EQ(*asker.list(""), (std::vector<ObjectInfo>{{"a", 3}}));
  EXPECT_EQ(asker.get("a")->bytes, "old");
  ASSERT_TRUE(asker.put("a", "new").ok());
  EXPECT_EQ(asker.get("a")->bytes, "new");
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/a~"));
}

TEST(DirectoryStore, WhatUploadsWroteIsGoneWhenTheyAreAndAtTheNextStart) {
  const TemporaryFolder folder;
  const std::string uploads = folder.path() + "/uploads~";
  runtime::AsioRuntime loop("test");
  std::filesystem::create_directory(uploads);
  std::ofstream(uploads + "/7~") << "of a process that was killed";
  {
    const auto store = store::DirectoryStore::open(folder.path()).take();
    EXPECT_FALSE(std::filesystem::exists(uploads));
    StoreAsker asker(loop, *store);
    auto upload = asker.started_upload("a", "one");
    EXPECT_EQ(std::filesystem::file_size(uploads + "/0~"), 3U);
    EXPECT_TRUE(asker.list("")->empty());
    upload.reset();
    ASSERT_TRUE(asker.commit(*asker.started_upload("b", "two")).ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(uploads));
}

TEST(DirectoryStore, ReadersDoNotWaitForPuts) {
  const TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  const auto store = store::DirectoryStore::open(folder.path()).take();
  StoreAsker asker(loop, *store);
  ASSERT_TRUE(asker.put("there", "bytes").ok());
  // A pipe where the put wants to write: it hangs until somebody reads.
  const std::string pipe = folder.path() + "/stuck~";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  auto stuck = asker.start_put("stuck", "bytes");
  EXPECT_EQ(asker.get("there")->bytes, "bytes");
  EXPECT_EQ(*asker.list(""), (std::vector<ObjectInfo>{{"there", 5}}));
  const int reader = ::open(pipe.c_str(), O_RDONLY);
  char bytes[8];
  EXPECT_EQ(::read(reader, bytes, sizeof(bytes)), 5);
  EXPECT_FALSE(stuck.get().ok());  // a pipe cannot be synced
  ::close(reader);
  EXPECT_EQ(asker.get("stuck").error().code, ErrorCode::not_found);
  EXPECT_TRUE(asker.put("stuck", "bytes").ok());
}

TEST(DirectoryStore, NoEtagComesBackHoweverFastObjectsChange) {
  const TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  const auto store = store::DirectoryStore::open(folder.path()).take();
  StoreAsker asker(loop, *store);
  std::set<std::string> etags;
  for (int i = 0; i < 200; ++i) {
    etags.insert(asker.put("a", i % 2 == 0 ? "even" : "odd!").take());
    if (i % 3 == 0) {
      ASSERT_TRUE(asker.remove("a").ok());
    }
  }
  EXPECT_EQ(etags.size(), 200U);
}

TEST(DirectoryStore, AReaderOfTheFileSeesOneObjectOrTheOtherWhole) {
  const TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  const auto store = store::DirectoryStore::open(folder.path()).take();
  StoreAsker asker(loop, *store);
  const std::string even(100'000, 'e');
  const std::string odd(50'000, 'o');
  ASSERT_TRUE(asker.put("a", even).ok());
  std::vector<std::future<Result<std::string>>> puts;
  for (int i = 0; i < 40; ++i) puts.push_back(asker.start_put("a", i % 2 == 0 ? odd : even));
  for (auto& put : puts) {
    std::ifstream file(folder.path() + "/a", std::ios::binary);
    const std::string seen{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(seen == even || seen == odd) << seen.size();
    EXPECT_TRUE(put.get().ok());
  }
}

}  // namespace
}  // namespace telltale::ports
