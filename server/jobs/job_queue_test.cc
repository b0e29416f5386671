#include "jobs/job_queue.h"

#include <gtest/gtest.h>

namespace telltale::jobs {
namespace {

using schema::JobEvent;
using schema::Visualization;

class JobQueueTest : public testing::Test {
 protected:
  JobEvent event(const std::string& job) {
    JobEvent event;
    event.set_job(job);
    event.set_happened_at_us(1'000 + static_cast<std::int64_t>(next_));
    return event;
  }
  void tell(const JobEvent& event) {
    told_.push_back(event);
    queue_.apply(event, LogOffset{next_++});
  }
  void want(const std::string& job, const std::string& run, const std::string& result = "") {
    JobEvent wanted = event(job);
    wanted.mutable_wanted()->set_type("custom");
    wanted.mutable_wanted()->set_run_key(run);
    wanted.mutable_wanted()->set_result_key(result.empty() ? job : result);
    tell(wanted);
  }
  void lease(const std::string& job, const std::string& lease) {
    JobEvent leased = event(job);
    leased.mutable_leased()->set_lease(lease);
    leased.mutable_leased()->set_worker("w");
    tell(leased);
  }
  void output(const std::string& job, const std::string& lease, std::uint32_t index,
              const std::string& object, bool append = false) {
    JobEvent told = event(job);
    told.mutable_output()->set_lease(lease);
    told.mutable_output()->set_index(index);
    told.mutable_output()->set_object(object);
    told.mutable_output()->set_bytes(10);
    told.mutable_output()->set_append(append);
    tell(told);
  }
  void done(const std::string& job, const std::string& lease, bool succeeded) {
    JobEvent told = event(job);
    told.mutable_done()->set_lease(lease);
    told.mutable_done()->set_succeeded(succeeded);
    tell(told);
  }
  void expire(const std::string& job, const std::string& lease) {
    JobEvent told = event(job);
    told.mutable_expired()->set_lease(lease);
    tell(told);
  }
  void cancel(const std::string& job) {
    JobEvent told = event(job);
    told.mutable_cancelled();
    tell(told);
  }
  void show(const std::string& job, const std::string& name, const std::string& object) {
    if (queue_.find(job) == nullptr) {
      JobEvent wanted = event(job);
      wanted.mutable_wanted()->set_type(std::string(kShownType));
      tell(wanted);
    }
    JobEvent told = event(job);
    told.mutable_output()->set_name(name);
    told.mutable_output()->set_object(object);
    told.mutable_output()->set_bytes(10);
    tell(told);
  }
  std::vector<std::string> waiting() const {
    std::vector<std::string> ids;
    for (const Job* job : queue_.waiting()) ids.push_back(job->id);
    return ids;
  }

  JobQueue queue_;
  std::vector<JobEvent> told_;
  std::uint64_t next_ = 0;
};

using Ids = std::vector<std::string>;

TEST_F(JobQueueTest, RunsTakeTurns) {
  for (const char* job : {"a1", "a2", "a3"}) want(job, "a");
  want("b1", "b");
  want("free", "");
  EXPECT_EQ(waiting(), (Ids{"a1", "b1", "free", "a2", "a3"}));
  lease("a1", "l1");
  EXPECT_EQ(waiting(), (Ids{"b1", "free", "a2", "a3"}));
  want("c1", "c");
  EXPECT_EQ(waiting(), (Ids{"b1", "free", "c1", "a2", "a3"}));
}

TEST_F(JobQueueTest, OfTwoLeasesTheFirstRecordWins) {
  want("a", "");
  lease("a", "first");
  lease("a", "second");
  EXPECT_EQ(queue_.find("a")->lease, "first");
  EXPECT_EQ(queue_.of_lease("second"), nullptr);
  done("a", "second", false);
  EXPECT_EQ(queue_.find("a")->state, Visualization::RUNNING);
  done("a", "first", true);
  EXPECT_EQ(queue_.find("a")->state, Visualization::SUCCEEDED);
  EXPECT_EQ(queue_.open_jobs(), 0U);
  EXPECT_EQ(queue_.open_bytes(), 0U);
}

TEST_F(JobQueueTest, APartIsReplacedOrGrows) {
  want("a", "");
  lease("a", "l");
  output("a", "l", 0, "o1");
  output("a", "l", 0, "o2");
  output("a", "l", 1, "o3");
  output("a", "l", 1, "o4", true);
  EXPECT_EQ(queue_.take_dropped(), Ids{"o1"});
  const Job& job = *queue_.find("a");
  EXPECT_EQ(job.parts.at(0).bytes, 10U);
  EXPECT_EQ(job.parts.at(1).bytes, 20U);
  EXPECT_EQ(job.output_bytes(), 30U);
  const Visualization view = view_of(job, 0);
  ASSERT_EQ(view.parts_size(), 2);
  EXPECT_EQ(view.parts(0).url(), "/api/v1/visualizations/a/parts/0?version=3");
}

TEST_F(JobQueueTest, ALostWorkersJobBeginsAgainAndFailsInTheEnd) {
  want("a", "");
  lease("a", "l1");
  output("a", "l1", 0, "o1");
  expire("a", "l1");
  EXPECT_EQ(waiting(), Ids{"a"});
  EXPECT_EQ(queue_.take_dropped(), Ids{"o1"});
  output("a", "l1", 0, "late");
  EXPECT_EQ(queue_.take_dropped(), Ids{"late"});
  EXPECT_TRUE(queue_.find("a")->parts.empty());
  lease("a", "l2");
  expire("a", "l1");
  EXPECT_EQ(queue_.find("a")->state, Visualization::RUNNING);
  expire("a", "l2");
  lease("a", "l3");
  expire("a", "l3");
  EXPECT_EQ(queue_.find("a")->state, Visualization::FAILED);
  EXPECT_NE(queue_.find("a")->message.find("lost 3 times"), std::string::npos);
}

TEST_F(JobQueueTest, WhatIsCancelledStaysCancelled) {
  want("a", "");
  lease("a", "l");
  cancel("a");
  done("a", "l", true);
  EXPECT_EQ(queue_.find("a")->state, Visualization::CANCELLED);
  EXPECT_EQ(queue_.of_lease("l"), queue_.find("a"));
}

TEST_F(JobQueueTest, TheSameInputsAreFoundUntilTheyFail) {
  want("a", "", "key");
  EXPECT_EQ(queue_.of_result("key")->id, "a");
  lease("a", "l");
  done("a", "l", true);
  EXPECT_EQ(queue_.of_result("key")->id, "a");
  want("b", "", "key");
  EXPECT_EQ(queue_.of_result("key")->id, "b");
  cancel("b");
  EXPECT_EQ(queue_.of_result("key"), nullptr);
}

TEST_F(JobQueueTest, TheOldestEndedJobsGoWithTheirObjects) {
  for (std::size_t i = 0; i <= kEndedJobs; ++i) {
    const std::string id = std::to_string(i);
    want(id, "");
    lease(id, "l" + id);
    output(id, "l" + id, 0, "o" + id);
    done(id, "l" + id, true);
  }
  EXPECT_EQ(queue_.find("0"), nullptr);
  EXPECT_EQ(queue_.of_lease("l0"), nullptr);
  EXPECT_NE(queue_.find("1"), nullptr);
  EXPECT_EQ(queue_.all().size(), kEndedJobs);
  EXPECT_EQ(queue_.take_dropped(), Ids{"o0"});
}

TEST_F(JobQueueTest, WhatAStepShowsHasAPlaceByItsName) {
  show("a", "plot", "o1");
  show("a", "", "o2");
  show("a", "", "o3");
  show("a", "plot", "o4");
  show("a", "", "o3");  // told again
  EXPECT_EQ(queue_.take_dropped(), Ids{"o1"});
  const Job& job = *queue_.find("a");
  EXPECT_EQ(job.state, Visualization::SUCCEEDED);
  ASSERT_EQ(job.parts.size(), 3U);
  EXPECT_EQ(job.parts.at(0).pieces.at(0).object, "o4");
  EXPECT_EQ(job.parts.at(1).pieces.at(0).object, "o2");
  EXPECT_EQ(job.parts.at(2).pieces.at(0).object, "o3");
  EXPECT_EQ(waiting(), Ids{});
  EXPECT_EQ(queue_.open_jobs(), 0U);
  lease("a", "l");
  cancel("a");
  EXPECT_EQ(job.state, Visualization::SUCCEEDED);
  EXPECT_EQ(queue_.of_lease("l"), nullptr);
}

TEST_F(JobQueueTest, AStepShowsAsManyPartsAsAnyJob) {
  for (std::uint32_t i = 0; i <= kParts; ++i) show("a", "", "o" + std::to_string(i));
  EXPECT_EQ(queue_.find("a")->parts.size(), kParts);
  EXPECT_EQ(queue_.take_dropped(), Ids{"o" + std::to_string(kParts)});
}

TEST_F(JobQueueTest, WhatAStepShowsStaysAsLongAsItIsNew) {
  show("shown", "plot", "s0");
  for (std::size_t i = 0; i < kEndedJobs; ++i) {
    const std::string id = std::to_string(i);
    if (i == 10) show("shown", "plot", "s1");
    want(id, "");
    cancel(id);
  }
  EXPECT_EQ(queue_.find("0"), nullptr);
  ASSERT_NE(queue_.find("shown"), nullptr);
  EXPECT_EQ(queue_.take_dropped(), Ids{"s0"});
}

TEST_F(JobQueueTest, FoldedAgainItIsTheSame) {
  want("a", "r");
  want("b", "r");
  lease("a", "l1");
  output("a", "l1", 3, "o1");
  expire("a", "l1");
  lease("a", "l2");
  output("a", "l2", 3, "o2");
  JobQueue again;
  for (std::size_t i = 0; i < told_.size(); ++i) again.apply(told_[i], LogOffset{i});
  for (const char* id : {"a", "b"}) {
    EXPECT_EQ(view_of(*again.find(id), 0).SerializeAsString(),
              view_of(*queue_.find(id), 0).SerializeAsString());
  }
}

}  // namespace
}  // namespace telltale::jobs
