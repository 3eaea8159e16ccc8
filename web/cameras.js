// Which camera is shown, the grid of all, and what is asked about it again and again.
import { $, el, span } from "/dom.js";
import { getCamera, getJson, picture, setCamera, setFrameWidth } from "/api.js";
import { ALL, badge, shown } from "/shown.js";
import { goLive, leaveFile } from "/player.js";
import { drawPins } from "/keeping.js";
import * as stage from "/stage.js";
import * as timeline from "/timeline.js";
import * as events from "/events.js";
import * as state from "/state.js";
import * as zones from "/zones.js";

function drawCameras() {
  const nav = $("cameras");
  nav.hidden = shown.cameras.length < 2;
  const tab = (name, text) => el("button", { type: "button", ariaPressed: String(getCamera() === name), onclick: () => chooseCamera(name) }, text);
  nav.replaceChildren(tab(ALL, "All"), ...shown.cameras.map((name) => tab(name, name)));
  const tiles = $("grid");
  for (const name of shown.cameras)
    if (![...tiles.children].some((tile) => tile.dataset.camera === name)) {
      const tile = el("button", { type: "button", ariaLabel: `Show camera ${name}`, onclick: () => chooseCamera(name) }, el("canvas", { width: 480, height: 360 }), el("span", {}, name));
      tile.dataset.camera = name;
      tiles.append(tile);
    }
  for (const tile of [...tiles.children]) if (!shown.cameras.includes(tile.dataset.camera)) tile.remove();
}

const tileWidths = new Map(); // what each camera's frames are made smaller to, once their size is known

async function refreshTile(tile) {
  const name = tile.dataset.camera;
  try {
    const frame = await picture("now", { width: tileWidths.get(name), camera: name });
    const canvas = tile.querySelector("canvas");
    if (frame.bitmap.width > 480) tileWidths.set(name, 480);
    canvas.width = frame.bitmap.width;
    canvas.height = frame.bitmap.height;
    canvas.getContext("2d").drawImage(frame.bitmap, 0, 0);
    frame.bitmap.close();
    const old = timeline.now() - frame.epoch > 5;
    tile.className = old ? "stale" : "";
    tile.querySelector("span").textContent = old ? `${name}: no new picture for ${span(timeline.now() - frame.epoch)}` : name;
  } catch (error) {
    tile.className = "stale";
    tile.querySelector("span").textContent = `${name}: ${error.message.replace(`camera ${name}: `, "")}`;
  }
}

export async function gridLoop() {
  for (;;) {
    if (getCamera() === ALL && !document.hidden) await Promise.all([...$("grid").children].map(refreshTile));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

export function chooseCamera(name) {
  setCamera(name);
  shown.moment = null;
  leaveFile();
  history.replaceState(null, "", name === ALL ? "#" : `#/${encodeURIComponent(name)}`);
  shown.status = null;
  shown.lastFrameAt = performance.now();
  timeline.forget();
  stage.clear();
  $("picture").dataset.frame = "";
  badge();
  $("number").hidden = true;
  drawPins();
  stage.resetZoom();
  $("grid").hidden = name !== ALL;
  $("view").hidden = name === ALL;
  drawCameras();
  shown.stopLive?.();
  shown.stopLive = null;
  setFrameWidth(0);
  events.redraw();
  zones.forget();
  state.follow();
  refreshTimeline();
  shown.chosen = refreshStatus().then(() => { if (name !== ALL && name === getCamera() && shown.moment === null && !shown.file) goLive(); });
}

export function onCameras(names) {
  const before = shown.cameras.join();
  shown.cameras = names;
  if (before === names.join()) return;
  const wish = names.find((name) => location.hash === `#/${encodeURIComponent(name)}`);
  if (names.length && !names.includes(getCamera()) && getCamera() !== ALL)
    chooseCamera(wish ?? (names.length === 1 ? names[0] : ALL));
  else if (names.length === 1 && getCamera() === ALL) chooseCamera(names[0]);
  drawCameras();
}

/* --- what is refreshed by itself --- */

export async function refreshTimeline() {
  if (!getCamera() || getCamera() === ALL || document.hidden) return;
  try {
    await timeline.refresh();
    drawPins();
    drawSpans();
  } catch { /* the freshness of the picture tells it */ }
}

export async function refreshStatus() {
  if (!getCamera() || getCamera() === ALL || document.hidden) return;
  const camera = getCamera();
  try {
    const answer = await getJson("/api/status");
    if (camera !== getCamera()) return;
    shown.status = answer;
    setFrameWidth(shown.status.ring.width);
    shown.webIsAway = false;
    if (!$("panel-state").hidden) state.draw(shown.status);
  } catch (error) {
    shown.webIsAway = error.status === 0;
    if (camera === getCamera()) shown.status = null;
  }
}

function drawSpans() {
  const longest = timeline.now() - timeline.past.from;
  const choices = [["All", 0], ["10 s", 10], ["1 min", 60], ["10 min", 600]].filter(([, seconds]) => seconds === 0 || seconds < longest * 0.9);
  if ($("spans").childElementCount === choices.length) return;
  $("spans").replaceChildren(...choices.map(([text, seconds]) => el("button", {
    type: "button", ariaPressed: String(seconds === 0), title: seconds ? `The last ${text}` : "All that is in memory",
    onclick: (event) => {
      for (const button of $("spans").children) button.setAttribute("aria-pressed", String(button === event.target));
      timeline.setSpan(seconds);
    },
  }, text)));
  $("spans").hidden = choices.length < 2;
}
