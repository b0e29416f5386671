#include "drawing/gap_tracks.h"

#include <algorithm>
#include <limits>

namespace telltale::drawing {
namespace {

using Swing = EdgePlan::Swing;

constexpr float kApart = 10;  // nets that come nearer on one track would look joined
// Gaps of more nets are ordered by direction only.
constexpr std::size_t kNetsCompared = 96;
constexpr int kRounds = 3;
constexpr std::uint64_t kSwingSteps = 8;  // counted for a swing that finds its net

struct Net {
  float from;  // leftmost and rightmost x
  float to;
  float drift = 0;                    // sum of to_x - from_x
  std::vector<std::uint32_t> swings;  // of the gap
  std::uint32_t track = 0;

  bool meets(const Net& other) const {
    return from < other.to + kApart && other.from < to + kApart;
  }
};

class Gap {
 public:
  Gap(std::vector<Swing>& swings, std::vector<std::uint32_t>& which, Work& work)
      : swings_(swings), work_(work) {
    work_.add(which.size() * kSwingSteps);
    std::sort(which.begin(), which.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(swings[a].net, a) < std::pair(swings[b].net, b);
    });
    for (const std::uint32_t i : which) {
      const Swing& swing = swings[i];
      const auto [left, right] = std::minmax(swing.from_x, swing.to_x);
      if (nets_.empty() || swings[nets_.back().swings.back()].net != swing.net)
        nets_.push_back({left, right, 0, {}, 0});
      Net& net = nets_.back();
      net.from = std::min(net.from, left);
      net.to = std::max(net.to, right);
      net.drift += swing.to_x - swing.from_x;
      net.swings.push_back(i);
    }
  }

  std::uint32_t assign() {
    order();
    // Longest path: below all nets before it that it meets.
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < nets_.size(); ++i) {
      Net& net = nets_[i];
      const std::size_t compared = work_.is_over() ? 0 : std::min(i, kNetsCompared);
      work_.add(compared);
      for (std::size_t j = i - compared; j < i; ++j) {
        if (net.meets(nets_[j])) net.track = std::max(net.track, nets_[j].track + 1);
      }
      count = std::max(count, net.track + 1);
      for (const std::uint32_t swing : net.swings) swings_[swing].track = net.track;
    }
    return count;
  }

 private:
  // To the right: the one furthest right on top, then to the left: the one furthest left on top.
  void order() {
    std::stable_sort(nets_.begin(), nets_.end(), [](const Net& a, const Net& b) {
      const bool a_right = a.drift > 0;
      const bool b_right = b.drift > 0;
      if (a_right != b_right) return a_right;
      return a_right ? a.from > b.from : a.to < b.to;
    });
    if (nets_.size() > kNetsCompared) return;
    for (int round = 0; round < kRounds && !work_.is_over(); ++round) {
      bool better = false;
      for (std::size_t i = 1; i < nets_.size(); ++i) {
        for (std::size_t j = i; j > 0; --j) {
          if (!nets_[j].meets(nets_[j - 1])) {
            // Nets that do not meet pass each other, so that the next ones can be compared.
            std::swap(nets_[j], nets_[j - 1]);
            continue;
          }
          if (crossings(nets_[j], nets_[j - 1]) >= crossings(nets_[j - 1], nets_[j])) break;
          std::swap(nets_[j], nets_[j - 1]);
          better = true;
        }
      }
      if (!better) break;
    }
  }

  // With `upper` on the track above `lower`.
  std::size_t crossings(const Net& upper, const Net& lower) {
    work_.add(lower.swings.size() + upper.swings.size());
    std::size_t count = 0;
    for (const std::uint32_t i : lower.swings) {
      const float x = swings_[i].from_x;
      if (x > upper.from && x < upper.to) ++count;
    }
    for (const std::uint32_t i : upper.swings) {
      const float x = swings_[i].to_x;
      if (x > lower.from && x < lower.to) ++count;
    }
    return count;
  }

  std::vector<Swing>& swings_;
  Work& work_;
  std::vector<Net> nets_;
};

}  // namespace

std::uint32_t assign_gap_tracks(std::vector<Swing>& swings, std::vector<std::uint32_t>& which,
                                Work& work) {
  if (which.empty() || work.is_over()) return which.empty() ? 0 : 1;
  return Gap(swings, which, work).assign();
}

}  // namespace telltale::drawing
