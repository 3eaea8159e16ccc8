"""A small S3 store that checks what it is sent: the signature (AWS Signature Version 4), the sums, the keys."""

import base64
import hashlib
import hmac
import urllib.parse

import harness
from http_target import HttpTarget, QuietHandler

KEY, SECRET, REGION = "AKPASTCAM", "wonder/land+key", "eu-central-1"


def hmac256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(handler, payload_sum, secret=SECRET):
    """docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, of a request as it came."""
    words = dict(part.strip().split("=", 1) for part in handler.headers["Authorization"].removeprefix("AWS4-HMAC-SHA256").split(","))
    key, date, region, service, end = words["Credential"].split("/")
    names = words["SignedHeaders"].split(";")
    path, _, query = handler.path.partition("?")
    # The path is signed as it should be encoded, whatever came.
    path = urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/-_.~")
    headers = "".join(f"{name}:{' '.join(handler.headers[name].split())}\n" for name in names)
    request = "\n".join([handler.command, path, query, headers, ";".join(names), payload_sum])
    scope = f"{date}/{region}/{service}/{end}"
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()])
    signing = hmac256(hmac256(hmac256(hmac256(("AWS4" + secret).encode(), date), region), service), end)
    wanted = hmac256(signing, text).hex()
    must = {"host", "x-amz-date"} | {name.lower() for name in handler.headers if name.lower().startswith("x-amz-")}
    return hmac.compare_digest(wanted, words["Signature"]) and key == KEY and region == REGION and must <= set(names)


class Store(HttpTarget):
    """answers: what each PUT gets: a status, "hang", "cut" (the last byte is lost), "other" (another one is kept)."""

    def __init__(self, answers=(), port=0, tells_sums=True):
        self.objects, self.puts, self.refused = {}, 0, 0
        self.answers, self.tells_sums = list(answers), tells_sums
        store = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, headers=(), length=0):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def refuse(self, status):
                store.refused += 1
                self.answer(status)

            def do_PUT(self):
                store.puts += 1
                answer = store.answers.pop(0) if store.answers else 200
                if answer == "hang":
                    store.free.wait(harness.PATIENCE_S)
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                payload_sum = hashlib.sha256(body).hexdigest()
                if not signature(self, payload_sum):
                    return self.refuse(403)
                if self.headers["x-amz-content-sha256"] != payload_sum:
                    return self.refuse(400)
                if self.headers["x-amz-checksum-sha256"] != base64.b64encode(hashlib.sha256(body).digest()).decode():
                    return self.refuse(400)
                if isinstance(answer, int) and answer != 200:
                    return self.answer(answer)
                kept = body[:-1] if answer == "cut" else bytes([body[0] ^ 1]) + body[1:] if answer == "other" else body
                store.objects[urllib.parse.unquote(self.path)] = (kept, self.headers["Content-Type"])
                self.answer(200, [("ETag", f'"{hashlib.md5(kept).hexdigest()}"')])

            def do_HEAD(self):
                if self.headers["x-amz-content-sha256"] != hashlib.sha256(b"").hexdigest():
                    return self.refuse(400)
                if not signature(self, hashlib.sha256(b"").hexdigest()):
                    return self.refuse(403)
                kept = store.objects.get(urllib.parse.unquote(self.path))
                if not kept:
                    return self.answer(404)
                headers = [("ETag", f'"{hashlib.md5(kept[0]).hexdigest()}"')]
                if store.tells_sums and self.headers["x-amz-checksum-mode"] == "ENABLED":
                    headers.append(("x-amz-checksum-sha256", base64.b64encode(hashlib.sha256(kept[0]).digest()).decode()))
                self.answer(200, headers, len(kept[0]))

        super().__init__(Handler, "/bucket", port)
