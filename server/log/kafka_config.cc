#include "log/kafka_config.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include "log/kafka_log.h"

namespace telltale::log {
namespace {

constexpr std::string_view kScheme = "kafka://";
constexpr std::string_view kOurs = "telltale.";
constexpr const char* kDefaultPort = ":9092";

// A reply to a producer is never held back to be sent with more: a page waits for it.
const KafkaConfig::Properties kEveryClient = {
    {"client.id", "telltale"},
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    // A broker that comes back is found within a second, one that changed its partitions too.
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"topic.metadata.refresh.interval.ms", "30000"},
    // The brokers' own default would make a deleted topic anew, with another number of partitions.
    {"allow.auto.create.topics", "false"},
    // A topic was there when the log was opened; if brokers know none for this long, it is gone.
    {"topic.metadata.propagation.max.ms", "3000"},
};

Error bad(std::string sentence) { return {ErrorCode::invalid_argument, std::move(sentence)}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// %41 is A; '+' stays what it is, as passwords have it.
std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

template <typename Number>
Status read_number(const std::string& name, const std::string& value, Number* out) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *out);
  if (error == std::errc() && end == value.data() + value.size() && *out > 0) return Done{};
  return bad(fmt::format("{} is not a number above 0.", name));
}

// Lines of name=value; '#' begins a comment line.
Status read_file(const std::string& path, KafkaConfig::Properties* properties) {
  std::ifstream file(path);
  if (!file) return bad(fmt::format("{} cannot be read.", path));
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#') continue;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos)
      return bad(fmt::format("{}:{} is not name=value.", path, number));
    properties->emplace_back(trim(text.substr(0, equals)), trim(text.substr(equals + 1)));
  }
  return Done{};
}

Status take_ours(const std::string& name, const std::string& value, KafkaConfig* config) {
  if (name == "telltale.prefix") {
    config->prefix = value;
    return Done{};
  }
  if (name == "telltale.partitions") return read_number(name, value, &config->partitions);
  if (name == "telltale.replication") return read_number(name, value, &config->replication);
  if (name == "telltale.retention.ms") return read_number(name, value, &config->retention_ms);
  return bad(
      fmt::format("There is no {}. There are telltale.file, telltale.partitions, telltale.prefix, "
                  "telltale.replication and telltale.retention.ms.",
                  name));
}

Result<std::string> read_brokers(std::string_view text) {
  std::string brokers;
  for (const std::string_view broker : split(text, ',')) {
    if (broker.empty() || broker.find_first_of("/@ ") != std::string_view::npos) {
      return bad(
          "A Kafka log is given as kafka://host:port,host:port?name=value. User and password are "
          "properties: sasl.username, sasl.password; best in the file that telltale.file names.");
    }
    if (!brokers.empty()) brokers += ',';
    brokers += broker;
    const bool has_port = broker.rfind(':') != std::string_view::npos && broker.back() != ']';
    if (!has_port) brokers += kDefaultPort;
  }
  return brokers;
}

}  // namespace

Result<KafkaConfig> KafkaConfig::parse(const std::string& url) {
  if (url.rfind(kScheme, 0) != 0) return bad("A Kafka log's URL begins with kafka://.");
  const std::string_view rest = std::string_view(url).substr(kScheme.size());
  const std::size_t question = rest.find('?');
  auto brokers = read_brokers(rest.substr(0, question));
  if (!brokers.ok()) return brokers.error();
  KafkaConfig config;
  config.brokers = brokers.take();
  Properties given;
  Properties in_file;
  if (question != std::string_view::npos) {
    for (const std::string_view part : split(rest.substr(question + 1), '&')) {
      if (part.empty()) continue;
      const std::size_t equals = part.find('=');
      const std::string name = decode_percent(part.substr(0, equals));
      if (equals == std::string_view::npos) return bad(fmt::format("{} has no value.", name));
      const std::string value = decode_percent(part.substr(equals + 1));
      if (name == "telltale.file") {
        if (Status read = read_file(value, &in_file); !read.ok()) return read.error();
      } else {
        given.emplace_back(name, value);
      }
    }
  }
  in_file.insert(in_file.end(), given.begin(), given.end());
  for (auto& [name, value] : in_file) {
    if (name.rfind(kOurs, 0) == 0) {
      if (Status taken = take_ours(name, value, &config); !taken.ok()) return taken.error();
    } else if (name == "group.instance.id") {
      config.instance = value;
    } else {
      config.properties.emplace_back(name, value);
    }
  }
  // A wrong property is found here, not by the first client that is made.
  if (auto tried = config.conf({}); !tried.ok()) return tried.error();
  return config;
}

Result<KafkaConf> KafkaConfig::conf(const Properties& defaults) const {
  KafkaConf conf(rd_kafka_conf_new());
  char why[512];
  for (const Properties* list : {&kEveryClient, &defaults, &properties}) {
    for (const auto& [name, value] : *list) {
      const auto set = rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why, sizeof why);
      if (set == RD_KAFKA_CONF_OK) continue;
      // Why it is wrong may quote the value, which may be a secret.
      return bad(set == RD_KAFKA_CONF_UNKNOWN
                     ? fmt::format("Kafka's client knows no property {}.", name)
                     : fmt::format("The value of the property {} is not a good one.", name));
    }
  }
  rd_kafka_conf_set(conf.get(), "bootstrap.servers", brokers.c_str(), nullptr, 0);
  return conf;
}

std::string kafka_url_without_secrets(const std::string& url) {
  std::string shown = url.substr(0, url.find('?'));
  if (shown.size() == url.size()) return shown;
  char separator = '?';
  for (const std::string_view part : split(std::string_view(url).substr(shown.size() + 1), '&')) {
    shown += separator;
    shown += part.substr(0, part.find('='));
    shown += "=…";
    separator = '&';
  }
  return shown;
}

}  // namespace telltale::log
