// SPDX-License-Identifier: Apache-2.0
// accounting reads the orders and keeps the books.
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "shop.pb.h"
#include "shop/service/fault.h"

namespace {

bool Set(rd_kafka_conf_t* conf, const char* key, const std::string& value) {
  char error[256] = "";
  if (rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK) {
    return true;
  }
  std::fprintf(stderr, "accounting: %s\n", error);
  return false;
}

void Enter(const rd_kafka_message_t& message, std::map<std::string, std::int64_t>& books) {
  shop::Order order;
  if (!order.ParseFromArray(message.payload, static_cast<int>(message.len))) {
    std::fprintf(stderr, "accounting: not an order, %zu bytes\n", message.len);
    return;
  }
  auto& sum = books[order.total().currency()];
  sum += order.total().minor_units();
  std::printf("order %s, %s so far %lld\n", order.id().c_str(), order.total().currency().c_str(),
              static_cast<long long>(sum));
  std::fflush(stdout);
}

}  // namespace

int main() {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  if (!Set(conf, "bootstrap.servers", shop::Setting("KAFKA_ADDRESS", "kafka:9092")) ||
      !Set(conf, "group.id", "accounting") || !Set(conf, "client.id", "accounting") ||
      !Set(conf, "auto.offset.reset", "earliest") || !Set(conf, "broker.address.family", "v4")) {
    return 1;
  }
  char error[256] = "";
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
  if (consumer == nullptr) {
    std::fprintf(stderr, "accounting: %s\n", error);
    return 1;
  }
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, "orders", RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(consumer, topics);
  std::map<std::string, std::int64_t> books;  // currency to its smallest units
  while (true) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 1000);
    if (message == nullptr) {
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      Enter(*message, books);
    }
    rd_kafka_message_destroy(message);
  }
}
