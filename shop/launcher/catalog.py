# SPDX-License-Identifier: Apache-2.0
"""What the shop consists of: each service's runtime, port, limits and command."""

import dataclasses
import glob
import os
import shutil

SHOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JARS = "/usr/share/java"
JAVA_PATH = ["protobuf", "guava", "grpc-api", "grpc-context", "grpc-core", "grpc-stub", "grpc-protobuf",
             "grpc-protobuf-lite", "grpc-netty", "netty-all", "netty-common", "netty-buffer", "netty-codec",
             "netty-codec-http", "netty-codec-http2", "netty-handler", "netty-handler-proxy", "netty-resolver",
             "netty-transport", "netty-transport-native-unix-common", "perfmark-api", "slf4j-api"]

# Connections end after this long, so that clients spread over new replicas.
CONNECTION_AGE_MS = 6000

HEAP_MIB = 256                       # Kafka's
CLUSTER_ID = "c2hvcC1zaG9wLXNob3Atcw"  # any 16 bytes in URL-safe base64


@dataclasses.dataclass
class Service:
    name: str
    language: str
    command: list              # {dist}, {src}, {state} and {ip} are filled in
    port: int = 0              # 0: nobody calls it
    cpu: float = 0.0           # limit in cores; 0: none
    memory_mib: int = 256      # limit
    backlog: int = 128         # net.core.somaxconn of the pod
    wave: int = 1              # started after lower waves are ready
    user: str = ""
    own: bool = True           # our code: takes faults from the inside
    cpu_us: int = 0            # CPU time one call takes, all told; 0: whatever it takes
    env: dict = dataclasses.field(default_factory=dict)


def has_broker(dist):
    return os.path.exists(os.path.join(dist, "kafka/jars/complete"))


def kafka(dist):
    """The real broker where its jars are, a stand-in on the same protocol where they are not."""
    if not has_broker(dist):
        return Service("kafka", "C", ["{dist}/bin/kafka-mock"], port=9092, cpu=0.5, own=False)
    java = (f"java -Xms64m -Xmx{HEAP_MIB}m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn "
            f"-cp '{{dist}}/kafka/jars/*:{JARS}/slf4j-simple.jar'")
    script = (f"{java} kafka.tools.StorageTool format --ignore-formatted -t {CLUSTER_ID} "
              f"-c {{state}}/kafka.properties && exec {java} kafka.Kafka {{state}}/kafka.properties")
    return Service("kafka", "Java", ["sh", "-c", script], port=9092, cpu=1.0, memory_mib=3 * HEAP_MIB, own=False)


def dns():
    """Names by DNS instead of /etc/hosts; answers from the same list."""
    return Service("dns", "C", ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root",
                                "--no-resolv", "--no-hosts", "--addn-hosts={state}/names", "--local=/#/",
                                "--local-ttl=5", "--pid-file="],
                   port=53, cpu=0.3, wave=-1, own=False)


def services(dist, with_dns=False):
    java = ":".join(f"{JARS}/{jar}.jar" for jar in JAVA_PATH)
    postgres = max(glob.glob("/usr/lib/postgresql/*/bin/postgres"), default=shutil.which("postgres") or "postgres")
    python_env = {"PYTHONPATH": "{dist}/python", "PYTHONDONTWRITEBYTECODE": "1", "GRPC_DNS_RESOLVER": "native"}
    node_env = {"NODE_PATH": "{dist}/node/node_modules", "SHOP_PROTO": "{src}/proto/shop.proto",
                "GRPC_NODE_USE_ALTERNATIVE_RESOLVER": "false"}
    cpp_env = {"GRPC_DNS_RESOLVER": "native"}
    age_env = {"SHOP_CONNECTION_AGE_MS": str(CONNECTION_AGE_MS)}
    return [
        *([dns()] if with_dns else []),
        Service("redis", "C", ["redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no",
                               "--save", "", "--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy",
                               "allkeys-lru", "--dir", "{state}"], port=6379, cpu=0.3, wave=0, own=False),
        Service("postgresql", "C", [postgres, "-D", "{state}/postgresql", "-c", "listen_addresses=*",
                                    "-c", "unix_socket_directories={state}/postgresql", "-c", "fsync=off",
                                    "-c", "shared_buffers=16MB", "-c", "max_connections=20"],
                port=5432, cpu=0.5, wave=0, user="postgres", own=False),
        kafka(dist),
        Service("featureflag", "Go", ["{dist}/bin/featureflag"], port=50053, cpu=0.2, env={
            "SHOP_DATABASE": "host=postgresql user=shop dbname=postgres sslmode=disable"}),
        Service("productcatalog", "Go", ["{dist}/bin/productcatalog"], port=3550, cpu=0.16, backlog=16,
                cpu_us=2580, env={**age_env, "SHOP_PRODUCTS": "{src}/productcatalog/products.json",
                                   "GOMAXPROCS": "1"}),
        Service("cart", "C++", ["{dist}/bin/cart"], port=7070, cpu=0.12, backlog=64, cpu_us=1390,
                env={**age_env, **cpp_env}),
        Service("currency", "C++", ["{dist}/bin/currency"], port=7001, cpu=0.3, env=cpp_env),
        Service("payment", "Node", ["node", "{src}/payment/main.js"], port=50051, cpu=0.3, env=node_env),
        Service("ad", "Java", ["java", "-Xms32m", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                               "-Xshare:auto", "-cp", "{dist}/java:" + java, "AdServer"],
                port=9555, cpu=0.5, memory_mib=384),
        Service("email", "Ruby", ["ruby", "{src}/email/email.rb"], port=6060, cpu=0.3),
        Service("quote", "PHP", ["sh", "-c", "exec php -S 0.0.0.0:8090 {src}/quote/quote.php 2>/dev/null"], port=8090, cpu=0.3,
                env={"PHP_CLI_SERVER_WORKERS": "2"}),
        Service("shipping", "Go", ["{dist}/bin/shipping"], port=50050, cpu=0.3, wave=2),
        Service("recommendation", "Python", ["/usr/bin/python3", "{src}/recommendation/recommendation.py"],
                port=9001, cpu=0.4, wave=2, env=python_env),
        Service("checkout", "Go", ["{dist}/bin/checkout"], port=5050, cpu=0.4, wave=2),
        Service("accounting", "C++", ["{dist}/bin/accounting"], cpu=0.2, wave=2),
        Service("frauddetection", "Python", ["/usr/bin/python3", "{src}/frauddetection/frauddetection.py"],
                cpu=0.2, wave=2, env=python_env),
        Service("frontend", "Node", ["node", "--max-old-space-size=384", "{src}/frontend/main.js"], port=8080,
                cpu=1.5, memory_mib=768,
                backlog=4096, wave=3, env=node_env),
        Service("loadgenerator", "C++", ["{dist}/bin/loadgenerator"], wave=9, memory_mib=512,
                env={"SHOP_REPORT": "{state}/report.jsonl"}),
    ]
