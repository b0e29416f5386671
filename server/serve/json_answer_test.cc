#include "serve/json_answer.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "runtime/sim_runtime.h"
#include "schema/view.pb.h"

namespace telltale::serve {
namespace {

schema::RunView run(int tasks, int series) {
  schema::RunView view;
  view.mutable_run()->set_name("a, \"b\" ]}");
  (*view.mutable_parameters())["rate"] = "0.1";
  for (int i = 0; i < tasks; ++i) {
    schema::TaskView& task = *view.add_tasks();
    task.set_path("t]" + std::to_string(i));
    task.set_position(static_cast<std::uint64_t>(i) + 1);
    task.set_state(schema::RUNNING);
  }
  for (int i = 0; i < series; ++i) view.add_series()->set_name(std::string(1'000, 's'));
  return view;
}

// The answer, and how many turns of the loop others had meanwhile.
std::pair<std::string, int> written(const schema::RunView& view) {
  runtime::SimRuntime loop{1};
  std::string body;
  answer_in_pieces(loop, std::make_unique<schema::RunView>(view),
                   [&](ports::HttpResponse response) {
                     EXPECT_EQ(response.status, 200);
                     body = std::move(response.body);
                   });
  // Somebody else who takes a turn whenever there is one.
  int turns = 0;
  std::function<void()> other = [&] {
    if (!body.empty()) return;
    ++turns;
    loop.post([&] { other(); });
  };
  other();
  loop.run_until_idle();
  return {body, turns};
}

TEST(JsonAnswer, InPiecesIsTheSameAnswer) {
  for (const auto& [tasks, series] :
       {std::pair(0, 0), std::pair(3, 1), std::pair(20'000, 0), std::pair(5'000, 2'000)}) {
    const schema::RunView view = run(tasks, series);
    const auto [body, turns] = written(view);
    schema::RunView read;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(body, &read).ok()) << body.size();
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read, view));
    EXPECT_GE(turns, static_cast<int>(view.ByteSizeLong() >> 16) - 1);
  }
}

TEST(JsonAnswer, WhatIsSmallIsAnsweredAtOnce) {
  EXPECT_EQ(written(run(10, 1)).second, 0);
  EXPECT_EQ(written(run(10, 1)).first, json_answer(run(10, 1)).body);
}

}  // namespace
}  // namespace telltale::serve
