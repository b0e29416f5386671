#include "collect/kubernetes_translate.h"

#include <charconv>

#include "schema/event.pb.h"

namespace telltale::collect {

KubernetesTranslate::KubernetesTranslate(std::string cluster)
    : cluster_(std::move(cluster)), argo_(std::make_unique<ArgoTranslate>(cluster_)) {}

ParsedEvents KubernetesTranslate::translate(const std::vector<ports::Item>& items,
                                            EpochUs observed_at) {
  ParsedEvents out;
  std::size_t number = 0;
  for (const ports::Item& item : items) {
    ++number;
    if (take_generation(item.bytes)) continue;
    Translated translated = argo_->translate(item.bytes);
    if (translated.line == Translated::Line::unreadable) {
      out.refused.push_back(
          {number, ErrorCode::invalid_argument, std::move(translated.trouble), item.bytes});
      continue;
    }
    std::size_t index = 0;
    for (schema::Event& event : translated.events) {
      event.set_id(hash_id({item.id, std::to_string(index++)}));
      event.set_observed_at_us(to_number(observed_at));
      out.records.push_back({event.run_key(), event.SerializeAsString(), to_number(observed_at)});
    }
  }
  return out;
}

bool KubernetesTranslate::take_generation(std::string_view bytes) {
  constexpr std::string_view kHead = R"({"type":"GENERATION","generation":)";
  if (!bytes.starts_with(kHead)) return false;
  bytes.remove_prefix(kHead.size());
  std::uint64_t generation = 1;
  std::from_chars(bytes.data(), bytes.data() + bytes.size(), generation);
  argo_ = std::make_unique<ArgoTranslate>(cluster_, generation);
  return true;
}

}  // namespace telltale::collect
