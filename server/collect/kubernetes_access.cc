#include "collect/kubernetes_access.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace telltale::collect {
namespace {

constexpr std::size_t kFileBytes = 4U << 20;  // of a kubeconfig, a certificate or a token
constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

Error refused(std::string sentence) { return {ErrorCode::invalid_argument, std::move(sentence)}; }

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (!file.eof() && file.fail()) || !file.is_open())
    return Error{ErrorCode::not_found, fmt::format("{} cannot be read.", path)};
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytes)
    return refused(fmt::format("{} is larger than {} bytes.", path, kFileBytes));
  return text;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

std::optional<std::string> decode_base64(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

std::string text_of(const YAML::Node& map, const char* key) {
  if (!map.IsMap()) return {};
  const YAML::Node value = map[key];
  return value.IsDefined() && value.IsScalar() ? value.Scalar() : std::string();
}

// An entry of a named list, and the folder of the file it stands in.
struct Entry {
  YAML::Node node;
  std::filesystem::path folder;
};

struct Kubeconfig {
  std::string current_context;
  std::map<std::string, Entry> clusters;
  std::map<std::string, Entry> contexts;
  std::map<std::string, Entry> users;
};

void take_entries(const YAML::Node& root, const char* list, const char* kind,
                  const std::filesystem::path& folder, std::map<std::string, Entry>& into) {
  const YAML::Node entries = root[list];
  if (!entries.IsDefined() || !entries.IsSequence()) return;
  for (const YAML::Node& entry : entries) {
    if (!entry.IsMap() || !entry[kind].IsDefined()) continue;
    into.try_emplace(text_of(entry, "name"), Entry{entry[kind], folder});
  }
}

Result<Kubeconfig> merge(const std::vector<std::pair<std::string, std::string>>& files) {
  Kubeconfig config;
  for (const auto& [path, text] : files) {
    try {
      const YAML::Node root = YAML::Load(text);
      if (!root.IsMap()) continue;
      if (config.current_context.empty()) config.current_context = text_of(root, "current-context");
      const std::filesystem::path folder = std::filesystem::path(path).parent_path();
      take_entries(root, "clusters", "cluster", folder, config.clusters);
      take_entries(root, "contexts", "context", folder, config.contexts);
      take_entries(root, "users", "user", folder, config.users);
    } catch (const YAML::Exception& error) {
      return refused(fmt::format("{} is no kubeconfig: line {}, column {}: {}.", path,
                                 error.mark.line + 1, error.mark.column + 1, error.msg));
    }
  }
  return config;
}

// NAME-data (base64) or the file that NAME names, "" where there is neither.
Result<std::string> pem_of(const Entry& entry, const std::string& name) {
  if (const std::string data = text_of(entry.node, (name + "-data").c_str()); !data.empty()) {
    const std::optional<std::string> bytes = decode_base64(data);
    if (!bytes) return refused(fmt::format("{}-data of the kubeconfig is no base64.", name));
    return *bytes;
  }
  const std::string file = text_of(entry.node, name.c_str());
  if (file.empty()) return std::string();
  return read_file((entry.folder / file).string());
}

Status take_cluster(const Entry& entry, KubernetesAccess& access) {
  access.server = text_of(entry.node, "server");
  while (access.server.ends_with('/')) access.server.pop_back();
  if (!access.server.starts_with("https://") && !access.server.starts_with("http://"))
    return refused(fmt::format("The cluster {} names no server.", access.cluster));
  for (const char* unknown : {"proxy-url", "tls-server-name"}) {
    if (!text_of(entry.node, unknown).empty())
      return refused(
          fmt::format("The cluster {} of the kubeconfig has `{}`, which Telltale does "
                      "not speak.",
                      access.cluster, unknown));
  }
  access.verify_tls = text_of(entry.node, "insecure-skip-tls-verify") != "true";
  Result<std::string> ca = pem_of(entry, "certificate-authority");
  if (!ca.ok()) return ca.error();
  access.ca_pem = ca.take();
  return Done{};
}

Status take_user(const Entry& entry, const std::string& name, KubernetesAccess& access) {
  for (const char* program : {"exec", "auth-provider"}) {
    if (entry.node.IsMap() && entry.node[program].IsDefined()) {
      return refused(fmt::format(
          "The user {} of the kubeconfig gets its token from a program ({}), and Telltale runs "
          "none. Give it a service account's token: kubectl create token NAME.",
          name, program));
    }
  }
  for (const char* unknown : {"as", "username"}) {
    if (!text_of(entry.node, unknown).empty()) {
      return refused(
          fmt::format("The user {} of the kubeconfig has `{}`, which Telltale does "
                      "not speak. Give it a service account's token.",
                      name, unknown));
    }
  }
  Result<std::string> certificate = pem_of(entry, "client-certificate");
  if (!certificate.ok()) return certificate.error();
  Result<std::string> key = pem_of(entry, "client-key");
  if (!key.ok()) return key.error();
  access.client_certificate_pem = certificate.take();
  access.client_key_pem = key.take();
  if (const std::string file = text_of(entry.node, "tokenFile"); !file.empty()) {
    access.token_file = (entry.folder / file).string();
  } else {
    access.token = text_of(entry.node, "token");
  }
  return Done{};
}

std::string value_of(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace

Result<KubernetesAccess> parse_kubeconfig(
    const std::vector<std::pair<std::string, std::string>>& files, std::string_view context) {
  const Result<Kubeconfig> config = merge(files);
  if (!config.ok()) return config.error();
  KubernetesAccess access;
  access.context = context.empty() ? config->current_context : std::string(context);
  if (access.context.empty())
    return refused("The kubeconfig has no current context. Name one: --source kubernetes:CONTEXT.");
  const auto chosen = config->contexts.find(access.context);
  if (chosen == config->contexts.end())
    return refused(fmt::format("The kubeconfig has no context {}.", access.context));
  access.cluster = text_of(chosen->second.node, "cluster");
  access.namespace_name = text_of(chosen->second.node, "namespace");
  const auto cluster = config->clusters.find(access.cluster);
  if (cluster == config->clusters.end())
    return refused(fmt::format("The kubeconfig has no cluster {}.", access.cluster));
  if (Status status = take_cluster(cluster->second, access); !status.ok()) return status.error();
  const std::string user = text_of(chosen->second.node, "user");
  if (user.empty()) return access;
  const auto found = config->users.find(user);
  if (found == config->users.end())
    return refused(fmt::format("The kubeconfig has no user {}.", user));
  if (Status status = take_user(found->second, user, access); !status.ok()) return status.error();
  return access;
}

Result<KubernetesAccess> service_account_access(const std::string& folder, std::string_view host,
                                                std::string_view port) {
  KubernetesAccess access;
  access.context = "in-cluster";
  access.cluster = "in-cluster";
  const bool is_v6 = host.find(':') != std::string_view::npos;
  access.server =
      is_v6 ? fmt::format("https://[{}]:{}", host, port) : fmt::format("https://{}:{}", host, port);
  Result<std::string> ca = read_file(folder + "/ca.crt");
  if (!ca.ok()) return ca.error();
  access.ca_pem = ca.take();
  access.token_file = folder + "/token";
  if (Result<std::string> name = read_file(folder + "/namespace"); name.ok())
    access.namespace_name = trimmed(name.take());
  return access;
}

Result<KubernetesAccess> find_kubernetes_access(
    std::string_view context, const std::map<std::string, std::string>& environment) {
  std::vector<std::pair<std::string, std::string>> files;
  std::stringstream paths(value_of(environment, "KUBECONFIG"));
  bool named = false;
  for (std::string path; std::getline(paths, path, ':');) {
    if (path.empty()) continue;
    named = true;
    if (Result<std::string> text = read_file(path); text.ok())
      files.emplace_back(path, text.take());
  }
  if (named && files.empty())
    return refused("None of the files that KUBECONFIG names can be read.");
  if (!named) {
    const std::string path = value_of(environment, "HOME") + "/.kube/config";
    if (Result<std::string> text = read_file(path); text.ok())
      files.emplace_back(path, text.take());
  }
  if (!files.empty()) return parse_kubeconfig(files, context);
  const std::string host = value_of(environment, "KUBERNETES_SERVICE_HOST");
  if (host.empty() || (!context.empty() && context != "in-cluster")) {
    return refused(
        "There is no kubeconfig: neither KUBECONFIG nor ~/.kube/config names a file "
        "that can be read, and this is no pod with a service account.");
  }
  return service_account_access(kServiceAccount, host,
                                value_of(environment, "KUBERNETES_SERVICE_PORT"));
}

Result<std::string> token_of(const KubernetesAccess& access) {
  if (access.token_file.empty()) return access.token;
  Result<std::string> token = read_file(access.token_file);
  if (!token.ok()) return token.error();
  return trimmed(token.take());
}

}  // namespace telltale::collect
