// What tests of ports share: asking on a loop and waiting for the answer on the test's thread, and
// a folder that goes with its test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "ports/runtime.h"

namespace telltale::ports {

// Runs `ask(Completion<T>)` on the loop; the future is its answer.
template <typename T, typename Ask>
std::future<T> ask(Runtime& loop, Ask ask) {
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  loop.post([&loop, promise, ask = std::move(ask)]() mutable {
    ask(Completion<T>(loop, [promise](T value) { promise->set_value(std::move(value)); }));
  });
  return answer;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "telltale-XXXXXX";
    CHECK(::mkdtemp(name.data()) != nullptr, "no temporary folder {}", name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace telltale::ports
