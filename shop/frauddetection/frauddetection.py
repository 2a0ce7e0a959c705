# SPDX-License-Identifier: Apache-2.0
"""frauddetection: reads the orders and names those that look too good to be true."""

import os
import time

import shop_pb2
from kafka import KafkaConsumer
from kafka.errors import KafkaError

TOPIC = "orders"
LARGE = 400_000  # minor units of any currency
MANY = 10        # pieces in one order


def suspicious(order):
    return order.total.minor_units > LARGE or sum(item.quantity for item in order.items) > MANY


def consumer():
    brokers = os.environ.get("KAFKA_ADDRESS", "kafka:9092").split(",")
    while True:
        try:
            return KafkaConsumer(TOPIC, bootstrap_servers=brokers, group_id="frauddetection",
                                 client_id="frauddetection", auto_offset_reset="earliest",
                                 api_version=(1, 0, 0))
        except KafkaError as error:
            print(f"kafka: {error}", flush=True)
            time.sleep(1)


def main():
    for record in consumer():
        order = shop_pb2.Order.FromString(record.value)
        verdict = "suspicious" if suspicious(order) else "fine"
        print(f"order {order.id}: {verdict}", flush=True)


main()
