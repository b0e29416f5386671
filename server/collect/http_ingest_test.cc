#include "collect/http_ingest.h"

#include <gtest/gtest.h>

#include "collect/event_gate.h"
#include "log/memory_log.h"
#include "ports/faulty_log.h"
#include "runtime/sim_runtime.h"

namespace telltale::collect {
namespace {

class HttpIngestTest : public testing::Test {
 protected:
  ports::HttpResponse post(const std::string& body) {
    ports::HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/events";
    ports::HttpResponse answer;
    answer.status = 0;
    ingest_.handle(std::move(request), body,
                   [&](ports::HttpResponse told) { answer = std::move(told); });
    loop_.run_until_idle();
    return answer;
  }
  static std::string header(const ports::HttpResponse& answer, const std::string& name) {
    for (const auto& [key, value] : answer.headers) {
      if (key == name) return value;
    }
    return "";
  }

  const std::string event_ = "{\"id\":\"a\",\"run_key\":\"" +
                             make_run_key("test", "", "run", "").text() + "\",\"heartbeat\":{}}\n";
  runtime::SimRuntime loop_{1};
  log::MemoryLog kept_{loop_};
  ports::FaultyLog log_{kept_, loop_};
  Counters counters_;
  RejectedEvents rejected_{counters_};
  EventGate gate_{loop_, log_, counters_, rejected_};
  HttpIngest ingest_{loop_, loop_, gate_, counters_, rejected_};
};

TEST_F(HttpIngestTest, EventsAreTakenOnceTheLogHasThem) {
  EXPECT_EQ(post(event_).status, 200);
  EXPECT_EQ(counters_.get(Counter::events_accepted), 1U);
}

TEST_F(HttpIngestTest, WhileTheLogIsAwayTheSenderIsToldToComeBack) {
  log_.faults.fail_percent = 100;
  const ports::HttpResponse answer = post(event_);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(header(answer, "retry-after"), "1");
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_EQ(counters_.get(Counter::events_accepted), 0U);
  EXPECT_EQ(counters_.get(Counter::log_append_failures), 1U);
  log_.faults.fail_percent = 0;
  EXPECT_EQ(post(event_).status, 200);
}

TEST_F(HttpIngestTest, AFullDiskIsSaidAsSuch) {
  log_.faults.fail_percent = 100;
  log_.faults.error = {ErrorCode::storage_full, "The disk is full."};
  EXPECT_EQ(post(event_).status, 507);
}

// A line of less than the limit that is four times that in the log.
TEST_F(HttpIngestTest, WhatGrowsBeyondTheLogIsRefusedWithItsLineAndItsNeighboursAreTaken) {
  std::string zeros = "0";
  while (zeros.size() < 900'000) zeros += ",0";
  const std::string large = "{\"run_key\":\"" + make_run_key("test", "", "run", "").text() +
                            "\",\"metric_points\":{\"name\":\"n\",\"value\":[" + zeros + "]}}\n";
  const ports::HttpResponse answer = post(event_ + large + "rubbish\n" + event_);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("\"accepted\":2"), std::string::npos) << answer.body;
  const std::size_t second = answer.body.find("{\"line\":2,\"code\":\"too_large\"");
  EXPECT_NE(second, std::string::npos) << answer.body;
  EXPECT_GT(answer.body.find("{\"line\":3,\"code\":\"invalid_argument\""), second);
  EXPECT_EQ(counters_.get(Counter::events_rejected), 2U);
  EXPECT_EQ(counters_.get(Counter::events_accepted), 2U);
  EXPECT_EQ(post(large).status, 400);
}

}  // namespace
}  // namespace telltale::collect
