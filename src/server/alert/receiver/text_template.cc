// SPDX-License-Identifier: Apache-2.0
#include "server/alert/receiver/text_template.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "server/alert/message.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr size_t kMaxFilled = size_t{1} << 20;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Field {
  bool as_json = false;
  std::string_view name;  // empty with as_json: everything
};

Field FieldOf(std::string_view inside) {
  inside = Trim(inside);
  if (inside == "json") return {true, ""};
  if (inside.starts_with("json ")) return {true, Trim(inside.substr(5))};
  return {false, inside};
}

// Null where it is not there.
const json& Find(const json& document, std::string_view path) {
  static const json kNothing;
  const json* at = &document;
  while (!path.empty()) {
    const std::string step(path.substr(0, path.find('.')));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    if (at->is_object() && at->contains(step)) {
      at = &(*at)[step];
    } else if (at->is_array() && !step.empty() && step.size() < 6 &&
               step.find_first_not_of("0123456789") == std::string::npos &&
               std::stoul(step) < at->size()) {
      at = &(*at)[std::stoul(step)];
    } else {
      return kNothing;
    }
  }
  return *at;
}

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// As it stands between the quotes of a JSON string.
std::string Inside(const json& value) {
  if (value.is_null()) return "";
  std::string text = value.is_string() ? Dump(value) : Dump(json(Dump(value)));
  return text.substr(1, text.size() - 2);
}

// Calls `literal` and `field` front to back.
Status Walk(std::string_view text, const std::function<void(std::string_view)>& literal,
            const std::function<Status(size_t, Field)>& field) {
  size_t done = 0;
  while (true) {
    const size_t open = text.find("{{", done);
    literal(text.substr(done, open - done));
    if (open == std::string_view::npos) return {};
    const size_t close = text.find("}}", open);
    if (close == std::string_view::npos) {
      return Fail(Code::kInvalid, "template: character {}: \"{{{{\" is never closed", open + 1);
    }
    PANO_TRY(field(open, FieldOf(text.substr(open + 2, close - open - 2))));
    done = close + 2;
  }
}

}  // namespace

Status CheckTemplate(std::string_view text) {
  if (text.size() > kMaxTemplate) {
    return Fail(Code::kInvalid, "template: at most {} bytes", kMaxTemplate);
  }
  const json known = MessageJson(TestMessage("", "", 0));
  return Walk(
      text, [](std::string_view) {},
      [&known](size_t at, const Field& field) -> Status {
        if (field.as_json && field.name.empty()) return {};
        const std::string first(field.name.substr(0, field.name.find('.')));
        if (known.contains(first)) return {};
        return Fail(Code::kInvalid, "template: character {}: a message has no \"{}\"", at + 1,
                    first.substr(0, 60));
      });
}

std::string FillTemplate(std::string_view text, const json& message) {
  std::string out;
  const Status walked = Walk(
      text, [&out](std::string_view literal) { out += literal; },
      [&](size_t, const Field& field) -> Status {
        const json& value = Find(message, field.name);
        if (out.size() < kMaxFilled) out += field.as_json ? Dump(value) : Inside(value);
        return {};
      });
  if (!walked) out += text;  // was checked when it was given: cannot be
  return out;
}

}  // namespace pano::alert
