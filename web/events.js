// What happened: the list of events, from what is stored of them, kept up to date by Server-Sent Events.
import { $, attempt, day, el, icon, span } from "/dom.js";
import { getCamera, getJson, picture } from "/api.js";
import { clipPreview, fileUrl, remove, isSealed, lock } from "/captures.js";
import * as sealed from "/sealed.js";
import { now, past, setMarks } from "/timeline.js";

const MARKS = 300, PAGE = 60, KEPT = 3000;
// types: how names begin, as /api/history takes them; what is none of those is of the last.
const kinds = [
  { id: "motion", text: "Motion", types: ["motion.start", "motion.end"], icon: "≋" },
  { id: "trigger", text: "Marks", types: ["trigger"], icon: "◆" },
  { id: "saved", text: "Pictures", types: ["picture"], icon: "▣" },
  { id: "clip", text: "Clips", types: ["clip"], icon: "▶" },
  { id: "night", text: "Night", types: ["night"], icon: "☾" },
  { id: "system", text: "System", types: ["boot", "camera", "storage", "pin", "lost", "motion.o"], icon: "•" },
];
const kindOf = (event) => kinds.find(({ types }) => types.some((type) => event.event.startsWith(type))) ?? kinds.at(-1);
const titles = {
  "boot": "pastcam started", "camera.up": "Camera is there", "camera.down": "Camera is away", "night.enter": "Night begins",
  "night.exit": "Day begins", "motion.start": "Motion", "motion.end": "Motion ended", "motion.off": "Motion detection off", "motion.on": "Motion detection on", "trigger": "Marked",
  "clip.start": "Clip begins", "clip.end": "Clip saved", "clip.failed": "Clip failed", "picture.saved": "Picture saved",
  "picture.failed": "Picture not saved", "storage.low": "Disk is nearly full", "storage.ok": "Disk has room again",
  "pin.made": "Moment held", "pin.kept": "Held moment saved", "pin.dropped": "Held moment let go", "lost": "Some events were lost",
};
const quiet = /^(heartbeat|cameras|away|back|request)$/;

let all = [];
let filter = "all", date = "", mayDelete = false;
let reach = null; // the oldest moment down to which the list is whole; null: nothing was loaded yet, -Infinity: all of it
let asked = 0;
let source = null;
let handlers = {};
const thumbnails = new Map();

const fileOf = (event) => {
  if (event.on_disk) return (event.on_disk.find(({ name }) => name.endsWith(".jpg")) ?? event.on_disk[0])?.name ?? null;
  return typeof event.path === "string" ? event.path.split("/").pop() : null;
};
const isGone = (event) => event.on_disk?.length === 0;
const cameraOf = (event) => event.camera ? { camera: event.camera } : {};

function describe(event) {
  if (event.event === "trigger" && event.label) return `Marked: ${event.label}`;
  return titles[event.event] ?? event.event;
}

function thumbnail(event) {
  const file = fileOf(event);
  const box = el("span", { className: "blank" }, kindOf(event).icon);
  const show = (src) => box.replaceWith(el("img", { src, alt: "", loading: "lazy" }));
  if (event.sealed || (file && isSealed(file))) return lock();
  if (file?.endsWith(".jpg")) {
    return el("img", { src: fileUrl(file, { width: 160, ...cameraOf(event) }), alt: "", loading: "lazy" });
  }
  if (file?.endsWith(".mp4")) return clipPreview(file, cameraOf(event));
  if (!/^(motion\.start|trigger|pin\.made)$/.test(event.event)) return box;
  if (thumbnails.has(event.id)) return el("img", { src: thumbnails.get(event.id), alt: "" });
  if (event.epoch > past.from + 1 && now() - event.epoch < 600)
    picture(event.epoch.toFixed(3), { width: 160 }).then(({ blob, bitmap }) => {
      bitmap.close();
      thumbnails.set(event.id, URL.createObjectURL(blob));
      show(thumbnails.get(event.id));
    }).catch(() => { /* it has left the memory: the sign stays */ });
  return box;
}

// --- stored events that are sealed ---

function unseal(event, fields) {
  Object.assign(event, fields);
  delete event.sealed;
}

function openRow(event) {
  if (event.sealed && !fileOf(event)) sealed.openEvent(event.sealed, (fields) => { unseal(event, fields); drawList(); });
  else handlers.open(event, fileOf(event));
}

// All that the key opens of the list; the page goes on meanwhile.
async function unsealList() {
  for (const event of all.filter((one) => one.sealed && wanted(one))) {
    const fields = await sealed.eventWithKey(event.sealed);
    if (fields && event.sealed) { unseal(event, fields); drawList(); }
    await new Promise((resolve) => setTimeout(resolve));
  }
}

// --- the list ---

function row(event) {
  const length = event.event === "clip.end" ? span(event.duration_s) : event.formats?.join(", ");
  const detail = isGone(event) ? "deleted" : event.reason ?? length ?? (event.sealed ? "sealed" : "");
  return el("li", { className: /fail|down|low|lost/.test(event.event) ? "bad" : "" },
    el("button", { type: "button", onclick: () => openRow(event) }, thumbnail(event),
      el("span", {}, el("b", {}, describe(event)),
        el("small", { title: new Date(event.epoch * 1000).toLocaleString() }, `${day(event.epoch)}${detail ? ` · ${detail}` : ""}`))),
    ...(fileOf(event) ? fileButtons(event, fileOf(event)) : []));
}

function fileButtons(event, file) {
  const names = event.on_disk?.map(({ name }) => name) ?? [file];
  const download = el("a", { className: "button", href: fileUrl(file, { download: 1, ...cameraOf(event) }), download: file, ariaLabel: `Download ${file}`, title: "Download" }, icon("M12 4v11M7 11l5 5 5-5M5 20h14"));
  const erase = el("button", { type: "button", className: "danger", ariaLabel: `Delete ${file}`, title: "Delete", onclick: ({ currentTarget }) => attempt(currentTarget, async () => {
    if (!confirm(`Delete ${names.join(", ")} for good?`)) return;
    for (const name of names) await remove(name, cameraOf(event));
    event.on_disk = [];
    drawList();
  }) }, icon("M6 6l12 12M18 6L6 18"));
  return mayDelete ? [download, erase] : [download];
}

const dayBegin = () => date ? new Date(`${date}T00:00`).getTime() / 1000 : -Infinity;
function dayEnd() {
  if (!date) return Infinity;
  const end = new Date(`${date}T00:00`);
  end.setDate(end.getDate() + 1);
  return end.getTime() / 1000;
}

const seesAll = () => !getCamera() || getCamera() === "*";
const wanted = (event) => (filter === "all" || kindOf(event).id === filter) && (seesAll() || !event.camera || event.camera === getCamera()) &&
  event.epoch >= Math.max(dayBegin(), reach ?? now() - 60) && event.epoch < dayEnd();

function drawList() {
  const list = all.filter(wanted);
  $("events").replaceChildren(...list.map(row));
  if (!list.length) $("events").append(el("li", { className: "empty" }, reach === null ? "…" : date ? "Nothing happened on that day." : "Nothing has happened yet."));
  $("events-more").hidden = reach === null || reach === -Infinity;
}

function merge(events) {
  const known = new Map(all.map((one) => [`${one.camera} ${one.id}`, one]));
  for (const event of events) {
    const old = known.get(`${event.camera} ${event.id}`);
    if (old && event.sealed && !old.sealed) delete event.sealed; // it is open already
    if (old) Object.assign(old, event);
    else all.push(event);
  }
  all.sort((a, b) => b.epoch - a.epoch);
  all = all.slice(0, KEPT);
}

// The next page of what is stored, for the filters as they are; a view that was begun anew meanwhile wins.
async function load() {
  const serial = ++asked;
  const until = reach !== null ? reach : date ? dayEnd() : undefined;
  const json = await getJson("/api/history", {
    limit: PAGE, type: kinds.find(({ id }) => id === filter)?.types, until, since: date ? dayBegin() : undefined,
    camera: seesAll() ? undefined : getCamera(),
  });
  if (serial !== asked) return;
  reach = json.next ?? -Infinity;
  merge(json.events);
  drawMarks();
  drawList();
  unsealList();
  $("events-note").textContent = json.source === "hub" ? "" : "Only what the cameras still remember: pastcam-hub stores more.";
  $("events-note").title = json.reason ?? "";
}

function begin() {
  reach = null;
  drawFilters();
  drawList();
  load().catch((error) => { $("events-note").textContent = error.message; reach = -Infinity; drawList(); });
}

function drawMarks() {
  const marks = [];
  for (const event of all.slice(0, MARKS).filter((one) => !getCamera() || one.camera === getCamera())) {
    const kind = kindOf(event).id;
    if (event.event === "motion.end") continue;
    const end = event.event === "motion.start" ? all.find((one) => one.event === "motion.end" && one.camera === event.camera && one.epoch >= event.epoch) : null;
    if (kind !== "system") marks.push({ epoch: event.epoch, kind, until: event.event === "motion.start" ? end?.epoch ?? now() : 0 });
  }
  setMarks(marks);
}

function add(event) {
  const known = all.find((one) => one.id === event.id && one.camera === event.camera);
  if (known && !known.sealed) return;
  if (known) delete known.sealed; // the camera still has it
  merge([event]);
  drawMarks();
  const first = $("events").firstElementChild;
  if (known) drawList();
  else if (all[0] === event && wanted(event)) {
    if (first?.className === "empty") first.remove();
    $("events").prepend(row(event));
  } else if (wanted(event)) drawList();
}

function drawFilters() {
  const choices = [{ id: "all", text: "All" }, ...kinds];
  $("filters").replaceChildren(...choices.map((kind) => el("button", {
    type: "button", ariaPressed: String(filter === kind.id),
    onclick: () => { filter = kind.id; begin(); },
  }, kind.text)));
}

// handlers: open(event, file), cameras(names), away(camera, reason), back(camera), happened(event), lost(), found()
export function listen(given) {
  handlers = given;
  source?.close();
  source = new EventSource("/api/events?since=all");
  begin();
  const take = (name, handler) => source.addEventListener(name, (message) => handler(JSON.parse(message.data)));
  source.onopen = () => handlers.found();
  source.onerror = () => {
    handlers.lost();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(handlers), 1000);
  };
  take("cameras", ({ cameras }) => handlers.cameras(cameras));
  take("away", ({ camera, reason }) => handlers.away(camera, reason));
  take("back", ({ camera }) => handlers.back(camera));
  for (const name of Object.keys(titles))
    take(name, (event) => { if (!quiet.test(name)) { add(event); handlers.happened(event); } });
}

export function stop() { source?.close(); source = null; }

export function redraw() { drawMarks(); if (source) begin(); else drawFilters(); }

export function allowDeleting(may) { mayDelete = may; }

sealed.onOpened(unsealList);
$("events-day").addEventListener("change", () => { date = $("events-day").value; begin(); });
$("events-more").addEventListener("click", (event) => attempt(event.target, load));
