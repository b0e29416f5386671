#include "component/minio_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <thread>

#include "net/curl_fetch.h"
#include "store/s3_client.h"
#include "store/waiting_fetch.h"

namespace telltale::component {
namespace {

constexpr const char* kUser = "telltale-test";
constexpr const char* kPassword = "telltale-test-secret";

// A port that was free a moment ago.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "no free port");
  ::close(socket);
  return ntohs(address.sin_port);
}

// The program to run; nothing where there is none.
std::optional<std::string> program() {
  if (const char* told = std::getenv("TELLTALE_MINIO"); told != nullptr && *told != '\0')
    return told;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/minio").c_str(), X_OK) == 0) return folder + "/minio";
  }
  return std::nullopt;
}

}  // namespace

bool MinioServer::can_be_had() { return program().has_value(); }

bool MinioServer::must_be_had() {
  const char* components = std::getenv("COMPONENTS");
  return components != nullptr && std::string_view(components) == "all";
}

MinioServer& MinioServer::shared() {
  static MinioServer server;
  return server;
}

MinioServer::MinioServer(Settings settings) : settings_(std::move(settings)), port_(free_port()) {
  start();
  make_bucket();
}

MinioServer::~MinioServer() { kill(); }

void MinioServer::start() {
  const std::string binary = program().value();
  const std::string address = fmt::format("127.0.0.1:{}", port_);
  const std::string data = folder_.path() + "/data";
  const std::string log = folder_.path() + "/log";
  const std::string certificates =
      settings_.certificates.empty() ? folder_.path() + "/none" : settings_.certificates;
  pid_ = ::fork();
  CHECK(pid_ >= 0, "no process for MinIO");
  if (pid_ == 0) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::setenv("MINIO_ROOT_USER", kUser, 1);
    ::setenv("MINIO_ROOT_PASSWORD", kPassword, 1);
    ::setenv("MINIO_BROWSER", "off", 1);
    ::setenv("MINIO_UPDATE", "off", 1);
    if (!settings_.domain.empty()) ::setenv("MINIO_DOMAIN", settings_.domain.c_str(), 1);
    ::execl(binary.c_str(), "minio", "server", "--quiet", "--address", address.c_str(),
            "--certs-dir", certificates.c_str(), data.c_str(), nullptr);
    ::_exit(127);
  }
  wait_until_ready();
}

void MinioServer::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void MinioServer::freeze() { ::kill(pid_, SIGSTOP); }
void MinioServer::thaw() { ::kill(pid_, SIGCONT); }

std::string MinioServer::endpoint() const {
  return fmt::format("{}://127.0.0.1:{}", settings_.certificates.empty() ? "http" : "https", port_);
}

std::string MinioServer::url(const std::string& settings, const std::string& prefix,
                             const std::string& through) const {
  return fmt::format("s3://telltale{}{}?endpoint={}{}", prefix.empty() ? "" : "/", prefix,
                     through.empty() ? endpoint() : through, settings);
}

ports::HttpFetch& MinioServer::fetch() {
  static net::CurlFetch fetch;
  return fetch;
}

store::Environment MinioServer::credentials() const {
  return [](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_ACCESS_KEY_ID") return kUser;
    if (name == "AWS_SECRET_ACCESS_KEY") return kPassword;
    return std::nullopt;
  };
}

void MinioServer::make_bucket() const {
  const std::string ca =
      settings_.certificates.empty() ? "" : "&ca=" + settings_.certificates + "/public.crt";
  store::S3Client client(store::parse_s3_url(url(ca), credentials()).take(), credentials(),
                         fetch());
  const auto made = client.send({.method = "PUT"});
  CHECK(made.ok() && made->ok(), "no bucket: {}",
        made.ok() ? made->http.body : made.error().message);
}

void MinioServer::wait_until_ready() const {
  store::WaitingFetch http(fetch());
  ports::FetchRequest request;
  request.url = endpoint() + "/minio/health/ready";
  request.idle_us = 5'000'000;
  if (!settings_.certificates.empty()) request.tls.ca_file = settings_.certificates + "/public.crt";
  for (int i = 0; i < 1'200; ++i) {
    const auto answer = http.send(request, 1'000);
    if (answer.ok() && answer->status == 200) return;
    CHECK(::waitpid(pid_, nullptr, WNOHANG) == 0, "MinIO ended at once; its log is in {}",
          folder_.path());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  CHECK(false, "MinIO is not ready after a minute");
}

}  // namespace telltale::component
