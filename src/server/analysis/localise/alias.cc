// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/alias.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

namespace pano::analysis {
namespace {

constexpr size_t kTellingToken = 5;  // letters of a host's name that can name a service

// Words that say how something is seen or what kind of thing it is, not which one.
constexpr std::array<std::string_view, 24> kKindWords = {
    "client",  "remote", "caller", "outbound", "egress", "external", "upstream",  "view",
    "context", "aws",    "lambda", "function", "ecs",    "fargate",  "container", "svc",
    "cluster", "local",  "http",   "https",    "grpc",   "service",  "default",   "tcp"};

bool IsKindWord(std::string_view word) {
  return std::ranges::find(kKindWords, word) != kKindWords.end() ||
         std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Hosts cut words short: "servi" tells no more than "service".
bool BeginsKindWord(std::string_view word) {
  return IsKindWord(word) || std::ranges::any_of(kKindWords, [&](std::string_view kind) {
           return kind.starts_with(word);
         });
}

std::vector<std::string> Words(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// "view" words: with one of them a name does not stand for the service itself.
bool SaysView(std::string_view name) {
  constexpr std::array<std::string_view, 7> kViews = {"client", "remote",   "caller", "outbound",
                                                      "egress", "upstream", "view"};
  const std::vector<std::string> words = Words(name);
  return std::ranges::any_of(
      words, [&](const std::string& w) { return std::ranges::find(kViews, w) != kViews.end(); });
}

bool LooksLikeHost(std::string_view name) { return std::ranges::count(name, '.') >= 2; }

class Finder {
 public:
  explicit Finder(const System& system) : system_(system), alias_(system.nodes.size(), kNoNode) {
    for (const std::string& name : system.question->nodes) stems_.push_back(ServiceStem(name));
  }

  std::vector<uint32_t> Find() {
    std::map<std::string, std::vector<uint32_t>> by_stem;
    for (uint32_t i = 0; i < stems_.size(); ++i) {
      if (!stems_[i].empty()) by_stem[stems_[i]].push_back(i);
    }
    for (const auto& [stem, nodes] : by_stem) {
      if (nodes.size() < 2) continue;
      JoinFronts(nodes);
      JoinSame(nodes);
    }
    for (uint32_t i = 0; i < stems_.size(); ++i) {
      if (alias_[i] == kNoNode && LooksLikeHost(system_.question->nodes[i])) JoinHost(i);
    }
    std::vector<uint32_t> unchained = alias_;
    for (uint32_t& a : unchained) {
      if (a != kNoNode && alias_[a] != kNoNode) a = kNoNode;
    }
    return unchained;
  }

 private:
  // The service itself is what others call, or what calls others; its views are only called.
  bool IsLeaf(uint32_t node) const { return system_.out[node].empty(); }

  // The service of the same name that is all a node calls: the node is its front.
  void JoinFronts(const std::vector<uint32_t>& nodes) {
    for (const uint32_t n : nodes) {
      if (system_.out[n].size() != 1) continue;
      const uint32_t callee = system_.calls[system_.out[n][0]].callee;
      if (std::ranges::find(nodes, callee) != nodes.end()) alias_[n] = callee;
    }
  }

  void JoinSame(const std::vector<uint32_t>& nodes) {
    uint32_t service = kNoNode;
    for (const uint32_t n : nodes) {
      if (!SaysView(system_.question->nodes[n])) service = service == kNoNode ? n : kNoNode - 1;
    }
    if (service >= kNoNode - 1) return;  // none or several: nobody knows which is which
    for (const uint32_t n : nodes) {
      if (n != service && IsLeaf(n)) alias_[n] = service;
    }
  }

  // A host whose name holds one telling part of exactly one service's name.
  void JoinHost(uint32_t host) {
    if (!IsLeaf(host)) return;
    uint32_t service = kNoNode;
    for (const std::string& word : Words(system_.question->nodes[host])) {
      if (word.size() < kTellingToken || BeginsKindWord(word)) continue;
      uint32_t found = kNoNode;
      size_t count = 0;
      for (uint32_t i = 0; i < stems_.size(); ++i) {
        if (i == host || LooksLikeHost(system_.question->nodes[i])) continue;
        if (SaysView(system_.question->nodes[i])) continue;
        if (stems_[i].find(word) != std::string::npos) found = i, ++count;
      }
      if (count != 1) continue;
      if (service != kNoNode && service != found) return;
      service = found;
    }
    if (service != kNoNode) alias_[host] = service;
  }

  const System& system_;
  std::vector<std::string> stems_;
  std::vector<uint32_t> alias_;
};

}  // namespace

std::string ServiceStem(std::string_view name) {
  std::string stem;
  for (const std::string& word : Words(name)) {
    if (!IsKindWord(word)) stem += word;
  }
  return stem;
}

std::vector<uint32_t> FindAliases(const System& system) { return Finder(system).Find(); }

}  // namespace pano::analysis
