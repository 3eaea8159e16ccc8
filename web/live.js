// Reads /live.mjpg part by part, so that the page knows of each picture which frame it is and when it was taken.
import { request, url } from "/api.js";

const decoder = new TextDecoder("latin1");

function find(buffer, from, length) { // the empty line that ends a part's headers
  for (let i = from; i + 3 < length; i++)
    if (buffer[i] === 13 && buffer[i + 1] === 10 && buffer[i + 2] === 13 && buffer[i + 3] === 10) return i;
  return -1;
}

async function read(reader, onPart) {
  let buffer = new Uint8Array(1 << 18), length = 0, headers = null, start = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (length + value.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, length + value.length));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(value, length);
    length += value.length;
    for (;;) {
      if (!headers) {
        const end = find(buffer, 0, length);
        if (end < 0) break;
        const text = decoder.decode(buffer.subarray(0, end));
        headers = Object.fromEntries([...text.matchAll(/^([\w-]+): (.*?)\r?$/gm)].map((m) => [m[1].toLowerCase(), m[2]]));
        start = end + 4;
      }
      const bytes = Number(headers["content-length"]);
      if (length < start + bytes) break;
      onPart(new Blob([buffer.slice(start, start + bytes)], { type: "image/jpeg" }), headers);
      buffer.copyWithin(0, start + bytes, length);
      length -= start + bytes;
      headers = null;
    }
  }
}

// Shows live pictures until stop(). onFrame({ bitmap, blob, epoch, frame }); onLost(reason) while there are none.
export function watchLive({ width, onFrame, onLost }) {
  const abort = new AbortController();
  let newest = null, busy = false;
  const paint = async () => { // one decode at a time; what came meanwhile is skipped but for the newest
    if (busy) return;
    busy = true;
    while (newest && !abort.signal.aborted) {
      const { blob, headers } = newest;
      newest = null;
      const bitmap = await createImageBitmap(blob).catch(() => null);
      if (bitmap && !abort.signal.aborted)
        onFrame({ bitmap, blob, epoch: Number(headers["pastcam-epoch"]), frame: headers["pastcam-frame"], tier: "live" });
    }
    busy = false;
  };
  (async () => {
    while (!abort.signal.aborted) {
      try {
        const response = await request(url("/live.mjpg", { width }), { signal: abort.signal });
        await read(response.body.getReader(), (blob, headers) => { newest = { blob, headers }; paint(); });
        onLost("the live picture has ended; trying again");
      } catch (error) {
        if (abort.signal.aborted) return;
        onLost(error.message);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  })();
  return () => abort.abort();
}
