#include "keep/checkpoint.h"

#include <gtest/gtest.h>

namespace telltale::keep {
namespace {

RunKey run(const char* name) { return make_run_key("local", "", name, name); }

Checkpoint some_checkpoint() {
  Checkpoint checkpoint{9, 8, LogOffset{18'446'744'073'709'551'615U}, {}, 3, {}};
  checkpoint.archived.next = LogOffset{18'446'744'073'709'551'000U};
  checkpoint.archived.gaps = {{LogOffset{0}, LogOffset{7}}, {LogOffset{100}, LogOffset{103}}};
  checkpoint.runs[run("a")] = {{8, 1}, 0, 1'200};
  checkpoint.runs[run("b")] = {{9, 12}, 1'200, 3};
  return checkpoint;
}

TEST(Checkpoint, ComesBackAsItWas) {
  EXPECT_EQ(decode_checkpoint(encode_checkpoint(some_checkpoint())).value(), some_checkpoint());
  const Checkpoint empty{1, 1, LogOffset{0}, {}, 1, {}};
  EXPECT_EQ(decode_checkpoint(encode_checkpoint(empty)).value(), empty);
}

TEST(Checkpoint, EveryCutIsToldFromTheWhole) {
  const std::string bytes = encode_checkpoint(some_checkpoint());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_checkpoint(bytes.substr(0, length)).ok()) << length;
  EXPECT_FALSE(decode_checkpoint(bytes + "x").ok());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(decode_checkpoint(damaged).ok()) << at;
  }
}

TEST(Checkpoint, OfTheFormatBeforeNothingIsArchived) {
  const auto before = decode_checkpoint(
      "telltale checkpoint 2\ngeneration 9\nsince_generation 8\nnext 70\nfold_version 3\nruns 0\n");
  EXPECT_EQ(before.value(), (Checkpoint{9, 8, LogOffset{70}, {}, 3, {}}));
}

TEST(Checkpoint, WhatIsOfAnotherFormatIsNotTaken) {
  EXPECT_FALSE(decode_checkpoint("telltale checkpoint 1\nnext 1\nfold_version 1\n").ok());
  EXPECT_FALSE(decode_manifest("telltale manifest 2\nsnapshot 1-1\n").ok());
}

TEST(Manifest, ComesBackAsItWasAndIsToldFromACutOne) {
  const Manifest manifest{{12, 7}};
  const std::string bytes = encode_manifest(manifest);
  EXPECT_EQ(decode_manifest(bytes).value(), manifest);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_manifest(bytes.substr(0, length)).ok()) << length;
}

TEST(PackId, IsReadFromItsKey) {
  EXPECT_EQ(pack_key(3, {12, 7}), "partitions/3/packs/12-7");
  EXPECT_EQ(parse_pack_id("12-7"), (PackId{12, 7}));
  for (const char* text : {"", "12", "12-", "-7", "12-7x", "checkpoint"})
    EXPECT_FALSE(parse_pack_id(text).has_value()) << text;
}

}  // namespace
}  // namespace telltale::keep
