// SPDX-License-Identifier: Apache-2.0
// Reads fields of a JSON object and remembers the first thing that is wrong, by its place. A field
// that is left out or null leaves the value as it is. What nobody asked for is wrong too.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/alert/silence.h"

namespace pano::alert {

class JsonFields {
 public:
  JsonFields(const nlohmann::json& object, std::string place)
      : object_(object), place_(std::move(place)) {
    if (!object.is_object()) Wrong("", "an object is needed");
  }

  // Null when it is not there.
  const nlohmann::json* Find(const char* key) {
    asked_.insert(key);
    if (!object_.is_object()) return nullptr;
    const auto at = object_.find(key);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
  }
  bool Has(const char* key) { return Find(key) != nullptr; }

  void Text(const char* key, std::string& value, size_t most) {
    const nlohmann::json* at = Find(key);
    if (at == nullptr) return;
    if (!at->is_string() || at->get_ref<const std::string&>().size() > most) {
      return Wrong(key, fmt::format("a text of at most {} bytes", most));
    }
    value = at->get<std::string>();
  }
  void Flag(const char* key, bool& value) {
    const nlohmann::json* at = Find(key);
    if (at == nullptr) return;
    if (!at->is_boolean()) return Wrong(key, "true or false");
    value = at->get<bool>();
  }
  void Number(const char* key, double& value, double least, double most) {
    const nlohmann::json* at = Find(key);
    if (at == nullptr) return;
    const double number = at->is_number() ? at->get<double>() : std::nan("");
    if (!(number >= least && number <= most)) {
      return Wrong(key, fmt::format("a number from {} to {}", least, most));
    }
    value = number;
  }
  template <typename T>
  void Whole(const char* key, T& value, uint64_t least, uint64_t most) {
    double number = static_cast<double>(value);
    const bool before = wrong_.empty();
    Number(key, number, static_cast<double>(least), static_cast<double>(most));
    if (before && wrong_.empty() && number != std::floor(number)) {
      return Wrong(key, "a whole number");
    }
    if (wrong_.empty()) value = static_cast<T>(number);
  }
  void Texts(const char* key, std::vector<std::string>& value, size_t most, size_t most_bytes) {
    const nlohmann::json* at = Find(key);
    if (at == nullptr) return;
    if (!at->is_array() || at->size() > most) {
      return Wrong(key, fmt::format("a list of at most {} texts", most));
    }
    value.clear();
    for (size_t i = 0; i < at->size(); ++i) {
      const nlohmann::json& one = (*at)[i];
      if (!one.is_string() || one.get_ref<const std::string&>().size() > most_bytes) {
        return Wrong(fmt::format("{}[{}]", key, i),
                     fmt::format("a text of at most {} bytes", most_bytes));
      }
      value.push_back(one.get<std::string>());
    }
  }
  void Map(const char* key, std::map<std::string, std::string>& value, size_t most,
           size_t most_bytes) {
    const nlohmann::json* at = Find(key);
    if (at == nullptr) return;
    if (!at->is_object() || at->size() > most) {
      return Wrong(key, fmt::format("an object of at most {} texts", most));
    }
    value.clear();
    for (const auto& [name, text] : at->items()) {
      if (!text.is_string() || name.empty() || name.size() > 128 ||
          text.get_ref<const std::string&>().size() > most_bytes) {
        return Wrong(std::string(key) + "." + name.substr(0, 60),
                     fmt::format("a text of at most {} bytes", most_bytes));
      }
      value[name] = text.get<std::string>();
    }
  }
  // One of a closed list; `value` becomes its index.
  template <typename T>
  void Choice(const char* key, T& value, std::initializer_list<std::string_view> names) {
    std::string text;
    Text(key, text, 60);
    if (text.empty() && !Has(key)) return;
    size_t index = 0;
    std::string all;
    for (const std::string_view name : names) {
      if (text == name) {
        value = static_cast<T>(index);
        return;
      }
      all += (all.empty() ? "" : ", ") + std::string(name);
      ++index;
    }
    Wrong(key, fmt::format("one of {}", all));
  }

  void Wrong(std::string_view key, const std::string& what) {
    if (!wrong_.empty()) return;
    std::string at = place_;
    if (!key.empty()) at += (at.empty() ? "" : ".") + std::string(key);
    wrong_ = (at.empty() ? "the body" : at) + ": " + what;
  }
  // The first thing wrong; a key nobody asked for is one unless it is in `ignored`.
  Status Check(std::initializer_list<std::string_view> ignored = {}) {
    if (wrong_.empty() && object_.is_object()) {
      for (const auto& [key, value] : object_.items()) {
        bool known = asked_.contains(key);
        for (const std::string_view one : ignored) known = known || one == key;
        if (!known) Wrong(key.substr(0, 60), "is not known here");
      }
    }
    if (!wrong_.empty()) return std::unexpected(Error{Code::kInvalid, wrong_, "see docs/api.md"});
    return {};
  }
  bool ok() const { return wrong_.empty(); }
  std::string PlaceOf(std::string_view key) const {
    return place_.empty() ? std::string(key) : place_ + "." + std::string(key);
  }

 private:
  const nlohmann::json& object_;
  std::string place_;
  std::string wrong_;
  std::set<std::string, std::less<>> asked_;
};

// "matchers" of a route or silence.
void ReadMatchers(JsonFields& in, std::vector<Matcher>& matchers);
nlohmann::json MatchersJson(const std::vector<Matcher>& matchers);
// The id in the path, else in the body, else made of the name; may be empty.
Result<std::string> EntryId(JsonFields& in, const std::string& id, const std::string& name);

}  // namespace pano::alert
