#include "net/transfer.h"

#include <gtest/gtest.h>

#include "runtime/sim_runtime.h"

namespace telltale::net {
namespace {

constexpr std::size_t kWindow = 100;

class TransferTest : public testing::Test {
 protected:
  // What is read; "waits" where there is nothing yet. `goes_on_`: whether the sender may.
  std::string read(std::size_t most = 1'000) {
    std::string read = "waits";
    goes_on_ = transfer_.read(most, {loop_, [&](Result<std::string> piece) {
                                       read = piece.ok() ? *piece : piece.error().message;
                                     }});
    loop_.run_until_idle();
    return read;
  }

  runtime::SimRuntime loop_{1};
  Transfer transfer_{kWindow};
  bool goes_on_ = false;
};

TEST_F(TransferTest, AReaderThatDoesNotReadStopsTheSender) {
  EXPECT_TRUE(transfer_.take(std::string(60, 'a')));
  EXPECT_FALSE(transfer_.take(std::string(60, 'b')));
  EXPECT_TRUE(transfer_.is_held_up());
  EXPECT_EQ(read(5), "aaaaa");
  EXPECT_FALSE(goes_on_);  // half of the window is still full
  EXPECT_EQ(read(5), "aaaaa");
  EXPECT_TRUE(goes_on_);
  EXPECT_FALSE(transfer_.is_held_up());
  EXPECT_FALSE(transfer_.take(std::string(60, 'b')));
  EXPECT_EQ(read(), std::string(50, 'a'));
  EXPECT_TRUE(goes_on_);
  EXPECT_TRUE(transfer_.take(std::string(60, 'b')));
  transfer_.end(Done{});
  EXPECT_EQ(read(), std::string(60, 'b'));
  EXPECT_EQ(read(), "");
}

TEST_F(TransferTest, APieceThatIsLargerThanTheWindowPassesWhereNothingElseWaits) {
  EXPECT_TRUE(transfer_.take(std::string(3 * kWindow, 'a')));
  EXPECT_FALSE(transfer_.take("b"));
  EXPECT_EQ(read().size(), 3 * kWindow);
  EXPECT_TRUE(goes_on_);
}

TEST_F(TransferTest, WhatCameBeforeAnErrorIsReadBeforeIt) {
  EXPECT_TRUE(transfer_.take("first"));
  transfer_.end(Error{ErrorCode::unavailable, "cut"});
  EXPECT_EQ(read(), "first");
  EXPECT_EQ(read(), "cut");
}

TEST_F(TransferTest, NothingIsAnsweredOnceItIsDropped) {
  bool answered = false;
  transfer_.read(10, {loop_, [&](Result<std::string>) { answered = true; }});
  transfer_.drop();
  EXPECT_TRUE(transfer_.take("bytes"));  // to nobody
  transfer_.end(Done{});
  loop_.run_until_idle();
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace telltale::net
