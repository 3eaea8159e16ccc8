"""An HTTP server for what the hub sends: on a thread of its own, and free of those that hang once it ends."""

import http.server
import threading


class HttpTarget:
    """Serves path at url with the given handler class; free: what an answer that hangs waits for."""

    def __init__(self, handler, path, port=0):
        self.free = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}{path}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.free.set()
        self.server.shutdown()
        self.server.server_close()


class QuietHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass
