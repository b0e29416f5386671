#include "collect/kubernetes_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace telltale::collect {
namespace {

using testing::HasSubstr;

constexpr const char* kConfig = R"(
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster: {server: "https://10.0.0.1:6443/", certificate-authority-data: Q0EK}
- name: c2
  cluster: {server: "https://two", insecure-skip-tls-verify: true}
contexts:
- name: one
  context: {cluster: c1, user: u1, namespace: team-a}
- name: two
  context: {cluster: c2, user: u2}
- name: three
  context: {cluster: c1, user: u3}
- name: four
  context: {cluster: c9, user: u1}
users:
- name: u1
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: u2
  user: {tokenFile: token}
- name: u3
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}
)";

class KubernetesAccessTest : public testing::Test {
 protected:
  KubernetesAccessTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "access-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~KubernetesAccessTest() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  }
  Result<KubernetesAccess> parse(std::string_view context) {
    return parse_kubeconfig({{folder + "/config", kConfig}}, context);
  }

  std::string folder;
};

TEST_F(KubernetesAccessTest, ReadsTheCurrentContext) {
  const Result<KubernetesAccess> access = parse("");
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->context, "one");
  EXPECT_EQ(access->cluster, "c1");
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->namespace_name, "team-a");
  EXPECT_EQ(access->ca_pem, "CA\n");
  EXPECT_EQ(access->client_certificate_pem, "CERT");
  EXPECT_EQ(access->client_key_pem, "KEY");
  EXPECT_TRUE(access->verify_tls);
}

TEST_F(KubernetesAccessTest, ATokenFileIsReadAgainWhenItChanges) {
  const Result<KubernetesAccess> access = parse("two");
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_FALSE(access->verify_tls);
  EXPECT_FALSE(token_of(access.value()).ok());
  write("token", "first\n");
  EXPECT_EQ(token_of(access.value()).value(), "first");
  write("token", "second\n");
  EXPECT_EQ(token_of(access.value()).value(), "second");
}

TEST_F(KubernetesAccessTest, WhatItDoesNotSpeakIsRefusedInASentence) {
  EXPECT_THAT(parse("three").error().message, HasSubstr("gets its token from a program (exec)"));
  EXPECT_THAT(parse("four").error().message, HasSubstr("no cluster c9"));
  EXPECT_THAT(parse("five").error().message, HasSubstr("no context five"));
  EXPECT_THAT(parse_kubeconfig({{"/k", "a: ["}}, "").error().message,
              HasSubstr("is no kubeconfig"));
  EXPECT_FALSE(parse_kubeconfig({{"/k", "just words"}}, "").ok());
  EXPECT_FALSE(parse_kubeconfig({{"/k", ""}}, "").ok());
}

TEST_F(KubernetesAccessTest, OfSeveralFilesTheFirstThatHasANameSaysWhatItMeans) {
  const std::string first = write("first",
                                  "current-context: two\nclusters:\n- name: c2\n"
                                  "  cluster: {server: 'https://first'}\n");
  const std::string second = write("second", kConfig);
  const Result<KubernetesAccess> access =
      find_kubernetes_access("", {{"KUBECONFIG", first + ":" + folder + "/absent:" + second}});
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->server, "https://first");
  EXPECT_EQ(access->token_file, folder + "/token");
}

TEST_F(KubernetesAccessTest, APodHasItsServiceAccount) {
  write("ca.crt", "CA");
  write("namespace", "telltale\n");
  const Result<KubernetesAccess> access = service_account_access(folder, "fd00::1", "443");
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->server, "https://[fd00::1]:443");
  EXPECT_EQ(access->namespace_name, "telltale");
  EXPECT_EQ(access->token_file, folder + "/token");
}

TEST_F(KubernetesAccessTest, WhereNothingIsFoundASentenceSaysWhatWasLookedFor) {
  const Result<KubernetesAccess> access = find_kubernetes_access("", {{"HOME", folder}});
  ASSERT_FALSE(access.ok());
  EXPECT_THAT(access.error().message, HasSubstr("KUBECONFIG"));
}

}  // namespace
}  // namespace telltale::collect
