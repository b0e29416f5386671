#include "fold/kfp_tasks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "fold/run_view.h"
#include "fold/snapshot.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

const RunKey kKey = *RunKey::parse("abcdefghijklmnopqrstuvwx23");

schema::WorkflowTemplate& add_template(schema::Workflow& workflow, const std::string& name,
                                       schema::WorkflowTemplate::Kind kind) {
  schema::WorkflowTemplate& added = *workflow.mutable_templates()->add_templates();
  added.set_name(name);
  added.set_kind(kind);
  return added;
}

void add_task(schema::WorkflowTemplate& to, const std::string& name, const std::string& of,
              const std::vector<std::string>& depends_on = {}, bool loop = false) {
  schema::TemplateTask& task = *to.add_tasks();
  task.set_name(name);
  task.set_template_(of);
  for (const std::string& other : depends_on) task.add_depends_on(other);
  task.set_loop(loop);
}

schema::Event workflow(std::uint64_t version, const std::string& phase) {
  schema::Event event;
  event.set_run_key(kKey.text());
  schema::Workflow& told = *event.mutable_workflow();
  told.set_version(version);
  told.set_name("wf");
  told.set_uid("u");
  told.set_phase(phase);
  return event;
}

// a, then a loop over b.
schema::Event plain_workflow(std::uint64_t version, const std::string& phase) {
  schema::Event event = workflow(version, phase);
  schema::Workflow& told = *event.mutable_workflow();
  told.mutable_templates()->set_entrypoint("main");
  schema::WorkflowTemplate& main = add_template(told, "main", schema::WorkflowTemplate::DAG);
  add_task(main, "a", "leaf");
  add_task(main, "each", "leaf", {"a"}, true);
  add_template(told, "leaf", schema::WorkflowTemplate::LEAF);
  return event;
}

schema::Event node(std::uint64_t version, const std::string& id, const std::string& name,
                   const std::string& type, const std::string& phase,
                   const std::string& boundary = "wf") {
  schema::Event event;
  event.set_run_key(kKey.text());
  schema::SourceNode& told = *event.mutable_source_node();
  told.set_version(version);
  told.set_source_id(id);
  told.set_name(name);
  told.set_type(type);
  told.set_source_phase(phase);
  if (id != boundary) told.set_boundary(boundary);
  return event;
}

schema::Event pod(std::uint64_t version, const std::string& node_id, const std::string& reason) {
  schema::Event event;
  event.set_run_key(kKey.text());
  schema::SourcePod& told = *event.mutable_source_pod();
  told.set_version(version);
  told.set_uid("pod of " + node_id);
  told.set_node_id(node_id);
  told.set_phase("Pending");
  schema::SourceContainer& container = *told.add_containers();
  container.set_name("main");
  container.set_state("waiting");
  container.set_reason(reason);
  container.set_message("back-off");
  return event;
}

class KfpTasksTest : public testing::Test {
 protected:
  void tell(const schema::Event& event) { view_.apply(LogOffset{next_++}, event); }
  const Task& task(const std::string& path) {
    const Task* found = view_.task_by_path(path);
    EXPECT_NE(found, nullptr) << path;
    static const Task none;
    return found == nullptr ? none : *found;
  }

  RunView view_{kKey};
  std::uint64_t next_ = 0;
};

TEST_F(KfpTasksTest, TasksToComeStandThereBeforeAnyNode) {
  tell(plain_workflow(1, ""));
  EXPECT_EQ(task("a").state, State::pending);
  EXPECT_EQ(task("each").kind, TaskKind::loop);
  EXPECT_EQ(task("each").depends_on, std::vector<std::string>{"a"});
  EXPECT_EQ(view_.header().state, State::pending);
}

TEST_F(KfpTasksTest, ItemsOfALoopAreNamed) {
  tell(plain_workflow(1, "Running"));
  tell(node(2, "wf", "wf", "DAG", "Running"));
  tell(node(3, "e1", "wf.each(1:two(2))", "Pod", "Running"));
  EXPECT_EQ(task("each/1").item, "two(2)");
  EXPECT_EQ(task("each/1").index, 1);
  EXPECT_EQ(task("each/1").parent, "each");
  EXPECT_EQ(task("each").state, State::running);
  tell(node(4, "e1", "wf.each(1:two(2))", "Pod", "Succeeded"));
  EXPECT_EQ(task("each").state, State::succeeded);
  // A node for the loop as such is what counts where there is one.
  tell(node(5, "each", "wf.each", "TaskGroup", "Running"));
  EXPECT_EQ(task("each").state, State::running);
}

TEST_F(KfpTasksTest, APodSaysWhyItsTaskWaits) {
  tell(plain_workflow(1, "Running"));
  tell(node(2, "wf", "wf", "DAG", "Running"));
  tell(node(3, "a", "wf.a", "Pod", "Running"));
  EXPECT_EQ(task("a").state, State::running);
  tell(pod(4, "a", "ImagePullBackOff"));
  EXPECT_EQ(task("a").state, State::queued);
  EXPECT_EQ(task("a").message, "ImagePullBackOff: back-off");
  EXPECT_EQ(task("a").started_at_us, 0);
}

TEST_F(KfpTasksTest, WhatHadNotBegunWhenTheRunEndedIsSkippedUntilItRunsAgain) {
  tell(plain_workflow(1, "Running"));
  tell(node(2, "wf", "wf", "DAG", "Running"));
  tell(node(3, "a", "wf.a", "Pod", "Failed"));
  tell(workflow(4, "Failed"));
  EXPECT_EQ(task("each").state, State::skipped);
  EXPECT_EQ(view_.header().state, State::failed);
  schema::Event gone = node(5, "a", "", "", "");
  gone.mutable_source_node()->set_removed(true);
  tell(gone);
  tell(workflow(6, "Running"));
  EXPECT_EQ(task("a").state, State::pending);
  EXPECT_EQ(task("each").state, State::pending);
  tell(node(7, "a", "wf.a", "Pod", "Succeeded"));
  EXPECT_EQ(task("a").state, State::succeeded);
}

TEST_F(KfpTasksTest, FailedAttemptsAreNoFailedTasks) {
  tell(plain_workflow(1, "Running"));
  tell(node(2, "wf", "wf", "DAG", "Running"));
  tell(node(3, "a", "wf.a", "Retry", "Running"));
  tell(node(4, "a0", "wf.a(0)", "Pod", "Failed"));
  EXPECT_EQ(task("a").state, State::retrying);
  EXPECT_EQ(view_.summary().counts[static_cast<std::size_t>(State::failed)], 0U);
  tell(node(5, "a1", "wf.a(1)", "Pod", "Running"));
  EXPECT_EQ(task("a").state, State::running);
  EXPECT_EQ(task("a").attempt, 2);
  tell(node(6, "a1", "wf.a(1)", "Pod", "Succeeded"));
  tell(node(7, "a", "wf.a", "Retry", "Succeeded"));
  EXPECT_EQ(task("a").state, State::succeeded);
}

TEST_F(KfpTasksTest, AnOlderFactChangesNothing) {
  tell(plain_workflow(1, "Running"));
  tell(node(2, "wf", "wf", "DAG", "Running"));
  tell(node(9, "a", "wf.a", "Pod", "Succeeded"));
  tell(node(3, "a", "wf.a", "Pod", "Running"));
  EXPECT_EQ(task("a").state, State::succeeded);
  // Unless the cluster's versions went back.
  schema::Event restored = node(4, "a", "wf.a", "Pod", "Running");
  restored.mutable_source_node()->set_generation(1);
  tell(restored);
  EXPECT_EQ(task("a").state, State::running);
}

std::vector<schema::Event> a_run() {
  return {plain_workflow(1, "Running"),
          node(2, "wf", "wf", "DAG", "Running"),
          node(3, "a", "wf.a", "Retry", "Running"),
          node(4, "a0", "wf.a(0)", "Pod", "Failed"),
          node(5, "a1", "wf.a(1)", "Pod", "Succeeded"),
          node(6, "a", "wf.a", "Retry", "Succeeded"),
          pod(7, "e0", "ErrImagePull"),
          node(8, "e0", "wf.each(0:x)", "Pod", "Pending"),
          node(8, "e1", "wf.each(1:y)", "DAG", "Running"),
          node(9, "in", "wf.each(1:y).inner", "Pod", "Running", "e1"),
          workflow(10, "Running")};
}

std::vector<std::string> shown(const RunView& view) {
  std::vector<std::string> lines;
  for (const Task* task : view.tasks())
    lines.push_back(task->path + " " + name_of(task->state) + " " + task->message + " " +
                    std::to_string(task->attempt));
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(KfpTasksOrderTest, TheOrderInWhichFactsComeIsNoMatter) {
  std::vector<schema::Event> events = a_run();
  RunView expected(kKey);
  for (std::size_t i = 0; i < events.size(); ++i) expected.apply(LogOffset{i}, events[i]);
  ASSERT_EQ(shown(expected).size(), 5U);
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    std::shuffle(events.begin(), events.end(), random);
    RunView view(kKey);
    std::uint64_t offset = 0;
    for (const schema::Event& event : events) view.apply(LogOffset{offset++}, event);
    for (const schema::Event& event : events) view.apply(LogOffset{offset++}, event);
    ASSERT_EQ(shown(view), shown(expected)) << "seed " << seed;
  }
}

TEST(KfpTasksOrderTest, ASnapshotAnywhereGoesOnAsTheViewWould) {
  const std::vector<schema::Event> events = a_run();
  for (std::size_t cut = 0; cut <= events.size(); ++cut) {
    RunView whole(kKey);
    RunView before(kKey);
    for (std::size_t i = 0; i < events.size(); ++i) whole.apply(LogOffset{i}, events[i]);
    for (std::size_t i = 0; i < cut; ++i) before.apply(LogOffset{i}, events[i]);
    Result<RunView> after = decode(encode(before).value());
    ASSERT_TRUE(after.ok());
    for (std::size_t i = cut; i < events.size(); ++i) after->apply(LogOffset{i}, events[i]);
    EXPECT_EQ(encode(after.value()).value(), encode(whole).value()) << "cut at " << cut;
  }
}

TEST(KfpTasksOrderTest, TemplatesThatReferToThemselvesEnd) {
  schema::Event event = workflow(1, "Running");
  schema::Workflow& told = *event.mutable_workflow();
  told.mutable_templates()->set_entrypoint("t0");
  for (int depth = 0; depth < 20; ++depth) {
    schema::WorkflowTemplate& level =
        add_template(told, "t" + std::to_string(depth), schema::WorkflowTemplate::DAG);
    for (int i = 0; i < 10; ++i)
      add_task(level, "x" + std::to_string(i), "t" + std::to_string((depth + 1) % 20));
  }
  RunView view(kKey);
  view.apply(LogOffset{0}, event);
  EXPECT_GT(view.tasks().size(), 1'000U);
  EXPECT_LT(view.tasks().size(), 6'000U);
}

TEST(KfpRolesTest, ParsesSegments) {
  const auto is = [](std::string_view text, const char* name, int index, const char* item,
                     int attempt) {
    const Segment segment = parse_segment(text);
    EXPECT_EQ(segment.name, name) << text;
    EXPECT_EQ(segment.index, index) << text;
    EXPECT_EQ(segment.item, item) << text;
    EXPECT_EQ(segment.attempt, attempt) << text;
  };
  is("train", "train", -1, "", -1);
  is("train(0)", "train", -1, "", 0);
  is("train(1:1)", "train", 1, "1", -1);
  is("train(1:a:b(2))(3)", "train", 1, "a:b(2)", 3);
  is("(2)", "", -1, "", 2);
  is("", "", -1, "", -1);
  is("[0]", "[0]", -1, "", -1);
  is("x(", "x(", -1, "", -1);
  is("exit-handler-1.onExit(0)", "exit-handler-1.onExit", -1, "", 0);
}

TEST(KfpRolesTest, ATaskMayBeCalledLikeADriver) {
  RoleQuestion question;
  question.kfp = true;
  question.parent = Role::root;
  question.name = "x-driver";
  question.template_name = "system-container-executor";
  EXPECT_EQ(decide_role(question), Role::task);
  question.template_name = "system-container-driver";
  EXPECT_EQ(decide_role(question), Role::driver);
  question.task_name = "x-driver";
  EXPECT_EQ(decide_role(question), Role::task);
  question.name = "x-driver-driver";
  EXPECT_EQ(decide_role(question), Role::driver);
}

}  // namespace
}  // namespace telltale::fold
