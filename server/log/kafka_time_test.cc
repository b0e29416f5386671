#include "log/kafka_time.h"

#include <gtest/gtest.h>

namespace telltale::log {
namespace {

TEST(KafkaTime, KeepsEveryMicrosecond) {
  EXPECT_EQ(to_rfc3339(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(-7), "1969-12-31T23:59:59.999993Z");
  EXPECT_EQ(to_rfc3339(1'795'576'456'571'106), "2026-11-25T03:14:16.571106Z");
  for (const std::int64_t us :
       {std::int64_t{0}, std::int64_t{-7}, std::int64_t{951'782'400'000'001},
        std::int64_t{1'795'576'456'571'106}}) {
    EXPECT_EQ(from_rfc3339(to_rfc3339(us)), us);
  }
}

TEST(KafkaTime, WhatIsOutsideItsYearsIsMovedToTheirEnds) {
  EXPECT_EQ(to_rfc3339(INT64_MAX), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_rfc3339(INT64_MIN), "0000-01-01T00:00:00.000000Z");
}

TEST(KafkaTime, OtherFormsAreNotRead) {
  for (const char* text : {"", "2026-11-25T03:14:16Z", "2026-11-25T03:14:16.571106+",
                           "2026-02-30T00:00:00.000000Z", "2026-11-25T24:00:00.000000Z",
                           "2026-11-25T03:14:1x.571106Z", "2026-11-25 03:14:16.571106Z"}) {
    EXPECT_EQ(from_rfc3339(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace telltale::log
