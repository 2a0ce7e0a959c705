#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real receivers on loopback for the tests of alerting.

Usage: receiver_for_test.py http|https|smtp|smtps|starttls RECORD [CERT KEY]
Prints its port on the first line, then one JSON line per request or mail into the file RECORD.
Ends when its standard input does. HTTP paths choose how it behaves: /ok /500 /429 /hang /cut
/redirect /dingtalk /feishu /wecom /slack /teams.
"""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import sys
import threading
import time
import urllib.parse

SECRET = "SECtest-secret"
WINDOW_S = 3600  # how old a signature may be


def signature(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def dingtalk(path, body):
    query = urllib.parse.parse_qs(urllib.parse.urlparse(path).query)
    stamp = query.get("timestamp", ["0"])[0]
    if abs(time.time() - int(stamp) / 1000) > WINDOW_S:
        return {"errcode": 310000, "errmsg": "invalid timestamp"}
    if query.get("sign", [""])[0] != signature(SECRET, stamp + "\n" + SECRET):
        return {"errcode": 310000, "errmsg": "sign not match"}
    if body.get("msgtype") != "markdown" or not body["markdown"]["title"]:
        return {"errcode": 400101, "errmsg": "bad message"}
    return {"errcode": 0, "errmsg": "ok"}


def feishu(_, body):
    stamp = body.get("timestamp", "0")
    if body.get("sign") != signature(stamp + "\n" + SECRET, ""):
        return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}
    if body.get("msg_type") != "interactive" or not body["card"]["header"]["title"]["content"]:
        return {"code": 9499, "msg": "Bad Request"}
    return {"code": 0, "msg": "success"}


def wecom(_, body):
    if body.get("msgtype") != "markdown" or len(body["markdown"]["content"].encode()) > 4096:
        return {"errcode": 40008, "errmsg": "invalid message type"}
    return {"errcode": 0, "errmsg": "ok"}


class Handler(http.server.BaseHTTPRequestHandler):
    record = None

    def answer(self, status, text, headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Handler.record({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                        "body": raw.decode("utf-8", "replace")})
        kind = urllib.parse.urlparse(self.path).path.split("/")[1]
        if kind == "500":
            return self.answer(500, "out of order")
        if kind == "429":
            return self.answer(429, "slow down", [("Retry-After", "7")])
        if kind == "404":
            return self.answer(404, "no_service")
        if kind == "redirect":
            return self.answer(307, "", [("Location", "/ok")])
        if kind == "hang":
            time.sleep(30)
            return None
        if kind == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhal")
            self.wfile.flush()
            self.connection.close()
            return None
        check = {"dingtalk": dingtalk, "feishu": feishu, "wecom": wecom}.get(kind)
        if check:
            return self.answer(200, json.dumps(check(self.path, json.loads(raw))))
        if kind == "slack":
            blocks = json.loads(raw)["attachments"][0]["blocks"]
            good = all(len(b["text"]["text"]) <= 3000 for b in blocks) and len(blocks) <= 50
            return self.answer(200 if good else 400, "ok" if good else "invalid_blocks")
        if kind == "teams":
            card = json.loads(raw)["attachments"][0]
            good = card["contentType"] == "application/vnd.microsoft.card.adaptive"
            return self.answer(202 if good and card["content"]["body"] else 400, "")
        return self.answer(200, "taken")

    def log_message(self, *_):
        pass


def serve_http(cert):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*cert)
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def serve_smtp(kind, cert, record):
    from aiosmtpd.smtp import SMTP, AuthResult

    class Mailbox:
        async def handle_DATA(self, _server, session, envelope):
            if any("refused" in to for to in envelope.rcpt_tos):
                return "550 no such mailbox"
            record({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                    "tls": session.ssl is not None, "user": getattr(session, "user", None),
                    "mechanism": getattr(session, "mechanism", None),
                    "body": envelope.content.decode("utf-8", "replace")})
            return "250 taken"

    def authenticate(_server, session, _envelope, mechanism, data):
        good = data.login == b"panoscope" and data.password == b"mail-password"
        session.user = data.login.decode()
        session.mechanism = mechanism
        return AuthResult(success=good)

    context = None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*cert)

    def make():
        return SMTP(Mailbox(), hostname="127.0.0.1", authenticator=authenticate,
                    auth_required=bool(cert), auth_require_tls=kind == "starttls",
                    tls_context=context if kind == "starttls" else None, loop=loop)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(make, "127.0.0.1", 0, ssl=context if kind == "smtps" else None))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return server.sockets[0].getsockname()[1]


def main():
    kind, path = sys.argv[1], sys.argv[2]
    cert = sys.argv[3:5] if len(sys.argv) > 4 else None
    lock = threading.Lock()

    def record(entry):
        with lock, open(path, "a", encoding="utf-8") as out:
            out.write(json.dumps(entry) + "\n")

    Handler.record = record
    port = serve_http(cert) if kind.startswith("http") else serve_smtp(kind, cert, record)
    print(port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
