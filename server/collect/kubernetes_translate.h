// KubernetesTranslate: what a KubernetesSource tells -> records for the log. Gives an ArgoTranslate
// the lines of watches and lists, a fresh one where the cluster's versions went back. Lines that
// are no facts are refused with their reason. Its state can be lost: then things are told again.
// Lives on collect's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collect/argo_translate.h"
#include "collect/event_parser.h"
#include "ports/source.h"

namespace telltale::collect {

class KubernetesTranslate {
 public:
  // `cluster`: what a person calls it; part of each run's key.
  explicit KubernetesTranslate(std::string cluster);

  ParsedEvents translate(const std::vector<ports::Item>& items, EpochUs observed_at);

 private:
  bool take_generation(std::string_view bytes);

  const std::string cluster_;
  std::unique_ptr<ArgoTranslate> argo_;
};

}  // namespace telltale::collect
