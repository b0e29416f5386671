// What docs/formats/kafka.md tells of events in Kafka, as a stock client sees them.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>

#include "component/kafka_cluster.h"
#include "main/event_headers.h"
#include "ports/log_asker_test.h"
#include "runtime/asio_runtime.h"
#include "schema/event.pb.h"

namespace telltale::component {
namespace {

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  CHECK(pipe != nullptr, "no {}", command);
  std::array<char, 4'096> some;
  while (const std::size_t count = std::fread(some.data(), 1, some.size(), pipe))
    output.append(some.data(), count);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

TEST(KafkaFormat, KcatReadsEventsAsDocumented) {
  NEEDS_KAFKA();
  if (std::system("command -v kcat >/dev/null") != 0) GTEST_SKIP() << "needs kcat (Debian: kcat)";
  const std::string prefix = new_prefix();
  log::KafkaLogOptions options;
  options.describe = main::event_headers;
  auto opened = log::open_kafka_log(KafkaCluster::shared().url(prefix, "&telltale.partitions=3"),
                                    std::move(options));
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  ports::Log& log = *opened.value();
  runtime::AsioRuntime loop("component");
  ports::LogAsker asker(loop, log);

  schema::Event event;
  event.set_id("a/1");
  event.set_run_key(std::string(26, 'a'));
  event.mutable_task_state()->set_path("train");
  const std::string value = event.SerializeAsString();
  const auto appended =
      asker.append(ports::kEventsTopic, {{event.run_key(), value, 1'795'576'456'571'106}});
  ASSERT_TRUE(appended.ok()) << appended.error().message;
  log.close();
  loop.join();

  const std::string kcat = "kcat -q -b " + KafkaCluster::shared().brokers() + " -C -t " + prefix +
                           "telltale.events -o beginning -e -D '' -f ";
  EXPECT_EQ(output_of(kcat + "'%p %o %T %k %h'"),
            std::to_string(appended->places[0].partition) +
                " 0 1795576456571 aaaaaaaaaaaaaaaaaaaaaaaaaa "
                "ce_time=2026-11-25T03:14:16.571106Z,ce_specversion=1.0,ce_source=telltale,"
                "content-type=application/protobuf,ce_subject=aaaaaaaaaaaaaaaaaaaaaaaaaa,"
                "ce_id=a/1,ce_type=telltale.task_state");
  EXPECT_EQ(output_of(kcat + "'%s'"), value);
}

// A key's partition is what other clients' murmur2 partitioner finds too.
TEST(KafkaFormat, KcatPutsAKeyInTheSamePartition) {
  NEEDS_KAFKA();
  if (std::system("command -v kcat >/dev/null") != 0) GTEST_SKIP() << "needs kcat (Debian: kcat)";
  const std::string prefix = new_prefix();
  auto opened =
      log::open_kafka_log(KafkaCluster::shared().url(prefix), with_topics({{"events", 7}}));
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  for (const std::string key : {"a", "telltale", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "ключ"}) {
    const std::string kcat = "kcat -q -b " + KafkaCluster::shared().brokers() + " -t " + prefix +
                             "events -X topic.partitioner=murmur2_random ";
    output_of("printf '" + key + ":value' | " + kcat + "-P -K :");
    EXPECT_THAT(
        output_of(kcat + "-C -o beginning -e -f '%k %p\\n'"),
        testing::HasSubstr(key + " " + std::to_string(opened.value()->partition_of("events", key)) +
                           "\n"));
  }
  opened.value()->close();
}

// In a compacted topic such a record removes its key.
TEST(KafkaFormat, ARecordWithoutAValueIsATombstone) {
  NEEDS_KAFKA();
  if (std::system("command -v kcat >/dev/null") != 0) GTEST_SKIP() << "needs kcat (Debian: kcat)";
  const std::string prefix = new_prefix();
  auto opened = log::open_kafka_log(KafkaCluster::shared().url(prefix), with_topics({{"runs", 1}}));
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  runtime::AsioRuntime loop("component");
  ports::LogAsker asker(loop, **opened);
  ASSERT_TRUE(asker.append("runs", {{"gone", "", 1}}).ok());
  const auto read = asker.read({"runs", 0}, 0, {.wait_us = 30'000'000});
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().record.value, "");
  (*opened)->close();
  loop.join();
  EXPECT_EQ(output_of("kcat -q -b " + KafkaCluster::shared().brokers() + " -C -t " + prefix +
                      "runs -o beginning -e -D '' -f '%k %S'"),
            "gone -1");
}

}  // namespace
}  // namespace telltale::component
