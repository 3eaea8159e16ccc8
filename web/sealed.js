// What is sealed, files and stored events: asks for the secret half of their key, which stays in this page and is forgotten with it, and opens them here.
import { $, toast } from "/dom.js";
import { request } from "/api.js";
import { openSealed, readKey } from "/age.js";
import { fileUrl } from "/captures.js";

const types = { jpg: "image/jpeg", png: "image/png", mp4: "video/mp4" };
let key = null, asked = null; // asked: { file, parameters, bytes(), show(parts, isWhole) }; file: null where it is an event
const opened = []; // whom to tell when there is a key that opens something

function askForKey() {
  const { file, parameters } = asked;
  $("unseal-title").textContent = file ? "A sealed file" : "A sealed event";
  $("unseal-note").textContent = "";
  $("unseal-download").hidden = !file;
  if (file) {
    $("unseal-download").href = fileUrl(file, { ...parameters, download: 1 });
    $("unseal-download").download = file;
  }
  if (!$("unseal").open) $("unseal").showModal();
}

async function tryToOpen() {
  try {
    const { parts, isWhole } = await openSealed(await asked.bytes(), key);
    $("unseal").close();
    asked.show(parts, isWhole);
    opened.forEach((tell) => tell());
  } catch (error) {
    key = null;
    askForKey();
    $("unseal-note").textContent = error.message;
  }
}

function ask(what) {
  asked = what;
  if (key) tryToOpen();
  else askForKey();
}

// Calls show with the name and a Blob of what was sealed, once the person has given the key.
export function open(name, parameters, show) {
  const bytes = async () => new Uint8Array(await (await request(fileUrl(name, parameters))).arrayBuffer());
  ask({ file: name, parameters, bytes, show: (parts, isWhole) => {
    if (!isWhole) toast("The file breaks off: this is what is whole of it", { bad: true });
    const plainName = name.replace(/\.age$/, "");
    show(plainName, new Blob(parts, { type: types[plainName.split(".").pop()] ?? "application/octet-stream" }));
  } });
}

const decode = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const read = async (parts) => JSON.parse(await new Blob(parts).text());

// The same of a stored event's member "sealed": show gets the event as it was.
export function openEvent(base64, show) {
  ask({ file: null, bytes: () => decode(base64), show: async (parts) => show(await read(parts)) });
}

// The event as it was, or null: there is no key, or it is another's.
export async function eventWithKey(base64) {
  try {
    return key && await read((await openSealed(decode(base64), key)).parts);
  } catch { return null; }
}

export function onOpened(tell) { opened.push(tell); }

$("unseal-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = readKey($("unseal-key").value);
  $("unseal-note").textContent = key ? "…" : "That is no secret key: it begins with AGE-SECRET-KEY-1, and every letter counts";
  if (!key) return;
  $("unseal-key").value = "";
  tryToOpen();
});
$("unseal-close").addEventListener("click", () => $("unseal").close());
