"""HTTP servers for what the hub sends; those of an S3 store are in s3.py."""

import http.server
import threading

from harness import PATIENCE_S, bind_free_port, wait_until


class HttpTarget:
    """Serves path at url with the given handler class, on threads; free: what an answer that hangs waits for."""

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


class Target(HttpTarget):
    """An HTTP server that keeps what it gets and answers as the test says: a status, "hang", or (status, headers)."""

    def __init__(self, answers=(), port=0):
        self.got = []
        self.answers = list(answers)
        target = self

        class Handler(QuietHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = target.answers.pop(0) if target.answers else 200
                target.got.append((self.path, dict(self.headers), body))
                if answer == "hang":
                    target.free.wait(PATIENCE_S)
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

        super().__init__(Handler, "/hook", port)

    def wait(self, count=1):
        """However long all take, as long as each comes."""
        for number in range(1, count + 1):
            wait_until(lambda number=number: len(self.got) >= number, f"request {number} of {count}")
        return self.got


class Closed:
    """A port that refuses, and that nobody else gets, until open makes a target of it."""

    def __init__(self):
        self.socket = bind_free_port()
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def open(self):
        self.socket.close()
        return Target(port=self.port)
