// SPDX-License-Identifier: Apache-2.0
#ifdef PANO_HAVE_BPF

#include "agent/source/kernel_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string_view>

#include "agent/source/probe_table.h"
#include "bpf/abi/loss.h"
#include "bpf/pano_probes.skel.h"

namespace pano::source {
namespace {

constexpr uint64_t kMinRing = 1u << 20;
constexpr uint64_t kMaxRing = 16u << 20;
constexpr uint32_t kScratchSlots = 3;  // SCRATCH_SLOTS of bpf/maps/scratch.h

// libbpf says why a load failed only through its print function, which is one per process.
std::mutex g_load_mutex;
std::string g_complaint;

int KeepComplaint(libbpf_print_level level, const char* format, va_list args) {
  if (level != LIBBPF_WARN) return 0;
  // A verifier log is long and its end is what matters.
  static char text[1u << 20];
  const int length = vsnprintf(text, sizeof(text), format, args);
  if (length > 0) g_complaint.append(text);
  return length;
}

bool IsTelling(std::string_view line) {
  for (const std::string_view noise :
       {"processed ", "-- ", "libbpf: failed to load object", "peak_states"})
    if (line.starts_with(noise)) return false;
  return !line.empty() && line.find("failed to load") == std::string_view::npos &&
         line.find("BPF program load failed") == std::string_view::npos;
}

// The last words of the verifier, or of libbpf.
std::string LastComplaint() {
  std::string last;
  size_t from = 0;
  while (from < g_complaint.size()) {
    const size_t end = std::min(g_complaint.find('\n', from), g_complaint.size());
    const std::string_view line(g_complaint.data() + from, end - from);
    if (IsTelling(line)) last = std::string(line);
    from = end + 1;
  }
  if (last.size() > 200) last.resize(200);
  return last;
}

std::string Reason(int error) {
  std::string text = ErrnoText(error);
  if (error == EPERM || error == EACCES) {
    if (geteuid() != 0) return text + " (not root: needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN)";
  }
  const std::string complaint = LastComplaint();
  return complaint.empty() ? text : fmt::format("{} ({})", text, complaint);
}

bool Serves(const Probe& probe, Tier tier) {
  return probe.tier == Tier::kAuto || probe.tier == tier;
}

bool Wanted(const Probe& probe, const LiveOptions& options) {
  return options.tcp_probe || std::string_view(probe.program) != "tcp_segment";
}

uint64_t RingSize(uint64_t all, int cpus) {
  const uint64_t each = std::bit_floor(std::max<uint64_t>(all / static_cast<uint64_t>(cpus), 1));
  return std::clamp(each, kMinRing, kMaxRing);
}

}  // namespace

KernelObject::~KernelObject() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
  for (const int fd : ring_fds_) close(fd);
  pano_probes__destroy(skeleton_);
}

Status KernelObject::Open(const LiveOptions& options, Tier tier,
                          const std::set<std::string>& enabled) {
  const std::lock_guard lock(g_load_mutex);
  g_complaint.clear();
  libbpf_set_print(KeepComplaint);
  skeleton_ = pano_probes__open();
  if (!skeleton_) return Fail(Code::kUnsupported, "open probes: {}", Reason(errno));
  for (const Probe& probe : kProbes) {
    bpf_program* program = bpf_object__find_program_by_name(skeleton_->obj, probe.program);
    if (program) bpf_program__set_autoload(program, enabled.contains(probe.program));
    if (!program && probe.required && enabled.contains(probe.program))
      return Fail(Code::kUnsupported, "no program {} in this build", probe.program);
  }
  const auto cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  ring_size_ = RingSize(options.ring_bytes, static_cast<int>(cpus));
  bpf_map__set_max_entries(skeleton_->maps.rings, cpus);
  bpf_map__set_max_entries(skeleton_->maps.scratches, cpus * kScratchSlots);
  skeleton_->rodata->config_default_capture = options.default_capture;
  skeleton_->rodata->config_sock_storage = tier == Tier::kSockLength;
  skeleton_->rodata->config_join_io_uring =
      tier == Tier::kSockLength &&
      (enabled.contains("io_uring_done") || enabled.contains("io_uring_done_parts"));
  skeleton_->rodata->config_wake_bytes = ring_size_ / 4;
  const int error = pano_probes__load(skeleton_);
  if (error != 0) return Fail(Code::kUnsupported, "{}", Reason(-error));
  return {};
}

Status KernelObject::MakeRings(const LiveOptions&) {
  const auto cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    const int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "pano_ring", 0, 0,
                                  static_cast<uint32_t>(ring_size_), nullptr);
    if (fd < 0) return Fail(Code::kExhausted, "make ring: {}", ErrnoText(errno));
    ring_fds_.push_back(fd);
    if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.rings), &cpu, &fd, BPF_ANY) != 0)
      return Fail(Code::kInternal, "place ring: {}", ErrnoText(errno));
  }
  return {};
}

Status KernelObject::Attach(Tier tier, std::vector<Capability>* report) {
  for (const Probe& probe : kProbes) {
    bpf_program* program = bpf_object__find_program_by_name(skeleton_->obj, probe.program);
    if (!program || !bpf_program__autoload(program)) continue;
    bpf_link* link = nullptr;
    const std::string_view name = probe.program;
    if (name == "walk_storage") {
      bpf_iter_link_info info{};
      info.map.map_fd = static_cast<uint32_t>(bpf_map__fd(skeleton_->maps.conn_storage));
      LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));
      link = bpf_program__attach_iter(program, &opts);
    } else {
      link = bpf_program__attach(program);
    }
    if (!link) {
      const std::string reason = "attach: " + ErrnoText(errno);
      if (probe.required) return Fail(Code::kUnsupported, "{}: {}", probe.name, reason);
      for (Capability& found : *report)
        if (found.name == probe.name) found.available = false, found.reason = reason;
      continue;
    }
    links_.push_back(link);
    if (name == "seed") seed_ = link;
    if (name == "walk_storage" || name == "walk_files") walk_ = link;
  }
  if (links_.empty()) return Fail(Code::kUnsupported, "no probe of tier {} attached", Name(tier));
  return {};
}

Result<std::unique_ptr<KernelObject>> KernelObject::Load(const LiveOptions& options, Tier tier,
                                                         std::vector<Capability>* report) {
  std::set<std::string> enabled;
  std::vector<Capability> found;
  for (const Probe& probe : kProbes)
    if (Serves(probe, tier) && Wanted(probe, options) && !probe.instead_of)
      enabled.insert(probe.program);

  std::unique_ptr<KernelObject> object(new KernelObject());
  Status opened = object->Open(options, tier, enabled);
  std::set<std::string> refused;
  std::set<std::string> reasons;
  for (const Probe& probe : kProbes) {
    if (probe.instead_of && refused.contains(probe.instead_of)) enabled.insert(probe.program);
    if (!enabled.contains(probe.program)) continue;
    Capability& entry =
        found.emplace_back(Capability{std::string(probe.name), true, {}, std::string(probe.lost)});
    if (opened) continue;
    // Something was refused: each probe is tried alone to find out which.
    KernelObject alone;
    if (const Status status = alone.Open(options, tier, {probe.program}); !status) {
      entry.available = false;
      entry.reason = status.error().text;
      refused.insert(probe.program);
      if (probe.required) reasons.insert(entry.reason);
    }
  }
  if (!opened && reasons.empty() && !refused.empty()) {
    for (const std::string& program : refused) enabled.erase(program);
    object.reset(new KernelObject());
    opened = object->Open(options, tier, enabled);
  }
  Status ready = opened;
  if (ready) ready = object->MakeRings(options);
  if (ready) ready = object->Attach(tier, &found);
  if (report) report->insert(report->end(), found.begin(), found.end());
  if (!ready)
    return Fail(Code::kUnsupported, "tier {}: {}", Name(tier),
                reasons.empty() ? ready.error().text : *reasons.begin());
  return object;
}

Result<std::vector<Ring>> KernelObject::MapRings() const {
  std::vector<Ring> rings;
  for (const int fd : ring_fds_) {
    PANO_ASSIGN(Ring ring, Ring::Map(fd, ring_size_));
    rings.push_back(std::move(ring));
  }
  return rings;
}

Result<std::vector<std::byte>> KernelObject::Walk(const bpf_link* link) {
  std::vector<std::byte> out;
  if (!link) return out;
  const int fd = bpf_iter_create(bpf_link__fd(link));
  if (fd < 0) return Fail(Code::kUnavailable, "start a walk: {}", ErrnoText(errno));
  constexpr size_t kChunk = 64u << 10;
  for (;;) {
    const size_t had = out.size();
    out.resize(had + kChunk);
    const ssize_t got = read(fd, out.data() + had, kChunk);
    out.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) continue;
    break;
  }
  close(fd);
  return out;
}

Status KernelObject::SetCapture(uint64_t socket, uint32_t capture_bytes) const {
  const int fd = bpf_map__fd(skeleton_->maps.capture_limit);
  if (bpf_map_update_elem(fd, &socket, &capture_bytes, BPF_ANY) != 0)
    return Fail(Code::kExhausted, "set capture: {}", ErrnoText(errno));
  return {};
}

std::vector<LossCounter> KernelObject::Losses() const {
  static constexpr const char* kCauses[] = {"ring_full", "state_full", "user_fault",
                                            "vector_too_long", "io_uring_overlap"};
  std::vector<LossCounter> out;
  std::vector<uint64_t> each(static_cast<size_t>(libbpf_num_possible_cpus()));
  for (uint32_t cause = 0; cause < std::size(kCauses); ++cause) {
    LossCounter counter{kCauses[cause], 0};
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.loss), &cause, each.data()) == 0)
      for (const uint64_t count : each) counter.count += count;
    out.push_back(std::move(counter));
  }
  LossCounter recursion{"recursion", 0};
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    bpf_prog_info info{};
    uint32_t length = sizeof(info);
    if (bpf_program__fd(program) < 0) continue;
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length) == 0)
      recursion.count += info.recursion_misses;
  }
  out.push_back(std::move(recursion));
  return out;
}

}  // namespace pano::source

#endif  // PANO_HAVE_BPF
