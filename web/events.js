// What happened: the list of events, kept up to date by Server-Sent Events.
import { $, day, el } from "/dom.js";
import { getCamera, picture, url } from "/api.js";
import { now, past, setMarks } from "/timeline.js";

const MOST = 300;
const kinds = [
  { id: "motion", text: "Motion", match: /^motion\.(start|end)/, icon: "≋" },
  { id: "trigger", text: "Marks", match: /^trigger/, icon: "◆" },
  { id: "saved", text: "Pictures", match: /^picture/, icon: "▣" },
  { id: "clip", text: "Clips", match: /^clip/, icon: "▶" },
  { id: "night", text: "Night", match: /^night/, icon: "☾" },
  { id: "system", text: "System", match: /./, icon: "•" },
];
const kindOf = (event) => kinds.find((kind) => kind.match.test(event.event));
const titles = {
  "boot": "pastcam started", "camera.up": "Camera is there", "camera.down": "Camera is away", "night.enter": "Night begins",
  "night.exit": "Day begins", "motion.start": "Motion", "motion.end": "Motion ended", "motion.off": "Motion detection off", "motion.on": "Motion detection on", "trigger": "Marked",
  "clip.start": "Clip begins", "clip.end": "Clip saved", "clip.failed": "Clip failed", "picture.saved": "Picture saved",
  "picture.failed": "Picture not saved", "storage.low": "Disk is nearly full", "storage.ok": "Disk has room again",
  "pin.made": "Moment held", "pin.kept": "Held moment saved", "pin.dropped": "Held moment let go", "lost": "Some events were lost",
};
const quiet = /^(heartbeat|cameras|away|back|request)$/;

let all = [];
let filter = "all";
let source = null;
let handlers = {};
const thumbnails = new Map();

const fileOf = (event) => {
  const path = event.path ?? event.file ?? (Array.isArray(event.paths) ? event.paths[0] : null) ?? (Array.isArray(event.files) ? event.files[0] : null);
  return typeof path === "string" ? path.split("/").pop() : null;
};

function describe(event) {
  if (event.event === "trigger" && event.label) return `Marked: ${event.label}`;
  return titles[event.event] ?? event.event;
}

function thumbnail(event) {
  const file = fileOf(event);
  const box = el("span", { className: "blank" }, kindOf(event).icon);
  const show = (src) => box.replaceWith(el("img", { src, alt: "", loading: "lazy" }));
  if (file?.endsWith(".jpg")) {
    show(url(`/captures/${encodeURIComponent(file)}`, { width: 160 }));
    return box.isConnected ? box : el("img", { src: url(`/captures/${encodeURIComponent(file)}`, { width: 160 }), alt: "", loading: "lazy" });
  }
  if (!/^(motion\.start|trigger|pin\.made)$/.test(event.event)) return box;
  if (thumbnails.has(event.id)) return el("img", { src: thumbnails.get(event.id), alt: "" });
  if (event.epoch > past.from && now() - event.epoch < 600)
    picture(event.epoch.toFixed(3), { width: 160 }).then(({ blob, bitmap }) => {
      bitmap.close();
      thumbnails.set(event.id, URL.createObjectURL(blob));
      show(thumbnails.get(event.id));
    }).catch(() => { /* it has left the memory: the sign stays */ });
  return box;
}

function row(event) {
  const detail = event.reason ?? event.error ?? event.why ?? fileOf(event) ?? "";
  return el("li", { className: /fail|down|low|lost/.test(event.event) ? "bad" : "" },
    el("button", { type: "button", onclick: () => handlers.open(event, fileOf(event)) }, thumbnail(event),
      el("span", {}, el("b", {}, describe(event)),
        el("small", { title: new Date(event.epoch * 1000).toLocaleString() }, `${day(event.epoch)}${detail ? ` · ${detail}` : ""}`))));
}

const wanted = (event) => (filter === "all" || kindOf(event).id === filter) && (!getCamera() || !event.camera || event.camera === getCamera());

function drawList() {
  const list = all.filter(wanted);
  $("events").replaceChildren(...list.slice(0, 120).map(row));
  if (!list.length) $("events").append(el("li", { className: "empty" }, "Nothing has happened yet."));
}

function drawMarks() {
  const marks = [];
  for (const event of all.filter((one) => !getCamera() || one.camera === getCamera())) {
    const kind = kindOf(event).id;
    if (event.event === "motion.end") continue;
    const end = event.event === "motion.start" ? all.find((one) => one.event === "motion.end" && one.camera === event.camera && one.epoch >= event.epoch) : null;
    if (kind !== "system") marks.push({ epoch: event.epoch, kind, until: event.event === "motion.start" ? end?.epoch ?? now() : 0 });
  }
  setMarks(marks);
}

function add(event) {
  if (all.some((one) => one.id === event.id && one.camera === event.camera)) return;
  all.unshift(event);
  all.sort((a, b) => b.epoch - a.epoch);
  all = all.slice(0, MOST);
  drawMarks();
  const first = $("events").firstElementChild;
  if (all[0] === event && wanted(event)) {
    if (first?.className === "empty") first.remove();
    $("events").prepend(row(event));
  } else drawList();
}

function drawFilters() {
  const choices = [{ id: "all", text: "All" }, ...kinds];
  $("filters").replaceChildren(...choices.map((kind) => el("button", {
    type: "button", ariaPressed: String(filter === kind.id),
    onclick: () => { filter = kind.id; drawFilters(); drawList(); },
  }, kind.text)));
}

// handlers: open(event, file), cameras(names), away(camera, reason), back(camera), happened(event), lost(), found()
export function listen(given) {
  handlers = given;
  source?.close();
  source = new EventSource("/api/events?since=all");
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

export function redraw() { drawFilters(); drawList(); drawMarks(); }
