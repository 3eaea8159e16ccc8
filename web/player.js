// The live picture, the past and what is on the disk: which of them the stage shows.
import { $, attempt, clock, toast } from "/dom.js";
import { fit, getCamera, picture, request } from "/api.js";
import { watchLive } from "/live.js";
import { ALL, badge, show, shown, tellPast } from "/shown.js";
import * as stage from "/stage.js";
import * as timeline from "/timeline.js";
import * as captures from "/captures.js";
import * as sealed from "/sealed.js";

let asked = 0, wantedMoment = null, fetchingPast = false, settle = 0;

/* --- live --- */

export function goLive() {
  shown.moment = null;
  shown.playing = false;
  leaveFile();
  tellPast("");
  timeline.setCursor(null);
  startLive();
  badge();
}

export function startLive() {
  shown.stopLive?.();
  shown.stopLive = null;
  if (document.hidden || getCamera() === ALL || !shown.cameras.length) return;
  const camera = getCamera();
  const width = Math.min(1920, Math.ceil($("stage").clientWidth * Math.min(2, devicePixelRatio) / 160) * 160);
  shown.stopLive = watchLive({
    width: fit(width),
    onFrame: (frame) => {
      shown.lastFrameAt = performance.now();
      shown.liveReason = "";
      if (shown.moment !== null || shown.file || camera !== getCamera()) { frame.bitmap.close(); return; }
      show(frame);
      badge();
    },
    onLost: (reason) => { shown.liveReason = reason; },
  });
}

/* --- the past: at most one picture is asked for at a time, and always the newest wish next --- */

async function fetchPast() {
  if (fetchingPast) return;
  fetchingPast = true;
  while (wantedMoment) {
    const { at, width, serial } = wantedMoment;
    wantedMoment = null;
    try {
      const frame = await picture(at.toFixed(6), width ? { width } : {});
      if (shown.moment === null || shown.file) { frame.bitmap.close(); continue; }
      show(frame);
      if (!timeline.isDragging() && serial === asked) { shown.moment = frame.epoch; timeline.setCursor(shown.moment); }
      tellPast(Math.abs(frame.epoch - at) > Math.max(1.5, 3 * timeline.interval(at)) ? `That moment is not in memory any more. This is the nearest: ${clock(frame.epoch, true)}` : "");
    } catch (error) {
      if (shown.moment !== null) tellPast(error.message);
    }
    badge();
  }
  fetchingPast = false;
  if (!settle) $("picture").ariaBusy = null;
}

export function goTo(at, isLast = true) {
  if (at === null || at === undefined) { goLive(); return; }
  leaveFile();
  if (shown.moment === null) { shown.stopLive?.(); shown.stopLive = null; }
  shown.moment = at;
  timeline.setCursor(at);
  badge();
  clearTimeout(settle);
  settle = 0;
  const serial = ++asked;
  wantedMoment = { at, width: isLast ? 0 : 480, serial };
  $("picture").ariaBusy = "true";
  if (!isLast) settle = setTimeout(() => { settle = 0; wantedMoment = { at, width: 0, serial }; fetchPast(); }, 180);
  fetchPast();
}

export async function step(frames) {
  shown.playing = false;
  await attempt(null, async () => {
    const from = shown.moment ?? stage.current()?.epoch;
    if (from === undefined) return;
    const before = stage.current()?.frame, camera = getCamera();
    const interval = timeline.interval(from);
    for (let factor = 1; factor <= 4; factor *= 2) { // a frame may have been lost or late
      const at = from + frames * interval * factor;
      if (frames > 0 && at > timeline.now() - interval) { goLive(); return; }
      const frame = await picture(at.toFixed(6));
      if (camera !== getCamera()) { frame.bitmap.close(); return; }
      if (frame.frame === before && Math.abs(frames) === 1) { frame.bitmap.close(); continue; }
      if (shown.moment === null) { shown.stopLive?.(); shown.stopLive = null; }
      shown.moment = frame.epoch;
      asked++;
      show(frame);
      timeline.setCursor(shown.moment);
      tellPast("");
      badge();
      return;
    }
    tellPast(frames < 0 ? "This is the oldest frame in memory" : "There is no later frame");
  });
}

export async function play() {
  if (shown.playing) { shown.playing = false; $("play").setAttribute("aria-label", "Play from here"); return; }
  if (shown.moment === null) { goTo(Math.max(timeline.past.from + 0.2, timeline.now() - 10)); }
  shown.playing = true;
  $("play").setAttribute("aria-label", "Pause");
  const lag = performance.now() / 1000 - shown.moment;
  while (shown.playing && shown.moment !== null) {
    const at = performance.now() / 1000 - lag;
    if (at > timeline.now() - 0.7) { goLive(); break; }
    try {
      const frame = await picture(at.toFixed(6), { width: 960 });
      if (!shown.playing || shown.moment === null) { frame.bitmap.close(); break; }
      shown.moment = frame.epoch;
      show(frame);
      timeline.setCursor(shown.moment);
      badge();
    } catch (error) { tellPast(error.message); break; }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  shown.playing = false;
  $("play").setAttribute("aria-label", "Play from here");
}

export function jump(seconds) {
  const at = (shown.moment ?? timeline.now()) + seconds;
  if (at > timeline.now() - 0.2) goLive();
  else goTo(Math.max(timeline.past.from, at));
}

/* --- what is on the disk --- */

export function openFile(name) {
  if (captures.isSealed(name)) sealed.open(name, {}, openFileOf);
  else openFileOf(name);
}

// blob: what is in it, where the camera's machine does not know.
function openFileOf(name, blob = null) {
  const source = (parameters) => blob ? URL.createObjectURL(blob) : captures.fileUrl(name, parameters);
  shown.file = name;
  shown.stopLive?.();
  shown.stopLive = null;
  shown.playing = false;
  tellPast("");
  const isVideo = name.endsWith(".mp4");
  $("video").hidden = !isVideo;
  $("picture").hidden = isVideo;
  $("leave-file").hidden = false;
  $("number").hidden = true;
  stage.resetZoom();
  if (isVideo) {
    $("video").src = source();
    $("video").play().catch(() => { /* the person presses play */ });
  } else if (name.endsWith(".npy")) {
    toast("NPY files are for numpy: download it to use it", { link: { href: source({ download: 1 }), name, text: "Download" } });
    goLive();
    return;
  } else attempt(null, async () => {
    const picture = blob ?? await (await request(source())).blob();
    if (shown.file === name) show({ bitmap: await createImageBitmap(picture), blob: picture, epoch: timeline.now(), frame: null });
  });
  badge();
  $("view").scrollIntoView({ block: "nearest" });
}

export function leaveFile() {
  if (!shown.file) return;
  shown.file = null;
  $("video").pause();
  if ($("video").src.startsWith("blob:")) URL.revokeObjectURL($("video").src);
  $("video").removeAttribute("src");
  $("video").hidden = true;
  $("picture").hidden = false;
  $("leave-file").hidden = true;
}
