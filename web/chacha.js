// ChaCha20-Poly1305 (RFC 8439), opening alone, without additional data.
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
const PRIME = (1n << 130n) - 5n, CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn, LOW = (1n << 128n) - 1n;
const TAG_BYTES = 16;
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function quarter(s, a, b, c, d) {
  let x;
  s[a] += s[b]; x = s[d] ^ s[a]; s[d] = x << 16 | x >>> 16;
  s[c] += s[d]; x = s[b] ^ s[c]; s[b] = x << 12 | x >>> 20;
  s[a] += s[b]; x = s[d] ^ s[a]; s[d] = x << 8 | x >>> 24;
  s[c] += s[d]; x = s[b] ^ s[c]; s[b] = x << 7 | x >>> 25;
}

function block(begin, working) {
  working.set(begin);
  for (let i = 0; i < 10; i++) {
    quarter(working, 0, 4, 8, 12); quarter(working, 1, 5, 9, 13); quarter(working, 2, 6, 10, 14); quarter(working, 3, 7, 11, 15);
    quarter(working, 0, 5, 10, 15); quarter(working, 1, 6, 11, 12); quarter(working, 2, 7, 8, 13); quarter(working, 3, 4, 9, 14);
  }
  for (let i = 0; i < 16; i++) working[i] += begin[i];
}

// The stream from block number counter on, over bytes.
function cipher(key, nonce, counter, bytes) {
  const begin = new Uint32Array(16), working = new Uint32Array(16), out = new Uint8Array(bytes.length);
  begin.set(CONSTANTS);
  for (let i = 0; i < 8; i++) begin[4 + i] = view(key).getUint32(4 * i, true);
  for (let i = 0; i < 3; i++) begin[13 + i] = view(nonce).getUint32(4 * i, true);
  begin[12] = counter;
  for (let at = 0; at < bytes.length; at += 64) {
    block(begin, working);
    const end = Math.min(64, bytes.length - at);
    for (let i = 0; i < end; i++) out[at + i] = bytes[at + i] ^ working[i >> 2] >>> 8 * (i & 3);
    begin[12]++;
  }
  return out;
}

const little = (bytes, at) => view(bytes).getBigUint64(at, true) | view(bytes).getBigUint64(at + 8, true) << 64n;

// Of the bytes, filled up with zeros, and of the lengths.
function tagOf(key, bytes) {
  const r = little(key, 0) & CLAMP, padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16 + 16), data = view(padded);
  padded.set(bytes);
  data.setBigUint64(padded.length - 8, BigInt(bytes.length), true);
  let sum = 0n;
  for (let at = 0; at < padded.length; at += 16)
    sum = (sum + (data.getBigUint64(at, true) | data.getBigUint64(at + 8, true) << 64n | 1n << 128n)) * r % PRIME;
  return sum + little(key, 16) & LOW;
}

// The bytes that were sealed, or null: it was another key or nonce, or they were altered.
export function open(key, nonce, sealed) {
  if (sealed.length < TAG_BYTES) return null;
  const bytes = sealed.subarray(0, sealed.length - TAG_BYTES);
  const tag = tagOf(cipher(key, nonce, 0, new Uint8Array(32)), bytes);
  return tag === little(sealed, bytes.length) ? cipher(key, nonce, 1, bytes) : null;
}
