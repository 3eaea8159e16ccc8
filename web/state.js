// How the camera, its memory and the disk are, in the program's own figures.
import { $, clock, el, span } from "/dom.js";
import { getCamera, url } from "/api.js";

const mib = (value) => value === undefined || value === null ? "unknown" : value >= 1024 ? `${(value / 1024).toFixed(1)} GiB` : `${Math.round(value)} MiB`;

function row(name, value, { bad = false, part = null } = {}) {
  const cell = el("dd", { className: bad ? "bad" : "" }, String(value));
  if (part !== null) {
    const bar = el("i");
    bar.style.width = `${Math.min(100, Math.max(0, part * 100))}%`;
    cell.append(el("div", { className: "meter" }, bar));
  }
  return [el("dt", {}, name), cell];
}

export function draw(status) {
  const { camera, ring, night, exports: saves, storage, memory, clock } = status;
  const rows = [
    row("Camera", camera.trouble ? `${camera.state}: ${camera.trouble}` : camera.state, { bad: Boolean(camera.trouble) }),
    row("Pictures", `${camera.width} × ${camera.height}, ${camera.format}`),
    row("Last frame", camera.last_frame_age_s === undefined || camera.last_frame_age_s === null ? "none yet" : `${span(camera.last_frame_age_s)} ago`),
    row("Lost frames", `${camera.lost + camera.dropped} of ${camera.frames}`, { bad: camera.lost + camera.dropped > 0 }),
    row("In memory", `${ring.frames} of ${ring.slots} frames, ${span(ring.seconds)}`, { part: ring.frames / ring.slots }),
    row("Light", `${night.status === "NIGHT" ? "night" : "day"}, level ${Number(night.level ?? 0).toFixed(0)}`),
    row("Exposure", `${Math.round((night.exposure_us ?? 0) / 100) / 10} ms, gain ${Number(night.gain ?? 0).toFixed(1)}`),
    row("Saved", `${saves.succeeded} saves, ${saves.files} files${saves.waiting + saves.running ? `, ${saves.waiting + saves.running} under way` : ""}`),
    row("Failed saves", saves.failed + (saves.failed && saves.last_error ? `: ${saves.last_error}` : ""), { bad: saves.failed > 0 }),
    row("Disk free", mib(storage.free_mib)),
    row("Memory", `${mib(memory.rss_mib)} of ${mib(memory.max_rss_mib)}`, { part: memory.rss_mib / memory.max_rss_mib }),
    row("Clock", `${clock.now}${clock.synchronised ? "" : ", not synchronised"}`, { bad: !clock.synchronised }),
    row("Running for", span(status.uptime_s)),
    row("Version", status.version),
  ];
  $("state").replaceChildren(...rows.flat());
  $("log").replaceChildren(...(status.last_errors ?? []).map((line) => el("li", {}, `${line.time.slice(11, 19)} ${line.text}`)));
}

/* --- the log, followed while it is open --- */

const LINES = 256;
let source = null;

export function follow() {
  source?.close();
  source = null;
  $("follow-lines").replaceChildren();
  if (!$("follow").open || $("panel-state").hidden || !getCamera()) return;
  source = new EventSource(url("/api/log", { since: "all" }));
  const add = (name, text) => source.addEventListener(name, (message) => {
    const line = JSON.parse(message.data);
    const list = $("follow-lines"), isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
    list.append(el("li", { className: line.level ?? "" }, text(line)));
    while (list.childElementCount > LINES) list.firstChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  });
  add("log", (line) => `${clock(line.epoch)} ${line.text}`);
  add("lost", (line) => `${line.count ?? "Some"} lines before this are not kept`);
  add("away", (line) => `pastcam is away: ${line.reason}`);
}

$("follow").addEventListener("toggle", follow);
