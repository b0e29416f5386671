#include "deliver/launch_request.h"

#include <gtest/gtest.h>

namespace telltale::deliver {
namespace {

TEST(LaunchRequest, TakesAFileWithParametersOfAnyKind) {
  const auto request =
      parse_launch_request(R"({"pipeline_file":"/p.py","pipeline":"train",)"
                           R"("parameters":{"lr":"0.1","n":3,"xs":[1, 2],"s":"a\"b"}})");
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(request->spec.pipeline_file, "/p.py");
  EXPECT_EQ(request->spec.pipeline, "train");
  const std::map<std::string, std::string> expected = {
      {"lr", "0.1"}, {"n", "3"}, {"xs", "[1,2]"}, {"s", "a\"b"}};
  EXPECT_EQ(request->spec.parameters, expected);
}

TEST(LaunchRequest, TakesTheKeyOfARunToStartAgain) {
  const std::string key(26, 'b');
  const auto request = parse_launch_request("{\"again\":\"" + key + "\"}");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->again->text(), key);
}

TEST(LaunchRequest, RefusesEverythingElseWithItsReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {"{}", "pipeline_file is missing"},
      {R"({"pipeline_file":"p.py"})", "absolute"},
      {R"({"pipeline_file":7})", "must be a string"},
      {R"({"pipeline_file":"/p.py","pipeline":[]})", "pipeline must be a string"},
      {R"({"pipeline_file":"/p.py","parameters":[]})", "object of name"},
      {R"({"pipeline_file":"/p.py","parameters":{"a=b":1}})", "no '='"},
      {R"({"pipeline_file":"/p.py\u0000.txt"})", "NUL"},
      {R"({"pipeline_file":"/p.py","parameters":{"a":"b\u0000c"}})", "NUL"},
      {R"({"again":"x"})", "no run key"},
      {R"({"pipelinefile":"/p.py"})", "'pipelinefile' is not known"},
  };
  for (const auto& [body, reason] : cases) {
    const auto request = parse_launch_request(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_NE(request.error().message.find(reason), std::string::npos) << request.error().message;
  }
}

TEST(LaunchRequest, WhatNoProcessCouldBeGivenIsRefused) {
  LaunchSpec spec;
  spec.pipeline_file = "/p.py";
  spec.parameters["lr"] = std::string(100'000, 'x');
  EXPECT_TRUE(check_arguments(spec).ok());
  spec.parameters["data"] = std::string(900'000, 'x');
  ASSERT_FALSE(check_arguments(spec).ok());
  EXPECT_EQ(check_arguments(spec).error().code, ErrorCode::invalid_argument);
  spec.parameters.erase("data");
  spec.pipeline = std::string(200'000, 'x');
  EXPECT_FALSE(check_arguments(spec).ok());
}

TEST(LaunchRequest, AParametersJsonBecomesWhatTheRunnerTakes) {
  EXPECT_EQ(parameter_argument("\"a b\""), "a b");
  EXPECT_EQ(parameter_argument("0.1"), "0.1");
  EXPECT_EQ(parameter_argument("[1,2]"), "[1,2]");
}

}  // namespace
}  // namespace telltale::deliver
