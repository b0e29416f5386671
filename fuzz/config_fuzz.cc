// A line for --listen, then the lines of a token file.
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/harness.h"
#include "main/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = telltale::fuzz::text_of(data, size);
  const auto address =
      telltale::main::parse_address(std::string(telltale::fuzz::take_until(rest, '\n')));
  if (address.ok()) {
    CHECK(!address->host.empty() && address->port >= 0 && address->port <= 65'535, "port {}",
          address->port);
    (void)telltale::main::is_loopback(address->host);
  }
  static const int kFile = ::memfd_create("tokens", MFD_CLOEXEC);
  const bool written = ::ftruncate(kFile, 0) == 0 && ::pwrite(kFile, rest.data(), rest.size(), 0) ==
                                                         static_cast<ssize_t>(rest.size());
  CHECK(written, "the file in memory cannot be written");
  const auto tokens = telltale::main::read_tokens("/proc/self/fd/" + std::to_string(kFile));
  if (!tokens.ok()) return 0;
  CHECK(!tokens->empty(), "a file of tokens without any");
  for (const auto& line : tokens.value())
    CHECK(line.token.size() >= 16 && line.token.find('\n') == std::string::npos,
          "a token is too short");
  return 0;
}
