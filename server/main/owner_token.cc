#include "main/owner_token.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/secret.h"
#include "main/config.h"

namespace telltale::main {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTokenFileBytes = 4096;

Error unusable(const std::string& path, const std::string& why) {
  return {ErrorCode::internal, fmt::format("{} cannot be used: {}.", path, why)};
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// The first line of a file that is its owner's, who we are, and nobody else's; nothing otherwise.
std::optional<std::string> read_private_line(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!file.open() || ::fstat(file.get(), &info) != 0) return std::nullopt;
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() ||
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return std::nullopt;
  std::string text(kTokenFileBytes, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.empty()) return std::nullopt;
  return text;
}

// "" where the user has no folder.
std::string servers_folder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return std::string(state) + "/telltale/servers";
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') {
    const passwd* user = ::getpwuid(::geteuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  if (home == nullptr || home[0] != '/') return "";
  return std::string(home) + "/.local/state/telltale/servers";
}

std::string path_for(std::string host, const std::string& port) {
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const std::string folder = servers_folder();
  if (folder.empty() || host.empty() || host.find('/') != std::string::npos) return "";
  return folder + "/" + host + "_" + port;
}

}  // namespace

Status write_private_file(const std::string& path, const std::string& text) {
  const std::string unfinished = fmt::format("{}.{}~", path, ::getpid());
  ::unlink(unfinished.c_str());
  {
    const File file(
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.open()) return unusable(path, std::strerror(errno));
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0) {
      const Error error = unusable(path, std::strerror(errno));
      ::unlink(unfinished.c_str());
      return error;
    }
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) {
    const Error error = unusable(path, std::strerror(errno));
    ::unlink(unfinished.c_str());
    return error;
  }
  return Done{};
}

Result<std::string> owner_token(const std::string& data) {
  const std::string path = data + "/token";
  if (const auto kept = read_private_line(path); kept && kept->size() >= kTokenLength) return *kept;
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    spdlog::warn("{} was no token that only its owner could read: a new one takes its place.",
                 path);
  }
  const std::string token = make_secret();
  if (Status written = write_private_file(path, token + "\n"); !written.ok())
    return written.error();
  return token;
}

LeftToken::LeftToken(const std::vector<std::string>& hosts, const std::string& token)
    : token_(token) {
  const std::string folder = servers_folder();
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (folder.empty() || error) {
    spdlog::warn("Commands of the same user will not find this server's token: {} cannot be used.",
                 folder.empty() ? "his folder" : folder);
    return;
  }
  for (const std::string& host : hosts) {
    const std::size_t colon = host.rfind(':');
    if (colon == std::string::npos || host.find(']', colon) != std::string::npos) continue;
    const std::string path = path_for(host.substr(0, colon), host.substr(colon + 1));
    if (path.empty()) continue;
    if (Status left = write_private_file(path, token + "\n"); left.ok()) {
      paths_.push_back(path);
    } else {
      spdlog::warn("Commands of the same user will not find this server's token: {}",
                   left.error().message);
    }
  }
}

LeftToken::~LeftToken() {
  for (const std::string& path : paths_) {
    // Another server may listen there by now.
    if (read_private_line(path) == token_) ::unlink(path.c_str());
  }
}

Result<std::string> find_token(const std::string& host, const std::string& port) {
  const char* token = std::getenv("TELLTALE_TOKEN");
  if (token != nullptr && token[0] != '\0') return std::string(token);
  const char* file = std::getenv("TELLTALE_TOKEN_FILE");
  if (file != nullptr && file[0] != '\0') {
    const auto tokens = read_tokens(file);
    if (!tokens.ok()) return tokens.error();
    return tokens->front().token;
  }
  const std::string path = path_for(host, port);
  return path.empty() ? "" : read_private_line(path).value_or("");
}

}  // namespace telltale::main
