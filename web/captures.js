// What is on the disk: pictures and clips, to look at, download and delete.
import { $, attempt, day, el, icon, size, toast } from "/dom.js";
import { getCamera, getJson, send, url } from "/api.js";

const PAGE = 60;
let files = [], total = 0, open = () => {};
const chosen = new Set();

export const fileUrl = (name, parameters = {}) => url(`/captures/${encodeURIComponent(name)}`, parameters);

// A clip shows its first frame once it is scrolled to.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries)
    if (isIntersecting) { target.src = `${target.dataset.src}#t=0.1`; near.unobserve(target); }
}, { rootMargin: "200px" });

export function clipPreview(name, parameters = {}) {
  const video = el("video", { muted: true, preload: "metadata", playsInline: true, tabIndex: -1, ariaHidden: "true" });
  video.dataset.src = fileUrl(name, parameters);
  near.observe(video);
  return el("span", { className: "clip" }, video);
}

export const remove = (name, parameters = {}) => send("DELETE", `/captures/${encodeURIComponent(name)}`, undefined, parameters);

// NAME.jpg.age: encrypted for somebody, who is not here.
export const isSealed = (name) => name.endsWith(".age");
const kindOf = (name) => name.replace(/\.age$/, "").split(".").pop();
export const lock = () => el("span", { className: "blank", role: "img", ariaLabel: "Sealed" }, icon("M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3"));

function preview(file) {
  if (isSealed(file.name)) return lock();
  const kind = kindOf(file.name);
  const poster = kind === "mp4" && file.name.replace(/mp4$/, "jpg");
  if (poster && files.some((one) => one.name === poster)) return el("span", { className: "clip" }, el("img", { src: fileUrl(poster, { width: 240 }), alt: "", loading: "lazy" }));
  if (kind === "mp4") return clipPreview(file.name);
  if (kind === "jpg") return el("img", { src: fileUrl(file.name, { width: 240 }), alt: "", loading: "lazy" });
  return el("span", { className: "blank" }, kind.toUpperCase());
}

function drawBar() {
  $("files-count").textContent = total ? `${total} on the disk${chosen.size ? `, ${chosen.size} selected` : ""}` : "";
  $("zip").hidden = $("files-delete").hidden = chosen.size === 0;
  $("zip").href = url("/captures.zip", { files: [...chosen].join(",") });
  $("files-more").hidden = files.length >= total;
}

function row(file) {
  const tick = el("input", {
    type: "checkbox", ariaLabel: `Select ${file.name}`, checked: chosen.has(file.name),
    onchange: (event) => { event.target.checked ? chosen.add(file.name) : chosen.delete(file.name); drawBar(); },
  });
  return el("li", {}, el("button", { type: "button", title: file.name, onclick: () => open(file.name) },
    preview(file), el("small", {}, day(file.epoch)), el("small", {}, `${kindOf(file.name)}${isSealed(file.name) ? " · sealed" : ""} · ${size(file.bytes)}`)), tick);
}

function drawList() {
  $("files").replaceChildren(...files.map(row));
  if (!files.length) $("files").append(el("li", { className: "empty" }, "Nothing is saved yet."));
  drawBar();
}

export async function refresh(more = false) {
  if (getCamera() === "*") {
    files = [];
    total = 0;
    drawList();
    $("files").firstChild.textContent = "Choose a camera to see its files.";
    return;
  }
  try {
    const before = more && files.length ? files.at(-1).epoch : undefined;
    const json = await getJson("/api/captures", { limit: PAGE, before });
    files = more ? [...files, ...json.files] : json.files;
    total = more ? total : json.total;
  } catch (error) {
    if (error.status !== 404) throw error;
    files = [];
    total = 0;
  }
  drawList();
}

export function whenOpened(handler) { open = handler; }

$("files-more").addEventListener("click", (event) => attempt(event.target, () => refresh(true)));
$("files-delete").addEventListener("click", (event) => attempt(event.target, async () => {
  if (!confirm(`Delete ${chosen.size} file${chosen.size > 1 ? "s" : ""} for good?`)) return;
  for (const name of chosen) await remove(name);
  toast(`${chosen.size} deleted`);
  chosen.clear();
  await refresh();
}));
