// Opens what pastcam has sealed (docs/sealing.md, https://age-encryption.org/v1) with the secret half of a key. Nothing here sends anything.
import { open } from "/chacha.js";
import { hkdf, hmac, join, text } from "/sha256.js";

const CHUNK = 64 * 1024 + 16, NONCE_BYTES = 16, FILE_KEY_BYTES = 16;
const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l", GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

// --- X25519 (RFC 7748) ---

const P = (1n << 255n) - 19n;
const mod = (value) => (value % P + P) % P;
const number = (bytes) => bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);

function power(base, exponent) {
  let result = 1n;
  for (; exponent > 0n; exponent >>= 1n, base = base * base % P) if (exponent & 1n) result = result * base % P;
  return result;
}

export function x25519(secret, point) {
  const scalar = number(secret) & (1n << 254n) - 8n | 1n << 254n, x = number(point) & (1n << 255n) - 1n;
  let [x2, z2, x3, z3] = [1n, 0n, x, 1n];
  for (let i = 254n; i >= 0n; i--) {
    const swap = scalar >> i & 1n;
    if (swap) [x2, z2, x3, z3] = [x3, z3, x2, z2];
    const a = x2 + z2, b = mod(x2 - z2), aa = a * a % P, bb = b * b % P, e = mod(aa - bb);
    const da = mod(x3 - z3) * a % P, cb = (x3 + z3) * b % P;
    x3 = (da + cb) ** 2n % P;
    z3 = x * mod(da - cb) ** 2n % P;
    x2 = aa * bb % P;
    z2 = e * (aa + 121665n * e) % P;
    if (swap) [x2, z2, x3, z3] = [x3, z3, x2, z2];
  }
  let value = x2 * power(z2, P - 2n) % P;
  return Uint8Array.from({ length: 32 }, () => { const byte = Number(value & 255n); value >>= 8n; return byte; });
}

// --- the key ---

function checksum(values) {
  return values.reduce((sum, value) => GENERATOR.reduce((next, one, i) => sum >>> 25 >> i & 1 ? next ^ one : next, (sum & 0x1ffffff) << 5 ^ value), 1);
}

// Out of a text that has one in it, such as a file of `pastcam seal-key` or age-keygen; null: there is none.
export function readKey(words) {
  const found = /AGE-SECRET-KEY-1[0-9A-Z]{58}/i.exec(words)?.[0].toLowerCase();
  const prefix = "age-secret-key-", values = [...found?.slice(prefix.length + 1) ?? ""].map((letter) => LETTERS.indexOf(letter));
  const head = [...prefix].map((letter) => letter.charCodeAt(0));
  if (!found || values.includes(-1) || checksum([...head.map((one) => one >> 5), 0, ...head.map((one) => one & 31), ...values]) !== 1) return null;
  const bits = values.slice(0, -6).reduce((sum, value) => sum << 5n | BigInt(value), 0n) >> 4n; // 260 bits, of which 256 count
  return Uint8Array.from({ length: 32 }, (_, i) => Number(bits >> BigInt(8 * (31 - i)) & 255n));
}

// --- the file ---

const decode = (line) => Uint8Array.from(atob(line), (letter) => letter.charCodeAt(0));
const equal = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

function readHead(bytes) {
  const head = /^age-encryption\.org\/v1\n((?:->[^\n]*\n(?:[^\n-][^\n]*\n)*)+--- )([^\n]{43})\n/.exec(String.fromCharCode(...bytes.subarray(0, 4096)));
  if (!head) throw new Error("This is no sealed file, or its beginning was altered");
  const stanzas = [...head[1].matchAll(/-> X25519 ([^\n ]{43})\n([^\n]{43})\n/g)].map((one) => one.slice(1, 3).map(decode));
  return { stanzas, mac: decode(head[2]), covered: bytes.subarray(0, head[0].length - 45), end: head[0].length };
}

function findFileKey(key, { stanzas, mac, covered }) {
  const recipient = x25519(key, Uint8Array.from({ length: 32 }, (_, i) => i ? 0 : 9));
  for (const [share, wrapped] of stanzas) {
    const fileKey = open(hkdf(x25519(key, share), join(share, recipient), "age-encryption.org/v1/X25519"), new Uint8Array(12), wrapped);
    if (fileKey?.length !== FILE_KEY_BYTES) continue;
    if (!equal(hmac(hkdf(fileKey, new Uint8Array(0), "header"), covered), mac)) throw new Error("The file was altered");
    return fileKey;
  }
  throw new Error("The file is sealed for another key");
}

function nonceOf(chunk, last) {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(chunk));
  nonce[11] = last;
  return nonce;
}

// What was sealed, as parts of a Blob. isWhole: false when the file breaks off behind these. An Error says why there is nothing.
export async function openSealed(bytes, key) {
  const head = readHead(bytes), fileKey = findFileKey(key, head);
  const payload = bytes.subarray(head.end + NONCE_BYTES), parts = [];
  const chunkKey = hkdf(fileKey, bytes.subarray(head.end, head.end + NONCE_BYTES), "payload");
  for (let at = 0, chunk = 0; at < payload.length; at += CHUNK, chunk++) {
    const sealed = payload.subarray(at, at + CHUNK), atEnd = at + CHUNK >= payload.length;
    const last = atEnd ? open(chunkKey, nonceOf(chunk, 1), sealed) : null;
    if (last) return { parts: [...parts, last], isWhole: true };
    const part = open(chunkKey, nonceOf(chunk, 0), sealed);
    if (!part && (!atEnd || sealed.length === CHUNK)) throw new Error("The file was altered");
    if (part) parts.push(part);
    if (chunk % 8 === 7) await new Promise((resolve) => setTimeout(resolve)); // the page goes on
  }
  if (!parts.length) throw new Error("The file was altered, or breaks off before anything of it is whole");
  return { parts, isWhole: false };
}
