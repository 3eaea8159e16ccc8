// Sealed files: asks for the secret half of their key, which stays in this page and is forgotten with it, and opens them here.
import { $, toast } from "/dom.js";
import { request } from "/api.js";
import { openSealed, readKey } from "/age.js";
import { fileUrl } from "/captures.js";

const types = { jpg: "image/jpeg", png: "image/png", mp4: "video/mp4" };
let key = null, asked = null; // asked: { name, parameters, show }

function askForKey() {
  const { name, parameters } = asked;
  $("unseal-note").textContent = "";
  $("unseal-download").href = fileUrl(name, { ...parameters, download: 1 });
  $("unseal-download").download = name;
  if (!$("unseal").open) $("unseal").showModal();
}

async function openWithKey() {
  const { name, parameters, show } = asked;
  const bytes = new Uint8Array(await (await request(fileUrl(name, parameters))).arrayBuffer());
  const { parts, isWhole } = await openSealed(bytes, key);
  const plainName = name.replace(/\.age$/, "");
  $("unseal").close();
  if (!isWhole) toast("The file breaks off: this is what is whole of it", { bad: true });
  show(plainName, new Blob(parts, { type: types[plainName.split(".").pop()] ?? "application/octet-stream" }));
}

async function tryToOpen() {
  try {
    await openWithKey();
  } catch (error) {
    key = null;
    askForKey();
    $("unseal-note").textContent = error.message;
  }
}

// Calls show with the name and a Blob of what was sealed, once the person has given the key.
export function open(name, parameters, show) {
  asked = { name, parameters, show };
  if (key) tryToOpen();
  else askForKey();
}

$("unseal-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = readKey($("unseal-key").value);
  $("unseal-note").textContent = key ? "…" : "That is no secret key: it begins with AGE-SECRET-KEY-1, and every letter counts";
  if (!key) return;
  $("unseal-key").value = "";
  tryToOpen();
});
$("unseal-close").addEventListener("click", () => $("unseal").close());
