// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/conntrack.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "agent/entity/netns_name.h"
#include "agent/entity/proc_file.h"
#include "base/clock.h"
#include "base/log.h"

namespace pano::entity {
namespace {

constexpr uint64_t kSearchNs = 2'000'000'000u;        // new namespaces are looked for this often
constexpr uint64_t kFirstRevisitNs = 2'000'000'000u;  // one without translation, doubled each time
constexpr uint64_t kLastRevisitNs = 16'000'000'000u;
constexpr unsigned kEventBufferBytes = 8u << 20;
constexpr uint32_t kTranslated = IPS_SRC_NAT | IPS_DST_NAT;

IpAddress AddressOf(const nf_conntrack* entry, bool v6, nf_conntrack_attr v4_attr,
                    nf_conntrack_attr v6_attr) {
  if (!v6) return IpAddress::FromV4(nfct_get_attr_u32(entry, v4_attr));
  const void* bytes = nfct_get_attr(entry, v6_attr);
  return bytes != nullptr ? IpAddress::FromV6(bytes) : IpAddress{};
}

bool Read(const nf_conntrack* entry, ClientView& view, Translation& translation) {
  const uint8_t family = nfct_get_attr_u8(entry, ATTR_ORIG_L3PROTO);
  const uint8_t protocol = nfct_get_attr_u8(entry, ATTR_ORIG_L4PROTO);
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) return false;
  const bool v6 = family == AF_INET6;
  view.l4_protocol = protocol == IPPROTO_UDP ? schema::L4Protocol::kUdp : schema::L4Protocol::kTcp;
  view.client = {AddressOf(entry, v6, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC),
                 ntohs(nfct_get_attr_u16(entry, ATTR_ORIG_PORT_SRC))};
  view.server = {AddressOf(entry, v6, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST),
                 ntohs(nfct_get_attr_u16(entry, ATTR_ORIG_PORT_DST))};
  // The reply goes from the real server to the client as the server sees it.
  translation.server = {AddressOf(entry, v6, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC),
                        ntohs(nfct_get_attr_u16(entry, ATTR_REPL_PORT_SRC))};
  translation.client = {AddressOf(entry, v6, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_DST),
                        ntohs(nfct_get_attr_u16(entry, ATTR_REPL_PORT_DST))};
  return true;
}

struct Visiting {
  TranslationTable* table;
  size_t translated;
  uint64_t now_ns;
};

int OnEntry(nf_conntrack_msg_type type, nf_conntrack* entry, void* data) {
  auto* visit = static_cast<Visiting*>(data);
  if ((nfct_get_attr_u32(entry, ATTR_STATUS) & kTranslated) == 0) return NFCT_CB_CONTINUE;
  ClientView view;
  Translation translation;
  if (!Read(entry, view, translation)) return NFCT_CB_CONTINUE;
  if (type == NFCT_T_DESTROY) {
    visit->table->End(view, visit->now_ns);
  } else {
    ++visit->translated;
    visit->table->Put(view, translation);
  }
  return NFCT_CB_CONTINUE;
}

struct HandleCloser {
  void operator()(nfct_handle* handle) const { nfct_close(handle); }
};
using Handle = std::unique_ptr<nfct_handle, HandleCloser>;

// Tracked connections of the calling thread's namespace; most namespaces have none, and a look at
// this number is all they cost.
bool TracksAnything() {
  const auto count = ReadFile("/proc/sys/net/netfilter/nf_conntrack_count", 64);
  return !count || ParseNumber(*count).value_or(1) > 0;
}

// What is in the table of the calling thread's namespace; number of translated entries. A dump that
// the kernel broke off because the table changed has told most of it.
size_t Dump(TranslationTable& table) {
  const Handle handle(nfct_open(CONNTRACK, 0));
  if (!handle) return 0;
  Visiting visit{&table, 0, MonotonicNs()};
  nfct_callback_register(handle.get(), NFCT_T_ALL, OnEntry, &visit);
  // One walk over the kernel's table for both families: it is large and shared by all namespaces.
  const uint32_t family = AF_UNSPEC;
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (nfct_query(handle.get(), NFCT_Q_DUMP, &family) >= 0 || errno != EINTR) break;
  }
  return visit.translated;
}

bool Enter(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool entered = ::setns(fd, CLONE_NEWNET) == 0;
  ::close(fd);
  return entered;
}

}  // namespace

struct Conntrack::Namespace {
  uint32_t inode = 0;
  std::string path;
  Handle events;
  Visiting visit{};
  uint64_t next_visit_ns = 0;
  uint64_t revisit_ns = kFirstRevisitNs;
  bool alive = false;
};

Conntrack::Conntrack(NamespaceLister lister, size_t capacity)
    : lister_(std::move(lister)), table_(capacity) {}

Result<std::unique_ptr<Conntrack>> Conntrack::Start(NamespaceLister lister, size_t capacity) {
  const Handle probe(nfct_open(CONNTRACK, 0));
  if (!probe) {
    return Fail(errno == EPERM ? Code::kDenied : Code::kUnsupported,
                "address translation cannot be read (ctnetlink): {}", ErrnoText(errno));
  }
  std::unique_ptr<Conntrack> conntrack(new Conntrack(std::move(lister), capacity));
  conntrack->thread_ =
      std::jthread([raw = conntrack.get()](const std::stop_token& stop) { raw->Run(stop); });
  return conntrack;
}

Conntrack::~Conntrack() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Conntrack::Run(const std::stop_token& stop) {
  uint64_t next_search = 0;
  while (!stop.stop_requested()) {
    const uint64_t now = MonotonicNs();
    if (now >= next_search) {
      FindNamespaces(now);
      table_.Purge(now);
      next_search = now + kSearchNs;
    }
    std::vector<pollfd> fds;
    std::vector<Namespace*> spaces;
    for (auto& [inode, space] : namespaces_) {
      if (!space->events) continue;
      fds.push_back({nfct_fd(space->events.get()), POLLIN, 0});
      spaces.push_back(space.get());
    }
    ::poll(fds.data(), fds.size(), 100);
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents != 0) Drain(*spaces[i]);
    }
  }
}

void Conntrack::FindNamespaces(uint64_t now_ns) {
  for (auto& [inode, space] : namespaces_) space->alive = false;
  const auto note = [this](uint32_t inode, const std::string& path) {
    if (inode == 0) return;
    auto& space = namespaces_[inode];
    if (!space) {
      space = std::make_unique<Namespace>();
      space->inode = inode;
    }
    if (!space->alive) space->path = path;
    space->alive = true;
  };
  for (const auto& [inode, named] : ReadNamedNetns()) note(inode, named.path);
  for (const auto& [inode, path] : lister_()) note(inode, path);
  std::erase_if(namespaces_, [](const auto& item) { return !item.second->alive; });
  size_t followed = 0;
  for (auto& [inode, space] : namespaces_) {
    if (!space->events && now_ns >= space->next_visit_ns) {
      Visit(*space, now_ns);
      // Looking around must not make the events of others wait.
      for (auto& [other_inode, other] : namespaces_) {
        if (other->events) Drain(*other);
      }
    }
    followed += space->events ? 1 : 0;
  }
  ready_.store(true, std::memory_order_release);
  followed_.store(followed, std::memory_order_relaxed);
}

void Conntrack::Visit(Namespace& space, uint64_t now_ns) {
  space.next_visit_ns = now_ns + kFirstRevisitNs;
  if (!Enter(space.path) || !TracksAnything()) return;
  // Subscribed before the dump, so that nothing falls between the two.
  Follow(space);
  if (Dump(table_) > 0) {
    Log(LogLevel::kInfo, "conntrack", "following address translation in namespace {}", space.inode);
    return;
  }
  space.events.reset();
  space.next_visit_ns = now_ns + space.revisit_ns;
  space.revisit_ns = std::min(space.revisit_ns * 2, kLastRevisitNs);
}

void Conntrack::Follow(Namespace& space) {
  space.events.reset(nfct_open(CONNTRACK, NF_NETLINK_CONNTRACK_NEW | NF_NETLINK_CONNTRACK_DESTROY));
  if (!space.events) {
    Log(LogLevel::kWarn, "conntrack", "cannot follow namespace {}: {}", space.inode,
        ErrnoText(errno));
    return;
  }
  nfnl_rcvbufsiz(nfct_nfnlh(space.events.get()), kEventBufferBytes);
  const int fd = nfct_fd(space.events.get());
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  space.visit = {&table_, 0, 0};
  nfct_callback_register(space.events.get(), NFCT_T_ALL, OnEntry, &space.visit);
}

void Conntrack::Drain(Namespace& space) {
  space.visit.now_ns = MonotonicNs();
  errno = 0;
  // Returns -1 with EAGAIN once the socket is empty.
  if (nfct_catch(space.events.get()) >= 0 || errno == EAGAIN || errno == EINTR) return;
  if (errno == ENOBUFS) {
    events_lost_.fetch_add(1, std::memory_order_relaxed);
    if (Enter(space.path)) Dump(table_);
    return;
  }
  space.events.reset();  // the namespace is visited again
  space.revisit_ns = kFirstRevisitNs;
}

}  // namespace pano::entity
