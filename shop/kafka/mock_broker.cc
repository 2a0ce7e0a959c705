// SPDX-License-Identifier: Apache-2.0
// A Kafka broker on the wire, for machines where the real one cannot be had: librdkafka's mock
// cluster, made to listen on the pod's address instead of loopback.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

// Seen by librdkafka in place of libc's: the mock cluster binds loopback and a port of the kernel's
// choice.
extern "C" __attribute__((visibility("default"))) int bind(int fd, const sockaddr* address,
                                                           socklen_t length) noexcept {
  using Bind = int (*)(int, const sockaddr*, socklen_t);
  static const auto next = reinterpret_cast<Bind>(dlsym(RTLD_NEXT, "bind"));
  sockaddr_in own{};
  if (address->sa_family == AF_INET && length == sizeof(own)) {
    std::memcpy(&own, address, sizeof(own));
    const char* ip = std::getenv("POD_IP");
    if (own.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && ip != nullptr) {
      inet_pton(AF_INET, ip, &own.sin_addr);
      own.sin_port = htons(9092);
      const int on = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
      return next(fd, reinterpret_cast<const sockaddr*>(&own), sizeof(own));
    }
  }
  return next(fd, address, length);
}

int main() {
  char error[256] = "";
  rd_kafka_t* owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof(error));
  if (owner == nullptr) {
    std::fprintf(stderr, "kafka: %s\n", error);
    return 1;
  }
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(owner, 1);
  if (cluster == nullptr ||
      rd_kafka_mock_topic_create(cluster, "orders", 1, 1) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::fprintf(stderr, "kafka: the mock cluster did not start\n");
    return 1;
  }
  std::printf("kafka: stand-in broker on %s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  std::fflush(stdout);
  while (true) {
    pause();
  }
}
