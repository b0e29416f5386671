// KubernetesAccess: where a Kubernetes API server is and who we are to it, from a kubeconfig as
// kubectl reads it or from the service account of the pod we run in. Reads files when it is asked;
// holds secrets, so it is never logged. Of any thread. A program that a kubeconfig would have us
// run for a token (`exec`) is refused in a sentence: Telltale runs nothing that it is not asked to.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace telltale::collect {

struct KubernetesAccess {
  std::string context;         // of the kubeconfig; "in-cluster" for a service account
  std::string cluster;         // what a person calls the cluster
  std::string server;          // "https://10.0.0.1:443", without a slash at its end
  std::string namespace_name;  // of the context, "" = not told
  std::string ca_pem;          // "" = the system's authorities
  bool verify_tls = true;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;       // a fixed one, or
  std::string token_file;  // one that is read again when it changes

  bool operator==(const KubernetesAccess&) const = default;
};

// `files`: paths and contents of kubeconfigs in the order of $KUBECONFIG; what a name means is said
// by the first that has it. Relative paths inside are relative to their file. An empty `context`
// is the current one. Reads the files of certificates and keys that the context names.
Result<KubernetesAccess> parse_kubeconfig(
    const std::vector<std::pair<std::string, std::string>>& files, std::string_view context);

// The service account whose files are in `folder`, of the API server that the environment names.
Result<KubernetesAccess> service_account_access(const std::string& folder, std::string_view host,
                                                std::string_view port);

// As kubectl does: the files of `environment`'s KUBECONFIG, else HOME/.kube/config; where no
// context is asked for and none of these is there, the pod's service account.
Result<KubernetesAccess> find_kubernetes_access(
    std::string_view context, const std::map<std::string, std::string>& environment);

// The token to send now: the fixed one, or the file's. "" = none.
Result<std::string> token_of(const KubernetesAccess& access);

}  // namespace telltale::collect
