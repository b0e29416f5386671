#include "main/render_pool.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

namespace telltale::main {
namespace {

// What cannot begin is not tried all the time; what ran for so long has begun well.
constexpr std::int64_t kPauseUs = 1'000'000;
constexpr std::int64_t kPauseUsMax = 60'000'000;
// What workers say of themselves; where it grew larger, the next one begins anew.
constexpr std::uintmax_t kLogBytes = 4U << 20;

}  // namespace

void RenderPool::start(const std::string& url) {
  url_ = url;
  std::error_code ignored;  // without it there are no types of one's own
  std::filesystem::create_directories(options_.data + "/visualizations", ignored);
  run();
}

void RenderPool::run() {
  ports::ProcessSpec what;
  what.arguments = {options_.python,
                    "-m",
                    "render.worker",
                    "--url",
                    url_,
                    "--types",
                    options_.data + "/visualizations",
                    "--slots",
                    std::to_string(options_.jobs)};
  what.environment = {{"PYTHONPATH", options_.python_path}, {"TELLTALE_TOKEN", options_.token}};
  what.without = {"TELLTALE_TOKEN_FILE"};
  what.working_directory = options_.data;
  what.output_file = options_.data + "/render.log";
  std::error_code ignored;  // there may be none yet
  if (std::filesystem::file_size(what.output_file, ignored) > kLogBytes && !ignored)
    std::filesystem::rename(what.output_file, what.output_file + ".1", ignored);
  began_us_ = loop_.steady_us();
  auto process = processes_.start(what);
  if (!process.ok()) return again(process.error().message);
  process_ = process.take();
  auto ended = [this](ports::ProcessEnd end) {
    process_.reset();
    again(end.signal != 0 ? fmt::format("it was ended by signal {}", end.signal)
                          : fmt::format("it ended with status {}", end.status));
  };
  process_->await_end(alive_.answer<ports::ProcessEnd>(loop_, std::move(ended)));
}

void RenderPool::again(const std::string& why) {
  const bool began_well = loop_.steady_us() - began_us_ > kPauseUsMax;
  pause_us_ = began_well ? kPauseUs : std::clamp(2 * pause_us_, kPauseUs, kPauseUsMax);
  spdlog::warn("Nothing is drawn here for now: {}. {}/render.log says more. Again in {} s.", why,
               options_.data, pause_us_ / 1'000'000);
  loop_.post_after(pause_us_, alive_.task([this] { run(); }));
}

}  // namespace telltale::main
