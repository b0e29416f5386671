#include "main/event_headers.h"

#include <gtest/gtest.h>

#include <map>

#include "schema/event.pb.h"

namespace telltale::main {
namespace {

std::map<std::string, std::string> headers_of(const std::string& topic, const std::string& value) {
  std::map<std::string, std::string> headers;
  event_headers(topic, {"the key", value, 17}, [&](std::string_view name, std::string_view given) {
    EXPECT_TRUE(headers.emplace(name, given).second) << name << " twice";
    EXPECT_NE(given.data(), nullptr) << name;
  });
  return headers;
}

TEST(EventHeaders, OfAnEvent) {
  schema::Event event;
  event.set_id("a/1");
  event.set_run_key("the key");
  event.set_happened_at_us(5);
  event.mutable_log_bytes()->set_data(std::string(500'000, 'x'));
  event.set_unparsed("{}");
  const auto headers = headers_of(ports::kEventsTopic, event.SerializeAsString());
  const std::map<std::string, std::string> expected = {
      {"ce_specversion", "1.0"}, {"ce_source", "telltale"},
      {"ce_id", "a/1"},          {"ce_type", "telltale.log_bytes"},
      {"ce_subject", "the key"}, {"content-type", "application/protobuf"},
  };
  EXPECT_EQ(headers, expected);
}

TEST(EventHeaders, EveryKindHasItsType) {
  const auto* kind = schema::Event::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kind->field_count(); ++i) {
    schema::Event event;
    event.GetReflection()->MutableMessage(&event, kind->field(i));
    const auto headers = headers_of(ports::kEventsTopic, event.SerializeAsString());
    EXPECT_EQ(headers.at("ce_type"), "telltale." + kind->field(i)->name());
  }
}

TEST(EventHeaders, OfASummary) {
  const auto headers = headers_of(ports::kRunsTopic, "");
  EXPECT_EQ(headers.at("ce_type"), "telltale.run_summary");
  EXPECT_EQ(headers.at("ce_id"), "the key/17");
}

TEST(EventHeaders, OfASourcesPosition) {
  const auto headers = headers_of(ports::kSourcesTopic, "");
  EXPECT_EQ(headers.at("ce_type"), "telltale.source_position");
  EXPECT_EQ(headers.at("ce_id"), "the key/17");
  EXPECT_EQ(headers.at("ce_subject"), "the key");
}

TEST(EventHeaders, WhatIsNoEventHasThemToo) {
  for (const std::string& bytes :
       {std::string(), std::string("\xff\xff\xff"), std::string("\x0a\x7f")}) {
    const auto headers = headers_of(ports::kEventsTopic, bytes);
    EXPECT_EQ(headers.at("ce_type"), "telltale.event");
    EXPECT_EQ(headers.at("ce_id"), "");
  }
}

}  // namespace
}  // namespace telltale::main
