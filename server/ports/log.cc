#include "ports/log.h"

#include "base/murmur2.h"

namespace telltale::ports {

int Log::partition_of(const std::string& topic, std::string_view key) const {
  const std::uint32_t positive = murmur2(key) & 0x7fffffffU;
  return static_cast<int>(positive % static_cast<std::uint32_t>(partition_count(topic)));
}

}  // namespace telltale::ports
