// Kafka's default partitioner hash: murmur2 with Kafka's seed, so that the embedded log and Kafka
// put a key in the same partition (org.apache.kafka.common.utils.Utils.murmur2).
#pragma once

#include <cstdint>
#include <string_view>

namespace telltale {

std::uint32_t murmur2(std::string_view bytes);

}  // namespace telltale
