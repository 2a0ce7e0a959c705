// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/naming.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace pano::entity {
namespace {

bool IsHex(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}
bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}
// Kubernetes draws random suffixes from letters and digits that form no words.
bool IsRandomSuffix(std::string_view text) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  return std::ranges::all_of(text, [&](char c) { return kAlphabet.contains(c); });
}
bool IsLowerAlnum(std::string_view text) {
  return std::ranges::all_of(
      text, [](unsigned char c) { return std::isdigit(c) != 0 || std::islower(c) != 0; });
}
bool HasDigit(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// 64 hex digits anywhere in one path element: "<id>", "docker-<id>.scope", "libpod-<id>.scope".
std::string ContainerIdOf(std::string_view element) {
  if (element.ends_with(".scope")) element.remove_suffix(6);
  if (element.size() < 64) return {};
  const std::string_view id = element.substr(element.size() - 64);
  const bool alone = element.size() == 64 || element[element.size() - 65] == '-' ||
                     element[element.size() - 65] == ':';
  return alone && IsHex(id) ? std::string(id) : std::string();
}

// "pod<uid>" or "kubepods-burstable-pod<uid with underscores>.slice".
std::string PodUidOf(std::string_view element) {
  if (element.ends_with(".slice")) element.remove_suffix(6);
  const size_t at = element.rfind("pod");
  if (at == std::string_view::npos || (at != 0 && element[at - 1] != '-')) return {};
  std::string uid(element.substr(at + 3));
  std::ranges::replace(uid, '_', '-');
  const bool plausible =
      uid.size() >= 8 && uid.size() <= 64 &&
      std::ranges::all_of(uid, [](unsigned char c) { return std::isxdigit(c) != 0 || c == '-'; });
  return plausible ? uid : std::string();
}

// Units that hold whatever people start by hand.
bool IsSessionUnit(std::string_view unit) {
  constexpr std::array kSessions = {std::string_view("ssh"),        std::string_view("sshd"),
                                    std::string_view("cron"),       std::string_view("docker"),
                                    std::string_view("containerd"), std::string_view("kubelet"),
                                    std::string_view("crond")};
  return unit.starts_with("user@") || unit.starts_with("getty@") || unit.starts_with("serial-") ||
         std::ranges::find(kSessions, unit) != kSessions.end();
}

struct Interpreter {
  std::string_view prefix;      // of the executable's file name
  std::string_view with_value;  // short options that take a value, each a letter
};
constexpr std::array kInterpreters = {
    Interpreter{"python", "WX"}, Interpreter{"node", "r"},    Interpreter{"ruby", "IrEC"},
    Interpreter{"perl", "I"},    Interpreter{"php", "dctSz"}, Interpreter{"bash", "o"},
    Interpreter{"sh", "o"},      Interpreter{"dash", "o"},    Interpreter{"deno", ""},
    Interpreter{"bun", ""},      Interpreter{"pypy", "WX"},
};

bool IsInterpreter(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  const std::string_view rest = name.substr(prefix.size());
  return std::ranges::all_of(
      rest, [](unsigned char c) { return std::isdigit(c) != 0 || c == '.' || c == '-'; });
}

std::string JavaProgram(const std::vector<std::string>& arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    if (a == "-jar" && i + 1 < arguments.size()) return std::string(BaseName(arguments[i + 1]));
    if (a == "-cp" || a == "-classpath" || a == "--class-path" || a == "-p" ||
        a == "--module-path" || a == "--add-opens" || a == "--add-modules") {
      ++i;
      continue;
    }
    if (a == "-m" || a == "--module") continue;
    if (a.starts_with("-") || a.starts_with("@") || a.empty()) continue;
    const size_t dot = a.rfind('.');  // main class: its last part
    return dot == std::string::npos ? a : a.substr(dot + 1);
  }
  return {};
}

std::string ScriptOf(const std::vector<std::string>& arguments, std::string_view with_value) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    if (a == "-m" && i + 1 < arguments.size()) return arguments[i + 1];  // python -m module
    if (a == "-c" || a == "-e" || a == "-r") return {};                  // code on the line
    if (a == "-S" || a == "-t") {                                        // php -S address -t dir
      ++i;
      continue;
    }
    if (a.size() == 2 && a[0] == '-' && with_value.contains(a[1])) {
      ++i;
      continue;
    }
    if (a.empty() || a[0] == '-') continue;
    return std::string(BaseName(a));
  }
  return {};
}

}  // namespace

CgroupIdentity IdentityOf(std::string_view path) {
  CgroupIdentity id;
  const bool kube = path.find("kubepods") != std::string_view::npos;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view element = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (std::string container = ContainerIdOf(element); !container.empty()) {
      id.container_id = std::move(container);
    } else if (std::string uid = kube ? PodUidOf(element) : std::string(); !uid.empty()) {
      id.pod_uid = std::move(uid);
    } else if (element.ends_with(".service") && !kube) {
      const std::string_view unit = element.substr(0, element.size() - 8);
      id.unit = IsSessionUnit(unit) ? std::string() : std::string(unit);
    }
  }
  return id;
}

std::string TellingCgroup(const std::vector<CgroupPath>& cgroups) {
  const CgroupPath* best = nullptr;
  int best_score = -1;
  for (const CgroupPath& c : cgroups) {
    const CgroupIdentity id = IdentityOf(c.path);
    const int score = (id.container_id.empty() ? 0 : 4) + (id.pod_uid.empty() ? 0 : 2) +
                      (id.unit.empty() ? 0 : 1);
    if (score > best_score ||
        (score == best_score && best != nullptr && c.path.size() > best->path.size())) {
      best = &c;
      best_score = score;
    }
  }
  return best == nullptr ? std::string() : best->path;
}

std::optional<std::string> WorkloadOfPod(std::string_view name) {
  const size_t last = name.rfind('-');
  if (last == std::string_view::npos || last == 0 || last + 1 == name.size()) return std::nullopt;
  const std::string_view tail = name.substr(last + 1);
  const std::string_view head = name.substr(0, last);
  if (IsDigits(tail) && tail.size() <= 5) return std::string(head);
  if (tail.size() != 5 || !IsLowerAlnum(tail)) return std::nullopt;
  const size_t middle_at = head.rfind('-');
  if (middle_at != std::string_view::npos && middle_at > 0) {
    const std::string_view middle = head.substr(middle_at + 1);
    const bool hash = middle.size() >= 3 && middle.size() <= 10 && IsLowerAlnum(middle) &&
                      (IsRandomSuffix(middle) || (HasDigit(middle) && IsHex(middle)));
    if (hash && (IsRandomSuffix(tail) || HasDigit(tail))) {
      return std::string(head.substr(0, middle_at));
    }
  }
  if (IsRandomSuffix(tail) && HasDigit(tail)) return std::string(head);  // a daemon set's
  return std::nullopt;
}

std::string ProgramOf(const ProcessFacts& facts) {
  std::string name(BaseName(facts.executable));
  if (name.empty()) name = facts.comm;
  if (name == "java") {
    if (std::string main = JavaProgram(facts.arguments); !main.empty()) return main;
    return name;
  }
  for (const Interpreter& i : kInterpreters) {
    if (!IsInterpreter(name, i.prefix)) continue;
    std::string script = ScriptOf(facts.arguments, i.with_value);
    return script.empty() ? name : script;
  }
  return name;
}

schema::NodeKind KindOf(std::string_view program, std::string_view executable,
                        std::string_view service) {
  struct Known {
    std::string_view prefix;
    schema::NodeKind kind;
  };
  using schema::NodeKind;
  constexpr std::array kKnown = {
      Known{"redis", NodeKind::kCache},
      Known{"valkey", NodeKind::kCache},
      Known{"keydb", NodeKind::kCache},
      Known{"memcached", NodeKind::kCache},
      Known{"postgres", NodeKind::kDatabase},
      Known{"mariadbd", NodeKind::kDatabase},
      Known{"mysqld", NodeKind::kDatabase},
      Known{"mongod", NodeKind::kDatabase},
      Known{"clickhouse", NodeKind::kDatabase},
      Known{"kafka", NodeKind::kQueue},
      Known{"rabbitmq", NodeKind::kQueue},
      Known{"nats-server", NodeKind::kQueue},
      Known{"mosquitto", NodeKind::kQueue},
      Known{"activemq", NodeKind::kQueue},
      Known{"wrk", NodeKind::kLoadGenerator},
      Known{"hey", NodeKind::kLoadGenerator},
      Known{"k6", NodeKind::kLoadGenerator},
      Known{"h2load", NodeKind::kLoadGenerator},
      Known{"ab", NodeKind::kLoadGenerator},
      Known{"locust", NodeKind::kLoadGenerator},
      Known{"loadgen", NodeKind::kLoadGenerator},
      Known{"vegeta", NodeKind::kLoadGenerator},
      Known{"ghz", NodeKind::kLoadGenerator},
      Known{"redis-benchmark", NodeKind::kLoadGenerator},
      Known{"dnsmasq", NodeKind::kDns},
      Known{"coredns", NodeKind::kDns},
      Known{"named", NodeKind::kDns},
      Known{"unbound", NodeKind::kDns},
      Known{"systemd-resolve", NodeKind::kDns},
  };
  if (program.starts_with("redis-benchmark")) return NodeKind::kLoadGenerator;
  if (program == "redis-cli") return NodeKind::kService;
  for (std::string_view text : {program, BaseName(executable), service}) {
    for (const Known& k : kKnown) {
      // Short names must match whole: "hey" is not "heyday.py".
      const bool match = k.prefix.size() <= 4 ? text == k.prefix : text.starts_with(k.prefix);
      if (match) return k.kind;
    }
  }
  if (program == "Kafka") return NodeKind::kQueue;
  return NodeKind::kService;
}

std::string MaskedCommand(const std::vector<std::string>& arguments, size_t limit) {
  constexpr std::array kSecrets = {std::string_view("pass"),       std::string_view("secret"),
                                   std::string_view("token"),      std::string_view("key="),
                                   std::string_view("credential"), std::string_view("api-key")};
  std::string out;
  bool mask_next = false;
  for (const std::string& a : arguments) {
    if (out.size() >= limit) break;
    if (!out.empty()) out += ' ';
    std::string lower = a;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool secret =
        std::ranges::any_of(kSecrets, [&](std::string_view s) { return lower.contains(s); });
    const size_t at = a.find_first_of("=:");
    if (mask_next) {
      out += "***";
    } else if (secret && at != std::string::npos) {
      out += a.substr(0, at + 1) + "***";
    } else {
      // "scheme://user:password@host"
      const size_t scheme = a.find("://");
      const size_t host = scheme == std::string::npos ? scheme : a.find('@', scheme);
      out += host == std::string::npos ? a : a.substr(0, scheme + 3) + "***" + a.substr(host);
    }
    mask_next = secret && at == std::string::npos && a.starts_with("-");
  }
  if (out.size() > limit) out.resize(limit);
  return out;
}

Naming NameProcess(const ProcessFacts& facts, const NamingContext& context) {
  Naming n;
  n.cgroup_path = TellingCgroup(facts.cgroups);
  n.cgroup = IdentityOf(n.cgroup_path);
  n.program = ProgramOf(facts);
  const bool own_name = !facts.hostname.empty();
  if (!n.cgroup.pod_uid.empty()) {
    n.group = "pod:" + n.cgroup.pod_uid;
  } else if (!n.cgroup.container_id.empty()) {
    n.group = "container:" + n.cgroup.container_id;
  } else if (own_name && !context.in_host_netns) {
    n.group = fmt::format("uts:{}", facts.utsns);
  } else if (!context.netns_name.empty()) {
    n.group = fmt::format("netns:{}", facts.netns);
  } else if (!n.cgroup.unit.empty()) {
    n.group = "unit:" + n.cgroup_path;
  }

  const auto take = [&](std::string service, std::string instance, std::string_view source) {
    n.service = std::move(service);
    n.instance = std::move(instance);
    n.source = source;
  };
  // A container engine's default host name is its short id, which names nothing.
  const bool id_name = own_name && !n.cgroup.container_id.empty() &&
                       n.cgroup.container_id.starts_with(facts.hostname);
  const std::string container_instance =
      context.container.name.empty() ? n.cgroup.container_id.substr(0, 12) : context.container.name;
  if (own_name && !id_name && (!n.cgroup.pod_uid.empty() || WorkloadOfPod(facts.hostname))) {
    take(WorkloadOfPod(facts.hostname).value_or(facts.hostname), facts.hostname, "pod_name");
  } else if (!context.container.compose_service.empty()) {
    take(context.container.compose_service, container_instance, "compose");
  } else if (!context.container.name.empty()) {
    take(context.container.name, context.container.name, "container");
  } else if (own_name && !id_name && !context.in_host_netns) {
    take(facts.hostname, facts.hostname, "hostname");
  } else if (!n.cgroup.unit.empty()) {
    const size_t at = n.cgroup.unit.find('@');
    take(n.cgroup.unit.substr(0, at), n.cgroup.unit, "systemd_unit");
  } else if (!context.netns_name.empty()) {
    take(WorkloadOfPod(context.netns_name).value_or(context.netns_name), context.netns_name,
         "netns");
  } else {
    take(n.program, fmt::format("{}:{}", n.program, facts.pid), "executable");
  }
  for (const std::string& key : {n.service, n.program}) {
    const auto given = context.user_names.find(key);
    if (given == context.user_names.end()) continue;
    n.service = given->second;
    n.source = "user";
    break;
  }
  return n;
}

}  // namespace pano::entity
