// The headers of an event in Kafka: CloudEvents' Kafka binding in binary mode, so that any consumer
// can route on what an event is without reading it. docs/formats/kafka.md has the list. Pure; any
// thread.
#pragma once

#include <string>

#include "log/kafka_log.h"

namespace telltale::main {

// For KafkaLogOptions::describe. Of a record that is no event of ours only what every record has.
void event_headers(const std::string& topic, const ports::Record& record,
                   const log::AddKafkaHeader& add);

}  // namespace telltale::main
