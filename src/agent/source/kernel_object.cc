// SPDX-License-Identifier: Apache-2.0
#ifdef PANO_HAVE_BPF

#include "agent/source/kernel_object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>

#include "agent/source/probe_table.h"
#include "bpf/abi/loss.h"
#include "bpf/abi/settings.h"
#include "bpf/pano_sock_length.skel.h"
#include "bpf/pano_sys_exit.skel.h"

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

const Probe* ProbeOf(std::string_view program) {
  for (const Probe& probe : kProbes)
    if (program == probe.program) return &probe;
  return nullptr;
}

// The program libbpf named last when it gave up; none: the refusal was of something else.
const Probe* ProbeOfComplaint() {
  constexpr std::string_view kMark = "prog '";
  const size_t at = g_complaint.rfind(kMark);
  if (at == std::string::npos) return nullptr;
  const size_t from = at + kMark.size();
  return ProbeOf(std::string_view(g_complaint).substr(from, g_complaint.find('\'', from) - from));
}

// The object that holds the probes of a tier, compiled for the oldest kernel it promises to serve.
bpf_object* OpenObject(Tier tier) {
  size_t bytes = 0;
  const void* elf = tier == Tier::kSockLength ? pano_sock_length::elf_bytes(&bytes)
                                              : pano_sys_exit::elf_bytes(&bytes);
  bpf_object_open_opts opts{};
  opts.sz = sizeof(opts);
  opts.object_name = "panoscope";
  return bpf_object__open_mem(elf, bytes, &opts);
}

uint64_t RingSize(uint64_t wanted) {
  return std::clamp(std::bit_floor(std::max<uint64_t>(wanted, 1)), kMinRing, kMaxRing);
}

// Where a variable lies in its section: each probe brought its own copy, linking chose one.
std::optional<size_t> OffsetOf(const bpf_object* object, const char* section,
                               std::string_view name) {
  const btf* types = bpf_object__btf(object);
  const int id = btf__find_by_name_kind(types, section, BTF_KIND_DATASEC);
  const btf_type* type = id > 0 ? btf__type_by_id(types, static_cast<uint32_t>(id)) : nullptr;
  if (!type) return std::nullopt;
  const btf_var_secinfo* variables = btf_var_secinfos(type);
  for (int i = 0; i < btf_vlen(type); ++i) {
    const btf_type* variable = btf__type_by_id(types, variables[i].type);
    if (variable && name == btf__name_by_offset(types, variable->name_off))
      return variables[i].offset;
  }
  return std::nullopt;
}

}  // namespace

KernelObject::~KernelObject() { Close(); }

void KernelObject::Close() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
  for (const int fd : ring_fds_) close(fd);
  bpf_object__close(object_);
  links_.clear();
  ring_fds_.clear();
  object_ = nullptr;
}

bpf_map* KernelObject::Map(const char* name) const {
  return bpf_object__find_map_by_name(object_, name);
}

int KernelObject::MapFd(const char* name) const { return bpf_map__fd(Map(name)); }

// Sizes and switches, before loading.
Status KernelObject::SetUp(const LiveOptions& options, bool join_io_uring) {
  const auto cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  bpf_map* rings = Map("rings");
  bpf_map* scratches = Map("scratches");
  bpf_map* switches = Map(".rodata.settings");
  if (!rings || !scratches || !switches)
    return Fail(Code::kInternal, "this build's probes lack a map");
  ring_size_ = RingSize(options.ring_bytes);
  bpf_map__set_max_entries(rings, cpus);
  PANO_TRY(MakeRings(cpus));
  // The first is the pattern of them all: before 5.10 even their sizes must agree.
  bpf_map__set_inner_map_fd(rings, ring_fds_[0]);
  bpf_map__set_max_entries(scratches, cpus * kScratchSlots);
  pano_settings settings{};
  settings.wake_bytes = ring_size_ / 4;
  settings.default_capture = options.default_capture;
  settings.join_io_uring = join_io_uring;
  size_t room = 0;
  // libbpf hands the section out as constant, yet before loading it is ours to fill in.
  auto* bytes = static_cast<std::byte*>(const_cast<void*>(bpf_map__initial_value(switches, &room)));
  const std::optional<size_t> at = OffsetOf(object_, ".rodata.settings", "settings");
  if (!bytes || !at || *at + sizeof(settings) > room)
    return Fail(Code::kInternal, "this build's probes lack their settings");
  std::memcpy(bytes + *at, &settings, sizeof(settings));
  return {};
}

Status KernelObject::LoadOnce(const LiveOptions& options, Tier tier,
                              const std::set<std::string>& enabled) {
  Close();
  g_complaint.clear();
  libbpf_set_print(KeepComplaint);
  object_ = OpenObject(tier);
  if (!object_) return Fail(Code::kUnsupported, "open probes: {}", Reason(errno));
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_)
      bpf_program__set_autoload(program, enabled.contains(bpf_program__name(program)));
  PANO_TRY(
      SetUp(options, enabled.contains("io_uring_done") || enabled.contains("io_uring_done_parts")));
  if (const int error = bpf_object__load(object_))
    return Fail(Code::kUnsupported, "{}", Reason(-error));
  return {};
}

Status KernelObject::Open(const LiveOptions& options, Tier tier, std::set<std::string>* enabled,
                          std::map<std::string, std::string>* refused) {
  const std::lock_guard lock(g_load_mutex);
  for (;;) {
    Status loaded = LoadOnce(options, tier, *enabled);
    if (loaded) return loaded;
    const Probe* probe = ProbeOfComplaint();
    if (!probe || !enabled->erase(probe->program)) return loaded;
    refused->emplace(probe->program, loaded.error().text);
    if (probe->required || enabled->empty()) return loaded;
    for (const Probe& other : kProbes)
      if (other.instead_of && std::string_view(other.instead_of) == probe->program)
        enabled->insert(other.program);
  }
}

Status KernelObject::MakeRings(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "pano_ring", 0, 0,
                                  static_cast<uint32_t>(ring_size_), nullptr);
    if (fd < 0) return Fail(Code::kUnsupported, "make ring: {}", Reason(errno));
    ring_fds_.push_back(fd);
  }
  return {};
}

Status KernelObject::PlaceRings() const {
  uint32_t cpu = 0;
  for (const int fd : ring_fds_) {
    if (bpf_map_update_elem(MapFd("rings"), &cpu, &fd, BPF_ANY) != 0)
      return Fail(Code::kInternal, "place ring: {}", ErrnoText(errno));
    ++cpu;
  }
  return {};
}

Status KernelObject::Attach(Tier tier, std::vector<Capability>* report) {
  for (const Probe& probe : kProbes) {
    bpf_program* program = bpf_object__find_program_by_name(object_, probe.program);
    if (!program || !bpf_program__autoload(program)) continue;
    bpf_link* link = nullptr;
    const std::string_view name = probe.program;
    if (name == "walk_storage") {
      bpf_iter_link_info info{};
      info.map.map_fd = static_cast<uint32_t>(MapFd("conn_storage"));
      bpf_iter_attach_opts opts{};
      opts.sz = sizeof(opts);
      opts.link_info = &info;
      opts.link_info_len = sizeof(info);
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
  for (const Probe& probe : kProbes)
    if (Serves(probe, tier) && Wanted(probe, options) && !probe.instead_of)
      enabled.insert(probe.program);

  std::unique_ptr<KernelObject> object(new KernelObject());
  std::map<std::string, std::string> refused;
  Status ready = object->Open(options, tier, &enabled, &refused);
  std::vector<Capability> found;
  for (const Probe& probe : kProbes) {
    const auto why = refused.find(probe.program);
    Capability entry{std::string(probe.name), true, {}, std::string(probe.lost)};
    if (why != refused.end()) {
      entry.available = false;
      entry.reason = why->second;
    } else if (!enabled.contains(probe.program)) {
      continue;
    } else if (!ready) {
      // Nothing is known of the others once one the tier cannot do without was refused.
      if (!refused.empty()) continue;
      entry.available = false;
      entry.reason = ready.error().text;
    }
    found.push_back(std::move(entry));
  }
  if (ready) ready = object->PlaceRings();
  if (ready) ready = object->Attach(tier, &found);
  if (report) report->insert(report->end(), found.begin(), found.end());
  if (!ready) return Fail(Code::kUnsupported, "tier {}: {}", Name(tier), ready.error().text);
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
  const int fd = MapFd("capture_limit");
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
    if (bpf_map_lookup_elem(MapFd("loss"), &cause, each.data()) == 0)
      for (const uint64_t count : each) counter.count += count;
    out.push_back(std::move(counter));
  }
  LossCounter recursion{"recursion", 0};
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_) {
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
