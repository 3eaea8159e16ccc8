// What the buttons under the picture keep of it: files, clips, and pins, which hold now and decide later.
import { $, attempt, clock, el, span, toast } from "/dom.js";
import { getCamera, picture, send } from "/api.js";
import { shown } from "/shown.js";
import { goTo } from "/player.js";
import { refreshTimeline } from "/cameras.js";
import * as stage from "/stage.js";
import * as timeline from "/timeline.js";
import * as captures from "/captures.js";

const clipsAsked = new Set(); // by this page

const momentShown = () => stage.current() && !shown.file ? stage.current().epoch : undefined;

export async function save() {
  const form = new FormData($("save-form"));
  const formats = form.getAll("formats");
  const at = momentShown();
  if (at === undefined) throw new Error("There is no picture to save yet");
  const isStack = form.get("kind") === "stack";
  const body = { at: String(at.toFixed(6)), ...(formats.length ? { formats } : {}) };
  if (isStack) Object.assign(body, { count: Number(form.get("count")), mode: form.get("mode") });
  const full = shown.moment === null && shown.status && shown.status.ring.width < shown.status.camera.width && !isStack;
  if (full) delete body.at; // the memory holds smaller frames: the next one that comes is whole
  const json = await (await send("POST", isStack ? "/api/stack" : "/api/save", body, { wait: 1 })).json();
  const name = json.files?.[0];
  const jpg = json.files?.find((one) => one.endsWith(".jpg"));
  toast(`Saved ${json.files?.join(", ") ?? ""}`, {
    picture: jpg ? captures.fileUrl(jpg, { width: 160 }) : null,
    link: name ? { href: captures.fileUrl(name, { download: 1 }), name, text: "Download" } : null,
  });
  if (!$("panel-files").hidden) await captures.refresh();
}

// Around the moment shown; what of it is still to come is waited for.
export async function clip() {
  const form = new FormData($("clip-form"));
  const ago = shown.moment === null || shown.file ? 0 : Math.max(0, timeline.now() - shown.moment);
  const round = (seconds) => Math.round(seconds * 10) / 10;
  const body = { before: round(Number(form.get("before")) + ago), after: round(Math.max(0, Number(form.get("after")) - ago)) };
  const json = await (await send("POST", "/api/clip", body)).json();
  clipsAsked.add(`${getCamera()} ${json.id}`);
  toast(`The clip is being made, ${json.reply.replace(/^CLIP \S+ /, "")}`);
}

export function tellClip(event) {
  if (!/^clip\.(end|failed)$/.test(event.event) || !clipsAsked.delete(`${event.camera} ${event.clip}`)) return;
  const name = event.path?.split("/").pop();
  if (event.event === "clip.failed") toast(`The clip was not saved: ${event.reason}`, { bad: true });
  else toast(`Saved ${name}`, { link: { href: captures.fileUrl(name, { download: 1 }), name, text: "Download" } });
}

export async function hold() {
  const at = momentShown() ?? timeline.now();
  const json = await (await send("POST", "/api/pins", { at: String(at.toFixed(3)), before: 2, after: 2 })).json();
  toast(`Held: ${json.reply.match(/frames=(\d+)/)?.[1] ?? "the"} frames around ${clock(at, true)}. Save them or let them go below`);
  await refreshTimeline();
}

async function decide(id, keep) {
  if (keep) {
    const json = await (await send("POST", `/api/pins/${id}`, {}, { wait: 1 })).json();
    toast(`Saved ${json.files?.length ?? ""} pictures`);
  } else await send("DELETE", `/api/pins/${id}`);
  await refreshTimeline();
}

export function drawPins() {
  $("pins").replaceChildren(...timeline.past.pins.map((pin) => el("li", {},
    el("span", {}, `Held: ${pin.frames} frames of ${clock(pin.from, true)}, for another ${span(Math.max(0, pin.expires - timeline.now()))}`),
    el("button", { type: "button", onclick: () => goTo(pin.from) }, "Show"),
    el("button", { type: "button", onclick: (event) => attempt(event.target, () => decide(pin.id, true)) }, "Save all"),
    el("button", { type: "button", onclick: (event) => attempt(event.target, () => decide(pin.id, false)) }, "Let go"))));
}

export async function download() {
  const frame = stage.current();
  if (!frame) throw new Error("There is no picture yet");
  const blob = shown.file ? frame.blob : (await picture(frame.epoch.toFixed(6))).blob;
  const link = el("a", { href: URL.createObjectURL(blob), download: shown.file ?? `pastcam_${new Date(frame.epoch * 1000).toISOString().replaceAll(":", "-")}_f${frame.frame}.jpg` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
