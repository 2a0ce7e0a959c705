#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records real exchanges on loopback as test data: starts a server, runs a client against it, and
writes what went over the wire, packet by packet, to testdata/exchange/PROTOCOL/NAME.txt.

Needs root (AF_PACKET). Usage: record_exchange.py [redis|http1|http2|grpc|postgresql|mysql|dns|kafka]...
Lines of a recording: "> MICROSECONDS HEX" from the client, "< MICROSECONDS HEX" from the server.
"""
import os, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "testdata", "exchange")
DEVNULL = subprocess.DEVNULL


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Wire:
    """Collects payloads of connections to one port on loopback, by client port."""

    def __init__(self, port, protocol=6):
        self.port, self.protocol, self.flows, self.stop = port, protocol, {}, False
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.sock.bind(("lo", 0))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.sock.settimeout(0.2)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop:
            try:
                frame, address = self.sock.recvfrom(1 << 17)
            except socket.timeout:
                continue
            if address[2] != socket.PACKET_OUTGOING:
                self.take(frame, time.monotonic_ns())

    def take(self, frame, now):
        if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[23] != self.protocol:
            return
        ip = 14 + (frame[14] & 15) * 4
        end = 14 + struct.unpack(">H", frame[16:18])[0]
        sport, dport = struct.unpack(">HH", frame[ip:ip + 4])
        if self.port not in (sport, dport):
            return
        to_server = dport == self.port
        seq = 0
        if self.protocol == 6:
            seq = struct.unpack(">I", frame[ip + 4:ip + 8])[0]
            payload = frame[ip + (frame[ip + 12] >> 4) * 4:end]
        else:
            payload = frame[ip + 8:end]
        if payload:
            flow = self.flows.setdefault(sport if to_server else dport, [])
            if not any(f[0] == to_server and f[3] == seq and self.protocol == 6 for f in flow):
                flow.append((to_server, now, payload, seq))

    def close(self):
        time.sleep(0.3)
        self.stop = True
        self.thread.join()
        self.sock.close()

    def save(self, protocol, name, origin, pick=None, limit=64 * 1024):
        flows = sorted(self.flows.values(), key=lambda f: -sum(len(t[2]) for t in f))
        if pick:
            flows = [f for f in flows if any(pick in t[2] for t in f)]
        flow, size = flows[0], 0
        os.makedirs(os.path.join(OUT, protocol), exist_ok=True)
        with open(os.path.join(OUT, protocol, name + ".txt"), "w") as out:
            out.write("# SPDX-License-Identifier: Apache-2.0\n# %s; loopback\n" % origin)
            for to_server, now, payload, _ in flow:
                size += len(payload)
                if size > limit:
                    break
                out.write("%s %d %s\n" % ("><"[not to_server], (now - flow[0][1]) // 1000, payload.hex()))
        print(protocol, name, len(flow), "packets", size, "bytes")


def version(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0].strip()


class Server:
    def __init__(self, *command, port=None, **options):
        self.process = subprocess.Popen(command, stdout=DEVNULL, stderr=DEVNULL, **options)
        deadline = time.time() + 30
        while port and time.time() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def record_redis():
    port = free_port()
    with Server("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", port=port):
        origin = version("redis-server", "--version").split(" sha")[0]

        def run(name, commands):
            wire = Wire(port)
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.settimeout(0.1)
                for command in commands.splitlines():
                    words = command.split()
                    s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
                    try:
                        while s.recv(65536):
                            pass
                    except socket.timeout:
                        pass
            wire.close()
            wire.save("redis", name, origin)

        run("resp2", "SET product:1 tea\nGET product:1\nGET nothing\nINCR n\nHSET h a 1 b 2\nHGETALL h\n"
            "LPUSH l 1 2 3\nLRANGE l 0 -1\nLRANGE none 0 -1\nINCR product:1\nNOSUCH secret\nMULTI\nINCR n\n"
            "INCR n\nEXEC\nEVAL return{1,{2,3}} 0\nPING\n")
        run("resp3", "HELLO 3\nHSET h a 1\nHGETALL h\nSADD s 1 2\nSMEMBERS s\nGET nothing\nZADD z 1.5 m\nZSCORE z m\n")
        run("big", "SET big " + "x" * 20000 + "\nGET big\nSTRLEN big\n")
        wire = Wire(port)
        subprocess.run(["redis-benchmark", "-p", str(port), "-P", "16", "-n", "64", "-c", "1", "-t", "set,get", "-q"],
                       stdout=DEVNULL)
        wire.close()
        wire.save("redis", "pipeline16", version("redis-server", "--version").split(" sha")[0] + ", redis-benchmark -P 16", pick=b"SET")
        wire = Wire(port)
        sub = subprocess.Popen(["redis-cli", "-p", str(port), "SUBSCRIBE", "news", "more"], stdout=DEVNULL)
        time.sleep(0.5)
        for i in range(3):
            subprocess.run(["redis-cli", "-p", str(port), "PUBLISH", "news", "item %d" % i], stdout=DEVNULL)
        sub.terminate()
        sub.wait()
        wire.close()
        wire.save("redis", "pubsub", origin + ", redis-cli", pick=b"SUBSCRIBE")


def record_http1():
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.makedirs(folder + "/html/api")
        for name, size in (("small", 120), ("large", 20000)):
            with open("%s/html/%s.txt" % (folder, name), "w") as f:
                f.write("0123456789" * (size // 10))
        with open(folder + "/nginx.conf", "w") as f:
            f.write("""daemon off; pid %(d)s/pid; error_log /dev/null; worker_processes 1; user root;
events {} http { access_log off; client_body_temp_path %(d)s/b; proxy_temp_path %(d)s/p; fastcgi_temp_path %(d)s/f;
uwsgi_temp_path %(d)s/u; scgi_temp_path %(d)s/s; gzip on; gzip_types text/plain; gzip_min_length 1000;
server { listen 127.0.0.1:%(p)d; root %(d)s/html;
location /api/ { return 200 '{"ok":true}'; } location /gone { return 410; } location /bad { return 502; }
location /none { return 204; } } }""" % {"d": folder, "p": port})
        with Server("nginx", "-p", folder, "-c", folder + "/nginx.conf", port=port):
            origin = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().split(": ")[1]
            base = "http://127.0.0.1:%d" % port
            wire = Wire(port)
            subprocess.run(["curl", "-s", "-H", "X-Request-ID: abc-1", base + "/small.txt", base + "/api/products/42?key=s",
                            base + "/gone", base + "/bad", base + "/none", base + "/missing", "--next", "-s",
                            "--head", base + "/small.txt", base + "/large.txt", "--next", "-s", "-d", "a=b" * 400, base + "/api/cart",
                            "--next", "-s", "--compressed", base + "/large.txt", base + "/small.txt",
                            "--next", "-s", "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "-d", "streamed body", base + "/api/cart",
                            "--next", "-s", "-H", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", base + "/small.txt"],
                           stdout=DEVNULL)
            wire.close()
            wire.save("http1", "nginx_curl", origin + ", curl")
            wire = Wire(port)
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(b"".join(b"GET /api/%d HTTP/1.1\r\nHost: shop\r\n\r\n" % i for i in range(10)))
                time.sleep(0.3)
                s.sendall(b"GET /small.txt HTTP/1.0\r\n\r\n")
                while s.recv(65536):
                    pass
            wire.close()
            wire.save("http1", "nginx_pipelined", origin + ", ten requests in one write, then HTTP/1.0 to the close")


def record_http2():
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/index.html", "w") as f:
            f.write("hello " * 500)
        os.chmod(folder, 0o755)
        with open(folder + "/nginx.conf", "w") as f:
            f.write("""daemon off; pid %(d)s/pid; error_log /dev/null; worker_processes 1; user root; events {} http { access_log off;
client_body_temp_path %(d)s/b; proxy_temp_path %(d)s/p; fastcgi_temp_path %(d)s/f; uwsgi_temp_path %(d)s/u; scgi_temp_path %(d)s/s;
server { listen 127.0.0.1:%(p)d http2; root %(d)s; location /bad { return 502; } } }""" % {"d": folder, "p": port})
        with Server("nginx", "-p", folder, "-c", folder + "/nginx.conf", port=port):
            origin = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().split(": ")[1]
            base = "http://127.0.0.1:%d" % port
            wire = Wire(port)
            subprocess.run(["nghttp", "-n", base + "/index.html", base + "/missing/12345", base + "/index.html?token=abc", base + "/bad"], stdout=DEVNULL)
            wire.close()
            wire.save("http2", "nghttp", origin + ", nghttp")
            wire = Wire(port)
            subprocess.run(["h2load", "-n", "12", "-c", "1", "-m", "10", base + "/index.html"], stdout=DEVNULL)
            wire.close()
            wire.save("http2", "h2load", origin + ", h2load -m 10", pick=b"PRI")


def record_grpc():
    import grpc
    from concurrent import futures

    def unary(request, context):
        if request == b"missing":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such product")
        if request == b"broken":
            context.abort(grpc.StatusCode.INTERNAL, "out of order")
        return b"reply:" + request

    def stream(request, context):
        for i in range(4):
            yield b"part%d" % i

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method.endswith("/List"):
                return grpc.unary_stream_rpc_method_handler(stream)
            if details.method.endswith("/Get"):
                return grpc.unary_unary_rpc_method_handler(unary)
            return None

    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    wire = Wire(port)
    with grpc.insecure_channel("127.0.0.1:%d" % port) as channel:
        get = channel.unary_unary("/shop.Catalog/Get")
        for request in (b"tea", b"cup", b"missing", b"broken", b"pot"):
            try:
                get(request, timeout=5)
            except grpc.RpcError:
                pass
        list(channel.unary_stream("/shop.Catalog/List")(b"all", timeout=5))
        try:
            channel.unary_unary("/shop.Catalog/Nothing")(b"", timeout=5)
        except grpc.RpcError:
            pass
        for i in range(10):
            get(b"tea%d" % i, timeout=5)
    wire.close()
    server.stop(0)
    wire.save("http2", "grpc_python", "grpcio " + grpc.__version__)


def record_postgresql():
    port = free_port()
    binaries = "/usr/lib/postgresql/%s/bin/" % sorted(os.listdir("/usr/lib/postgresql"))[-1]
    folder = tempfile.mkdtemp()
    try:
        shutil.chown(folder, "postgres")
        subprocess.run(["runuser", "-u", "postgres", "--", binaries + "initdb", "-D", folder + "/d", "-A", "trust"], stdout=DEVNULL, check=True)
        with Server("runuser", "-u", "postgres", "--", binaries + "postgres", "-D", folder + "/d", "-p", str(port), "-h", "127.0.0.1",
                    "-k", folder, port=port):
            origin = version(binaries + "postgres", "--version")
            arguments = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
            wire = Wire(port)
            subprocess.run(["psql", *arguments, "-X"], text=True, stdout=DEVNULL, stderr=DEVNULL, env={**os.environ, "PGSSLMODE": "prefer"}, input="""
create table products (id int primary key, name text);
insert into products select i, 'product ' || i from generate_series(1, 200) i;
select * from products where id = 7;
select name, id from products where id < 150;
select nothing from products;
copy products to stdout;
copy products from stdin;
1001	by hand
\\.
select 1\\; select 2;
insert into products values (7, 'twice');
begin; update products set name = 'x' where id = 3; commit;
""")
            wire.close()
            wire.save("postgresql", "psql", origin + ", psql", pick=b"insert into")
            with open(folder + "/script.sql", "w") as f:
                f.write("\\set id random(1, 100)\nselect name from products where id = :id;\nupdate products set name = 'y' where id = :id;\n")
            with open(folder + "/pipeline.sql", "w") as f:
                f.write("\\startpipeline\nselect 1;\nselect name from products where id = 5;\nselect 3;\n\\endpipeline\n")
            for name, script, mode in (("extended", "script", "extended"), ("prepared", "script", "prepared"), ("pipeline", "pipeline", "extended")):
                wire = Wire(port)
                subprocess.run(["pgbench", *arguments, "-n", "-c", "1", "-t", "6", "-M", mode, "-f", folder + "/%s.sql" % script, "postgres"],
                               stdout=DEVNULL, stderr=DEVNULL)
                wire.close()
                wire.save("postgresql", "pgbench_" + name, origin + ", pgbench -M " + mode, pick=b"select")
    finally:
        shutil.rmtree(folder)


class MysqlClient:
    """The client's half of the protocol, spoken by hand: both kinds of result set endings."""

    def __init__(self, port, deprecate_eof):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.settimeout(0.5)
        self.read()
        flags = 0x00000001 | 0x00000200 | 0x00008000 | 0x00080000 | 0x00020000 | 0x00000008 | (0x01000000 if deprecate_eof else 0)
        self.send(1, struct.pack("<IIB23x", flags, 1 << 24, 45) + b"root\0\0shop\0mysql_native_password\0")

    def send(self, sequence, body):
        self.sock.sendall(struct.pack("<I", len(body))[:3] + bytes([sequence]) + body)
        return self.read()

    def read(self):
        data = b""
        while True:
            try:
                part = self.sock.recv(65536)
            except socket.timeout:
                return data
            if not part:
                return data
            data += part
            self.sock.settimeout(0.1)


def record_mysql():
    port = free_port()
    folder = tempfile.mkdtemp()
    try:
        subprocess.run(["mariadb-install-db", "--auth-root-authentication-method=normal", "--datadir=" + folder + "/d", "--user=root"],
                       stdout=DEVNULL, stderr=DEVNULL)
        with Server("mariadbd", "--no-defaults", "--datadir=" + folder + "/d", "--port=%d" % port, "--bind-address=127.0.0.1",
                    "--socket=" + folder + "/s", "--user=root", "--pid-file=" + folder + "/pid", port=port):
            origin = version("mariadbd", "--version").split("  ")[-1]
            wire = Wire(port)
            subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(port), "-u", "root", "--skip-ssl", "-f"], text=True, stdout=DEVNULL, stderr=DEVNULL, input="""
create database shop; use shop;
create table products (id int primary key, name varchar(80));
insert into products values (1, 'tea'), (2, 'cup'), (3, null);
select * from products where name = 'tea';
select nothing from products;
insert into products values (1, 'twice');
select * from products where id > 1000;
update products set name = 'x' where id = 2;
""")
            wire.close()
            wire.save("mysql", "mariadb_client", origin + ", mariadb", pick=b"create")
            for name, deprecate in (("eof", False), ("deprecate_eof", True)):
                wire = Wire(port)
                c = MysqlClient(port, deprecate)
                c.send(0, b"\x03select id, name from products")
                statement = c.send(0, b"\x16select name from products where id = ?")[5:9]
                for value in (1, 2):
                    c.send(0, b"\x17" + statement + struct.pack("<BI", 0, 1) + b"\0\1\x08\0" + struct.pack("<q", value))
                c.send(0, b"\x1a" + statement)
                c.sock.sendall(b"\x05\0\0\0\x19" + statement)
                c.send(0, b"\x16select 1")
                c.send(0, b"\x03select wrong from products")
                c.send(0, b"\x0e")
                c.sock.sendall(b"\1\0\0\0\1")
                c.sock.close()
                wire.close()
                wire.save("mysql", "prepared_" + name, origin + ", packets written by hand")
    finally:
        shutil.rmtree(folder)


def record_dns():
    port = free_port(socket.SOCK_DGRAM)
    with Server("dnsmasq", "-d", "--no-resolv", "--no-hosts", "-p", str(port), "--listen-address=127.0.0.1", "--bind-interfaces",
                "--address=/cart.shop/10.1.2.3", "--address=/cart.shop/fd00::5", "--local=/shop/", "--user=root", port=port):
        origin = version("dnsmasq", "--version").split("  ")[0] + ", dig"
        for name, kind, flag in (("udp", 17, "+notcp"), ("tcp", 6, "+tcp")):
            wire = Wire(port, kind)
            # One client port, as a resolver with a connected socket has.
            source = free_port()
            for query in (("cart.shop", "A"), ("cart.shop", "AAAA"), ("none.shop", "A"), ("example.com", "A")):
                subprocess.run(["dig", "-p", str(port), "-b", "127.0.0.1#%d" % source, "@127.0.0.1", *query, flag, "+tries=1", "+time=1", "+nocookie"], stdout=DEVNULL)
                if kind == 6:
                    source = free_port()
            wire.close()
            wire.save("dns", name, origin)


KAFKA_BROKER = r"""
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
  char text[512];
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
  rd_kafka_mock_topic_create(cluster, "orders", 2, 1);
  printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fflush(stdout);
  pause();
}
"""


def record_kafka():
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/broker.c", "w") as f:
            f.write(KAFKA_BROKER)
        subprocess.run(["cc", "-o", folder + "/broker", folder + "/broker.c", "-lrdkafka"], check=True)
        broker = subprocess.Popen([folder + "/broker"], stdout=subprocess.PIPE, stderr=DEVNULL, text=True)
        try:
            bootstrap = broker.stdout.readline().strip()
            port = int(bootstrap.rsplit(":", 1)[1])
            origin = "librdkafka " + version("pkg-config", "--modversion", "rdkafka") + " mock broker, kcat"
            for name, acks in (("produce", "-1"), ("produce_one_way", "0")):
                wire = Wire(port)
                subprocess.run(["kcat", "-b", bootstrap, "-P", "-t", "orders", "-X", "acks=" + acks], input="a\nb\nc\n", text=True, stdout=DEVNULL, stderr=DEVNULL)
                wire.close()
                wire.save("kafka", name, origin)
            wire = Wire(port)
            consumer = subprocess.Popen(["kcat", "-b", bootstrap, "-G", "billing", "orders", "-X", "auto.offset.reset=earliest", "-c", "2"], stdout=DEVNULL, stderr=DEVNULL)
            try:
                consumer.wait(15)
            except subprocess.TimeoutExpired:
                consumer.kill()
            wire.close()
            wire.save("kafka", "group", origin, pick=b"range")
            wire.save("kafka", "fetch", origin)
        finally:
            broker.terminate()
            broker.wait()


if __name__ == "__main__":
    for what in sys.argv[1:] or ["redis", "http1", "http2", "grpc", "postgresql", "mysql", "dns", "kafka"]:
        globals()["record_" + what]()
