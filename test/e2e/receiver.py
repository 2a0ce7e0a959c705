# SPDX-License-Identifier: Apache-2.0
"""A webhook's other end: keeps what it is sent."""

import http.server
import json
import threading
import time


class Receiver:
    def __init__(self):
        self.messages = []
        messages = self.messages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messages.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d/hook" % self.server.server_port

    def wait_for(self, wanted, seconds):
        """The messages `wanted` holds for, as soon as there is one."""
        deadline = time.time() + seconds
        while time.time() < deadline and not any(map(wanted, self.messages)):
            time.sleep(0.2)
        return [message for message in self.messages if wanted(message)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
