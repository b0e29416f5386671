#include "log/kafka_client.h"

#include <fmt/format.h>
#include <syslog.h>

namespace telltale::log {
namespace {

// Called by librdkafka's own threads.
void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (level > LOG_ERR) return;
  const std::string_view about(facility);
  if (about != "FAIL" && about != "ERROR" && about != "FATAL" && about != "SASL") return;
  // "[thrd:x]: host:port/id: what happened": which thread saw it is nobody's business.
  std::string_view complaint(text);
  if (complaint.rfind("[thrd:", 0) == 0) {
    const std::size_t end = complaint.find("]: ");
    if (end != std::string_view::npos) complaint.remove_prefix(end + 3);
  }
  static_cast<KafkaHealth*>(rd_kafka_opaque(client))->note(std::string(complaint));
}

bool tells_refusal(std::string_view complaint) {
  for (const char* sign : {"SASL authentication error", "Authentication failed",
                           "certificate verify failed", "SSL handshake failed"}) {
    if (complaint.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

void KafkaHealth::note(std::string complaint) {
  std::lock_guard lock(mutex_);
  // That all brokers are down says less than why the last of them is.
  if (!complaint_.empty() && complaint.find("brokers are down") != std::string::npos) return;
  refused_ = tells_refusal(complaint);
  complaint_ = std::move(complaint);
}

std::string KafkaHealth::complaint() const {
  std::lock_guard lock(mutex_);
  return complaint_;
}

bool KafkaHealth::refused() const {
  std::lock_guard lock(mutex_);
  return refused_;
}

Result<KafkaHandle> make_kafka_client(rd_kafka_type_t type, KafkaConf conf, KafkaHealth& health) {
  rd_kafka_conf_set_opaque(conf.get(), &health);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  char why[512];
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), why, sizeof why);
  if (client == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("Kafka's client does not take its settings: {}", why)};
  }
  (void)conf.release();  // the client's now
  return KafkaHandle(client);
}

Error kafka_is_away(const KafkaHealth& health) {
  const std::string complaint = health.complaint();
  if (complaint.empty()) return {ErrorCode::unavailable, "Kafka does not answer."};
  return {ErrorCode::unavailable,
          fmt::format("{} ({})",
                      health.refused() ? "Kafka refuses this client." : "Kafka does not answer.",
                      complaint)};
}

Error kafka_error(rd_kafka_resp_err_t code, const std::string& topic, const KafkaHealth& health) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {
          ErrorCode::too_large,
          fmt::format("A record is larger than the topic {} takes (max.message.bytes).", topic)};
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return {ErrorCode::too_many_requests, "The log's queue is full. Try again in a second."};
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return {ErrorCode::unavailable,
              fmt::format("Kafka has no topic {} any more, or not all its partitions. It was "
                          "deleted while this server ran; a server that starts makes it anew.",
                          topic)};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return {ErrorCode::unavailable,
              fmt::format("Kafka does not allow this client what it asked of {} ({}).", topic,
                          rd_kafka_err2str(code))};
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL: return kafka_is_away(health);
    default:
      return {ErrorCode::unavailable,
              fmt::format("Kafka cannot do this now, for {}: {}.", topic, rd_kafka_err2str(code))};
  }
}

}  // namespace telltale::log
