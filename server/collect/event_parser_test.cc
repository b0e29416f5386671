#include "collect/event_parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/limits.h"
#include "schema/event.pb.h"

namespace telltale::collect {
namespace {

constexpr EpochUs kNow{1'000'000};
const std::string kRun(26, 'a');

std::string line(const std::string& rest) {
  return "{\"run_key\":\"" + kRun + "\"," + rest + "}\n";
}

schema::Event event_of(const ports::Record& record) {
  schema::Event event;
  EXPECT_TRUE(event.ParseFromString(record.value));
  return event;
}

TEST(EventParser, TakesGoodLinesBesideBadOnes) {
  // What is refused is a view into the body.
  const std::string body =
      line("\"heartbeat\":{}") + "rubbish\n\n" + line("\"progress\":{\"done\":1}");
  const ParsedEvents parsed = parse_json_events(body, kNow);
  ASSERT_EQ(parsed.records.size(), 2U);
  ASSERT_EQ(parsed.refused.size(), 1U);
  EXPECT_EQ(parsed.refused[0].line, 2U);
  EXPECT_EQ(parsed.refused[0].raw, "rubbish");
  EXPECT_EQ(parsed.records[0].key, kRun);
  EXPECT_EQ(event_of(parsed.records[1]).progress().done(), 1);
}

TEST(EventParser, TheServersClockIsTheObserverAndFillsWhatIsMissing) {
  const ParsedEvents parsed = parse_json_events(
      line("\"heartbeat\":{},\"observed_at_us\":5") + line("\"happened_at_us\":7,\"heartbeat\":{}"),
      kNow);
  ASSERT_EQ(parsed.records.size(), 2U);
  EXPECT_EQ(event_of(parsed.records[0]).observed_at_us(), 1'000'000);
  EXPECT_EQ(event_of(parsed.records[0]).happened_at_us(), 1'000'000);
  EXPECT_EQ(event_of(parsed.records[1]).happened_at_us(), 7);
}

TEST(EventParser, NotANumberAndInfinityAreData) {
  const ParsedEvents parsed = parse_json_events(
      line("\"metric_points\":{\"name\":\"x\",\"value\":[\"NaN\",\"-Infinity\",1]}"), kNow);
  ASSERT_EQ(parsed.records.size(), 1U);
  const schema::Event event = event_of(parsed.records[0]);
  const auto& values = event.metric_points().value();
  ASSERT_EQ(values.size(), 3);
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_TRUE(std::isinf(values[1]) && values[1] < 0);
}

TEST(EventParser, KeepsTheLineWhenItHasFieldsOfANewerVersion) {
  const std::string newer = line("\"heartbeat\":{},\"mood\":\"good\"");
  const ParsedEvents parsed = parse_json_events(newer, kNow);
  ASSERT_EQ(parsed.records.size(), 1U);
  EXPECT_EQ(parsed.with_unknown_fields, 1U);
  EXPECT_EQ(event_of(parsed.records[0]).unparsed() + "\n", newer);
  // What the sender says of it is not believed.
  const ParsedEvents claimed = parse_json_events(line("\"heartbeat\":{},\"unparsed\":\"x\""), kNow);
  ASSERT_EQ(claimed.records.size(), 1U);
  EXPECT_EQ(event_of(claimed.records[0]).unparsed(), "");
}

TEST(EventParser, HugeNamesAreDataAndHugeEventsAreNot) {
  const std::string name(100'000, 'n');
  EXPECT_EQ(
      parse_json_events(line("\"artifact\":{\"name\":\"" + name + "\"}"), kNow).records.size(), 1U);
  const std::string huge(limits::kEventBytes, 'n');
  const ParsedEvents parsed =
      parse_json_events(line("\"artifact\":{\"name\":\"" + huge + "\"}"), kNow);
  ASSERT_EQ(parsed.refused.size(), 1U);
  EXPECT_EQ(parsed.refused[0].code, ErrorCode::too_large);
}

TEST(EventParser, RefusesWhatIsNoEventWithAReasonThatHelps) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{\"heartbeat\":{}}", "run_key is missing"},
      {"{\"run_key\":\"x\",\"heartbeat\":{}}", "run_key is not 26"},
      {line("\"id\":\"1\""), "says nothing"},
      {line("\"task_state\":{\"state\":\"RUNNING\"}"), "task_state.path is empty"},
      {line("\"task_state\":{\"path\":\"a\"}"), "is no state"},
      {line("\"task_state\":{\"path\":\"a\",\"state\":99}"), "is no state"},
      {line("\"metric_points\":{\"name\":\"x\"}"), "at least one value"},
      {line("\"metric_points\":{\"name\":\"x\",\"value\":[1,2],\"step\":[1]}"), "equally long"},
      {line("\"epoch\":\"e\",\"heartbeat\":{}"), "go together"},
      {line("\"id\":\"" + std::string(129, 'i') + "\",\"heartbeat\":{}"), "at most 128 bytes"},
      {line("\"metric_points\":{\"name\":5}"), ""},
      {"[1,2]", "This line is no event: Root element must be a message."},
      {"{\"run_key\":\"\xff\xfe\",\"heartbeat\":{}}", ""},
  };
  for (const auto& [text, reason] : cases) {
    const ParsedEvents parsed = parse_json_events(text, kNow);
    EXPECT_TRUE(parsed.records.empty()) << text;
    ASSERT_EQ(parsed.refused.size(), 1U) << text;
    EXPECT_NE(parsed.refused[0].message.find(reason), std::string::npos)
        << text << " -> " << parsed.refused[0].message;
  }
}

TEST(EventParser, ReadsLengthDelimitedProtobuf) {
  schema::Event event;
  event.set_run_key(kRun);
  event.mutable_heartbeat();
  const std::string bytes = event.SerializeAsString();
  const std::string framed = static_cast<char>(bytes.size()) + bytes;
  EXPECT_EQ(parse_protobuf_events(framed + framed, kNow).records.size(), 2U);
  const ParsedEvents cut = parse_protobuf_events(framed + framed.substr(0, 10), kNow);
  EXPECT_EQ(cut.records.size(), 1U);
  EXPECT_EQ(cut.refused.size(), 1U);
  const ParsedEvents bad = parse_protobuf_events(std::string("\x02\xff\xff", 3) + framed, kNow);
  EXPECT_EQ(bad.records.size(), 1U);
  EXPECT_EQ(bad.refused.size(), 1U);
  const ParsedEvents endless = parse_protobuf_events(std::string(20, '\xff'), kNow);
  EXPECT_EQ(endless.refused.size(), 1U);
}

ports::Item item(const std::string& id, const std::string& bytes) {
  return {hash_id({id}), bytes, bytes.size()};
}

TEST(EventParser, AnItemIsOneEventAndNamesItWhereItHasNoName) {
  const std::vector<ports::Item> items = {
      item("1", line("\"heartbeat\":{}")), item("2", line("\"id\":\"own\",\"heartbeat\":{}")),
      item("3", line("\"epoch\":\"e\",\"sequence\":7,\"heartbeat\":{}"))};
  const ParsedEvents parsed = parse_json_items(items, kNow);
  ASSERT_EQ(parsed.records.size(), 3U);
  EXPECT_TRUE(parsed.refused.empty());
  const schema::Event first = event_of(parsed.records[0]);
  EXPECT_EQ(first.id(), items[0].id);
  EXPECT_EQ(event_of(parsed.records[1]).id(), "own");
  EXPECT_EQ(event_of(parsed.records[2]).id(), items[2].id);
  EXPECT_EQ(first.observed_at_us(), to_number(kNow));
  // A place among others is told by the sender alone; else each fact has an epoch of its own.
  EXPECT_EQ(event_of(parsed.records[2]).epoch(), "e");
  EXPECT_EQ(event_of(parsed.records[2]).sequence(), 7U);
  EXPECT_EQ(first.sequence(), 1U);
  EXPECT_EQ(event_of(parsed.records[1]).sequence(), 1U);
  EXPECT_NE(first.epoch(), event_of(parsed.records[1]).epoch());
  EXPECT_TRUE(is_id(first.epoch()));
}

TEST(EventParser, AnItemReadAgainIsTheSameEvent) {
  const std::vector<ports::Item> one = {item("1", line("\"heartbeat\":{}"))};
  std::vector<ports::Item> many = {item("0", line("\"progress\":{}"))};
  many.push_back(one[0]);
  EXPECT_EQ(parse_json_items(one, kNow).records[0], parse_json_items(many, kNow).records[1]);
}

TEST(EventParser, ABadItemIsRefusedAmongItsNeighbours) {
  std::vector<ports::Item> items = {item("1", "rubbish"), item("2", line("\"heartbeat\":{}")),
                                    item("3", "\r"), item("4", line("\"heartbeat\":{}"))};
  items.push_back(item("5", line("\"heartbeat\":{}")));
  items.back().size = limits::kEventBytes + 1;  // these are its first bytes
  const ParsedEvents parsed = parse_json_items(items, kNow);
  EXPECT_EQ(parsed.records.size(), 2U);
  ASSERT_EQ(parsed.refused.size(), 2U);
  EXPECT_EQ(parsed.refused[0].raw, "rubbish");
  EXPECT_EQ(parsed.refused[1].code, ErrorCode::too_large);
  EXPECT_NE(parsed.refused[1].message.find("this one 983041"), std::string::npos)
      << parsed.refused[1].message;
}

TEST(EventParser, TakesAtMostSoManyEventsAtOnce) {
  std::string body;
  for (std::size_t i = 0; i < limits::kIngestEvents + 3; ++i) body += line("\"heartbeat\":{}");
  const ParsedEvents parsed = parse_json_events(body, kNow);
  EXPECT_EQ(parsed.records.size(), limits::kIngestEvents);
  ASSERT_EQ(parsed.refused.size(), 1U);
  EXPECT_EQ(parsed.refused[0].line, limits::kIngestEvents + 1);
  EXPECT_EQ(parsed.refused[0].raw.size(), 3 * line("\"heartbeat\":{}").size());
}

TEST(EventParser, AFloodOfBadLinesIsRefusedAsOne) {
  std::string lines;
  for (std::size_t i = 0; i < 10 * limits::kIngestEvents; ++i) lines += "x\n";
  EXPECT_EQ(parse_json_events(lines, kNow).refused.size(), limits::kIngestEvents + 1);
  const std::string empty_messages(10 * limits::kIngestEvents, '\0');
  EXPECT_EQ(parse_protobuf_events(empty_messages, kNow).refused.size(), limits::kIngestEvents + 1);
}

}  // namespace
}  // namespace telltale::collect
