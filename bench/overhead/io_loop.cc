// SPDX-License-Identifier: Apache-2.0
// One thread sends and receives over a loopback connection and measures its own CPU time per socket
// call. The tenth percentile over many batches is what is left when neighbours and interrupts are
// out. pano_io_loop [BYTES] [BATCHES]: prints nanoseconds per socket call.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr int kTurns = 200;  // of one batch; each is four calls

double ThreadNs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

void Must(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::exit(1);
}

void Pass(int from, int to, std::string* bytes) {
  Must(send(from, bytes->data(), bytes->size(), 0) == static_cast<ssize_t>(bytes->size()), "send");
  Must(recv(to, bytes->data(), bytes->size(), MSG_WAITALL) == static_cast<ssize_t>(bytes->size()),
       "recv");
}

}  // namespace

int main(int argc, char** argv) {
  const int size = argc > 1 ? std::max(1, std::atoi(argv[1])) : 64;
  const int batches = argc > 2 ? std::max(1, std::atoi(argv[2])) : 400;
  cpu_set_t cpu;
  CPU_ZERO(&cpu);
  CPU_SET(0, &cpu);
  sched_setaffinity(0, sizeof(cpu), &cpu);

  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  Must(bind(listener, any, length) == 0 && listen(listener, 1) == 0, "listen");
  Must(getsockname(listener, any, &length) == 0, "getsockname");
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  Must(connect(client, any, length) == 0, "connect");
  const int server = accept(listener, nullptr, nullptr);
  const int yes = 1;
  for (const int fd : {client, server}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));

  std::string bytes(static_cast<size_t>(size), 'x');
  std::vector<double> times;
  for (int batch = -20; batch < batches; ++batch) {
    const double before = ThreadNs();
    for (int turn = 0; turn < kTurns; ++turn) {
      Pass(client, server, &bytes);
      Pass(server, client, &bytes);
    }
    if (batch >= 0) times.push_back((ThreadNs() - before) / (4.0 * kTurns));
  }
  std::sort(times.begin(), times.end());
  std::printf("%.1f\n", times[times.size() / 10]);
  return 0;
}
