// The settings, drawn from pastcam's own table of options. pastcam checks them; what it refuses, it explains.
import { $, attempt, el, toast } from "/dom.js";
import { request, send, url } from "/api.js";

let options = [], tag = "";
const changes = new Map();

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// What is no JSON yet goes as it stands; the program says what is wrong with it.
function asJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function mark(option, value, row) {
  if (same(value, option.value)) changes.delete(option.path);
  else changes.set(option.path, value);
  row.classList.toggle("changed", changes.has(option.path));
  row.querySelector(".wrong")?.remove();
  $("settings-save").disabled = changes.size === 0;
  $("settings-note").className = "";
  $("settings-note").textContent = changes.size ? `${changes.size} changed` : "";
}

function field(option, row) {
  const id = `option-${option.path}`;
  const take = (value) => mark(option, value, row());
  if (option.type === "boolean")
    return [el("input", { id, type: "checkbox", checked: option.value, onchange: (event) => take(event.target.checked) })];
  if (option.type === "choice")
    return [el("select", { id, onchange: (event) => take(event.target.value) },
      ...option.choices.map((word) => el("option", { value: word, selected: word === option.value }, word)))];
  if (option.type === "set") {
    const now = new Set(option.value);
    return option.choices.map((word) => el("label", {}, el("input", {
      type: "checkbox", checked: now.has(word),
      onchange: (event) => { event.target.checked ? now.add(word) : now.delete(word); take(option.choices.filter((one) => now.has(one))); },
    }), ` ${word}`));
  }
  if (option.type === "list")
    return [el("input", { id, type: "text", value: JSON.stringify(option.value ?? []), oninput: (event) => take(asJson(event.target.value)) })];
  if (option.type === "text")
    return [el("input", { id, type: "text", value: option.value, oninput: (event) => take(event.target.value) })];
  return [el("input", {
    id, type: "number", value: option.value, min: option.min, max: option.max, step: option.type === "integer" ? 1 : "any",
    oninput: (event) => take(event.target.value === "" ? null : Number(event.target.value)),
  }), option.unit];
}

function describe(option) {
  const range = option.min === undefined ? "" : ` From ${option.min} to ${option.max}${option.unit ? ` ${option.unit}` : ""}.`;
  const standard = Array.isArray(option.default) ? option.default.join(", ") : String(option.default);
  return `${option.help.replaceAll("`", "")}${range} Default: ${standard === "" ? "empty" : standard}.`;
}

function draw() {
  const form = $("settings-form");
  form.replaceChildren();
  let section = "";
  for (const option of options) {
    const [first] = option.path.split(".");
    if (first !== section) form.append(el("h3", {}, section = first));
    const row = el("div", { className: "option" });
    row.dataset.path = option.path;
    row.append(el("label", option.type === "set" ? {} : { htmlFor: `option-${option.path}` }, option.path.slice(first.length + 1).replaceAll("_", " ")),
      el("p", {}, describe(option)), el("div", { className: "field" }, ...field(option, () => row)));
    form.append(row);
  }
}

function read(json, newTag) {
  options = json.options;
  tag = newTag;
  changes.clear();
  $("settings-save").disabled = true;
  $("settings-note").textContent = json.trouble ? `The file has a mistake: ${json.trouble}` : `Kept in ${json.file}`;
  draw();
}

export async function open() {
  const response = await request(url("/api/settings"));
  read(await response.json(), response.headers.get("ETag"));
  $("settings-find").value = "";
  $("settings").showModal();
}

async function save() {
  try {
    const response = await send("PUT", "/api/settings", Object.fromEntries(changes), {}, { "If-Match": tag });
    const web = [...changes.keys()].every((path) => path.startsWith("web."));
    read(await response.json(), response.headers.get("ETag"));
    $("settings-note").textContent = "Saved.";
    toast(`Saved. It takes effect when ${web ? "pastcam-web" : "pastcam"} is restarted: systemctl restart ${web ? "pastcam-web" : "pastcam"}`, { seconds: 12 });
  } catch (error) {
    $("settings-note").className = "bad";
    $("settings-note").textContent = error.message;
    const wrong = [...changes.keys()].find((path) => error.message.includes(path));
    const row = wrong && document.querySelector(`.option[data-path="${wrong}"]`);
    if (row) {
      row.append(el("p", { className: "wrong" }, error.message));
      row.scrollIntoView({ block: "center" });
    }
  }
}

$("settings-save").addEventListener("click", (event) => attempt(event.target, save).then(() => { $("settings-save").disabled = changes.size === 0; }));
$("settings-form").addEventListener("submit", (event) => event.preventDefault());
$("settings-find").addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
$("settings-find").addEventListener("input", (event) => {
  const word = event.target.value.toLowerCase();
  for (const row of document.querySelectorAll(".option")) row.hidden = !row.textContent.toLowerCase().includes(word) && !row.dataset.path.includes(word);
  for (const head of document.querySelectorAll("#settings-form h3")) {
    let next = head.nextElementSibling, any = false;
    for (; next && next.tagName !== "H3"; next = next.nextElementSibling) any ||= !next.hidden;
    head.hidden = !any;
  }
});
