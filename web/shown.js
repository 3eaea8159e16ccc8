// What is shown: the state that the parts of the page share, and what is said about the picture.
import { $, clock, span } from "/dom.js";
import { getCamera } from "/api.js";
import * as stage from "/stage.js";
import * as timeline from "/timeline.js";

export const ALL = "*"; // the grid of several cameras
export const shown = {
  cameras: [], status: null, chosen: null, // chosen: ends when the size of the chosen camera's frames is known
  moment: null, file: null, playing: false, // moment null: live
  stopLive: null, lastFrameAt: 0, liveReason: "",
  webIsAway: false, away: new Map(),
};

export function show(frame) {
  stage.draw(frame);
  $("number").hidden = !frame.frame;
  $("number").textContent = `frame ${frame.frame}${frame.tier === "video" ? " · from video" : ""}`; // what has left the lossless frames
  $("picture").dataset.frame = frame.frame ?? "";
  $("picture").dataset.epoch = frame.epoch;
  $("picture").setAttribute("aria-label", shown.moment === null ? "Live picture" : `Picture of ${clock(frame.epoch, true)}, frame ${frame.frame}`);
}

export function badge() {
  const isLive = shown.moment === null && !shown.file;
  $("stage").classList.toggle("is-live", isLive);
  const frame = stage.current();
  if (shown.file) $("badge-text").textContent = shown.file;
  else if (isLive && $("stage").classList.contains("stale")) $("badge-text").textContent = frame ? `Last picture · ${clock(frame.epoch)}` : "No picture yet";
  else if (isLive) $("badge-text").textContent = frame ? `LIVE · ${clock(frame.epoch)}` : "…";
  else $("badge-text").textContent = frame ? `${span(timeline.now() - frame.epoch)} ago · ${clock(frame.epoch, true)}` : "…";
  $("to-live").setAttribute("aria-pressed", String(isLive));
}

function reasonOfSilence() {
  if (shown.webIsAway) return "pastcam-web does not answer; trying again";
  if (shown.away.has(getCamera())) return `pastcam is away: ${shown.away.get(getCamera())}`;
  if (shown.cameras.length === 0) return "No camera is there: is pastcam running?";
  if (shown.status?.camera?.trouble) return `The camera is away: ${shown.status.camera.trouble}`;
  return shown.liveReason;
}

// A live picture that is not fresh is not called live.
export function checkFreshness() {
  if ($("login").open) { // nothing is known of the camera yet
    $("trouble").hidden = true;
    $("pill").className = "pill";
    $("pill").textContent = "A token is needed";
    return;
  }
  const silent = (performance.now() - shown.lastFrameAt) / 1000;
  const interval = 1 / Math.max(0.2, shown.status?.camera?.framerate ?? 1);
  const stale = shown.moment === null && !shown.file && silent > Math.max(2.5, 3 * interval, 3 * (shown.status?.night?.exposure_us ?? 0) / 1e6);
  if ($("stage").classList.contains("stale") !== stale) {
    $("stage").classList.toggle("stale", stale);
    badge();
  }
  timeline.past.isFresh = !stale;
  const reason = reasonOfSilence();
  const text = stale ? `No new picture for ${shown.lastFrameAt ? span(silent) : "a while"}${reason ? `. ${reason}` : ""}` : "";
  if ($("trouble").dataset.kind !== "past") {
    $("trouble").hidden = !stale;
    if (text && $("trouble").textContent !== text) $("trouble").textContent = text;
  }
  const pill = $("pill"), isGrid = getCamera() === ALL; // which has a word under each picture
  const silentTiles = document.querySelectorAll("#grid .stale").length;
  pill.className = `pill ${(isGrid ? silentTiles : stale) || shown.webIsAway ? "bad" : "good"}`;
  const words = shown.webIsAway ? "Not connected" : isGrid ? (silentTiles ? `${silentTiles} of ${shown.cameras.length} silent` : `${shown.cameras.length} cameras`) : stale ? "No picture" : shown.status ? `${shown.status.night.status === "NIGHT" ? "Night" : "Day"} · ${span(shown.status.ring.seconds)} in memory` : "Connected";
  if (pill.textContent !== words) pill.textContent = words;
}

export function tellPast(text) {
  $("trouble").dataset.kind = text ? "past" : "";
  $("trouble").hidden = !text;
  $("trouble").textContent = text;
}
