#include "base/counters.h"

#include <fmt/format.h>

namespace telltale {

std::string Counters::prometheus() const {
  std::string text;
  const auto add_metric = [&](Counter counter, const char* name, const char* severity,
                              const char* sentence) {
    text += fmt::format(
        "# HELP telltale_{0}_total {2}\n# TYPE telltale_{0}_total counter\n"
        "telltale_{0}_total{{severity=\"{1}\"}} {3}\n",
        name, severity, sentence, get(counter));
  };
#define X(name, severity, sentence) add_metric(Counter::name, #name, #severity, sentence);
  TELLTALE_COUNTERS(X)
#undef X
  return text;
}

}  // namespace telltale
