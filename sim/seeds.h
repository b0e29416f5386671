// Seeds: which ones a simulation runs. TELLTALE_SIM_SEED=n is one, TELLTALE_SIM_SEEDS=n that many.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace telltale::sim {

struct Seeds {
  std::uint64_t first;
  std::uint64_t last;
};

inline Seeds seeds_to_run(std::uint64_t count) {
  const auto number_from = [](const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
  };
  const std::uint64_t one = number_from("TELLTALE_SIM_SEED", 0);
  if (one != 0) return {one, one};
  return {1, number_from("TELLTALE_SIM_SEEDS", count)};
}

}  // namespace telltale::sim
