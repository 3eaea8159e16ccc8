// Puts the page together: which camera and which moment is shown, and what the buttons do with it.
import { $, attempt, clock, el, span, toast } from "/dom.js";
import { fit, getCamera, getJson, picture, request, send, setCamera, setFrameWidth, whenLoginIsNeeded } from "/api.js";
import { watchLive } from "/live.js";
import * as stage from "/stage.js";
import * as timeline from "/timeline.js";
import * as events from "/events.js";
import * as captures from "/captures.js";
import * as sealed from "/sealed.js";
import * as state from "/state.js";
import * as settings from "/settings.js";
import * as zones from "/zones.js";

const ALL = "*"; // the grid of several cameras
let cameras = [], moment = null, role = "full"; // moment null: live
let stopLive = null, liveReason = "", lastFrameAt = 0, status = null, webIsAway = false;
const away = new Map();
let file = null, playing = false;
const clipsAsked = new Set(); // by this page
let chosen = null; // ends when the size of the chosen camera's frames is known
let asked = 0, wantedMoment = null, fetchingPast = false, settle = 0;

/* --- the picture and what is said about it --- */

function show(frame) {
  stage.draw(frame);
  $("number").hidden = !frame.frame;
  $("number").textContent = `frame ${frame.frame}${frame.tier === "video" ? " · from video" : ""}`; // what has left the lossless frames
  $("picture").dataset.frame = frame.frame ?? "";
  $("picture").dataset.epoch = frame.epoch;
  $("picture").setAttribute("aria-label", moment === null ? "Live picture" : `Picture of ${clock(frame.epoch, true)}, frame ${frame.frame}`);
}

function badge() {
  const isLive = moment === null && !file;
  $("stage").classList.toggle("is-live", isLive);
  const shown = stage.current();
  if (file) $("badge-text").textContent = file;
  else if (isLive && $("stage").classList.contains("stale")) $("badge-text").textContent = shown ? `Last picture · ${clock(shown.epoch)}` : "No picture yet";
  else if (isLive) $("badge-text").textContent = shown ? `LIVE · ${clock(shown.epoch)}` : "…";
  else $("badge-text").textContent = shown ? `${span(timeline.now() - shown.epoch)} ago · ${clock(shown.epoch, true)}` : "…";
  $("to-live").setAttribute("aria-pressed", String(isLive));
}

function reasonOfSilence() {
  if (webIsAway) return "pastcam-web does not answer; trying again";
  if (away.has(getCamera())) return `pastcam is away: ${away.get(getCamera())}`;
  if (cameras.length === 0) return "No camera is there: is pastcam running?";
  if (status?.camera?.trouble) return `The camera is away: ${status.camera.trouble}`;
  return liveReason;
}

// A live picture that is not fresh is not called live.
function checkFreshness() {
  const silent = (performance.now() - lastFrameAt) / 1000;
  const interval = 1 / Math.max(0.2, status?.camera?.framerate ?? 1);
  const stale = moment === null && !file && silent > Math.max(2.5, 3 * interval, 3 * (status?.night?.exposure_us ?? 0) / 1e6);
  if ($("stage").classList.contains("stale") !== stale) {
    $("stage").classList.toggle("stale", stale);
    badge();
  }
  timeline.past.isFresh = !stale;
  const reason = reasonOfSilence();
  const text = stale ? `No new picture for ${lastFrameAt ? span(silent) : "a while"}${reason ? `. ${reason}` : ""}` : "";
  if ($("trouble").dataset.kind !== "past") {
    $("trouble").hidden = !stale;
    if (text && $("trouble").textContent !== text) $("trouble").textContent = text;
  }
  const pill = $("pill"), isGrid = getCamera() === ALL; // which has a word under each picture
  const silentTiles = document.querySelectorAll("#grid .stale").length;
  pill.className = `pill ${(isGrid ? silentTiles : stale) || webIsAway ? "bad" : "good"}`;
  const words = webIsAway ? "Not connected" : isGrid ? (silentTiles ? `${silentTiles} of ${cameras.length} silent` : `${cameras.length} cameras`) : stale ? "No picture" : status ? `${status.night.status === "NIGHT" ? "Night" : "Day"} · ${span(status.ring.seconds)} in memory` : "Connected";
  if (pill.textContent !== words) pill.textContent = words;
}

function tellPast(text) {
  $("trouble").dataset.kind = text ? "past" : "";
  $("trouble").hidden = !text;
  $("trouble").textContent = text;
}

/* --- live --- */

function goLive() {
  moment = null;
  playing = false;
  leaveFile();
  tellPast("");
  timeline.setCursor(null);
  startLive();
  badge();
}

function startLive() {
  stopLive?.();
  stopLive = null;
  if (document.hidden || getCamera() === ALL || !cameras.length) return;
  const camera = getCamera();
  const width = Math.min(1920, Math.ceil($("stage").clientWidth * Math.min(2, devicePixelRatio) / 160) * 160);
  stopLive = watchLive({
    width: fit(width),
    onFrame: (frame) => {
      lastFrameAt = performance.now();
      liveReason = "";
      if (moment !== null || file || camera !== getCamera()) { frame.bitmap.close(); return; }
      show(frame);
      badge();
    },
    onLost: (reason) => { liveReason = reason; },
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
      if (moment === null || file) { frame.bitmap.close(); continue; }
      show(frame);
      if (!timeline.isDragging() && serial === asked) { moment = frame.epoch; timeline.setCursor(moment); }
      tellPast(Math.abs(frame.epoch - at) > Math.max(1.5, 3 * timeline.interval(at)) ? `That moment is not in memory any more. This is the nearest: ${clock(frame.epoch, true)}` : "");
    } catch (error) {
      if (moment !== null) tellPast(error.message);
    }
    badge();
  }
  fetchingPast = false;
  if (!settle) $("picture").ariaBusy = null;
}

function goTo(at, isLast = true) {
  if (at === null || at === undefined) { goLive(); return; }
  leaveFile();
  if (moment === null) { stopLive?.(); stopLive = null; }
  moment = at;
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

async function step(frames) {
  playing = false;
  await attempt(null, async () => {
    const from = moment ?? stage.current()?.epoch;
    if (from === undefined) return;
    const before = stage.current()?.frame, camera = getCamera();
    const interval = timeline.interval(from);
    for (let factor = 1; factor <= 4; factor *= 2) { // a frame may have been lost or late
      const at = from + frames * interval * factor;
      if (frames > 0 && at > timeline.now() - interval) { goLive(); return; }
      const frame = await picture(at.toFixed(6));
      if (camera !== getCamera()) { frame.bitmap.close(); return; }
      if (frame.frame === before && Math.abs(frames) === 1) { frame.bitmap.close(); continue; }
      if (moment === null) { stopLive?.(); stopLive = null; }
      moment = frame.epoch;
      asked++;
      show(frame);
      timeline.setCursor(moment);
      tellPast("");
      badge();
      return;
    }
    tellPast(frames < 0 ? "This is the oldest frame in memory" : "There is no later frame");
  });
}

async function play() {
  if (playing) { playing = false; $("play").setAttribute("aria-label", "Play from here"); return; }
  if (moment === null) { goTo(Math.max(timeline.past.from + 0.2, timeline.now() - 10)); }
  playing = true;
  $("play").setAttribute("aria-label", "Pause");
  const lag = performance.now() / 1000 - moment;
  while (playing && moment !== null) {
    const at = performance.now() / 1000 - lag;
    if (at > timeline.now() - 0.7) { goLive(); break; }
    try {
      const frame = await picture(at.toFixed(6), { width: 960 });
      if (!playing || moment === null) { frame.bitmap.close(); break; }
      moment = frame.epoch;
      show(frame);
      timeline.setCursor(moment);
      badge();
    } catch (error) { tellPast(error.message); break; }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  playing = false;
  $("play").setAttribute("aria-label", "Play from here");
}

/* --- what is on the disk --- */

function openFile(name) {
  if (captures.isSealed(name)) sealed.open(name, {}, openFileOf);
  else openFileOf(name);
}

// blob: what is in it, where the camera's machine does not know.
function openFileOf(name, blob = null) {
  const source = (parameters) => blob ? URL.createObjectURL(blob) : captures.fileUrl(name, parameters);
  file = name;
  stopLive?.();
  stopLive = null;
  playing = false;
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
    if (file === name) show({ bitmap: await createImageBitmap(picture), blob: picture, epoch: timeline.now(), frame: null });
  });
  badge();
  $("view").scrollIntoView({ block: "nearest" });
}

function leaveFile() {
  if (!file) return;
  file = null;
  $("video").pause();
  if ($("video").src.startsWith("blob:")) URL.revokeObjectURL($("video").src);
  $("video").removeAttribute("src");
  $("video").hidden = true;
  $("picture").hidden = false;
  $("leave-file").hidden = true;
}

/* --- what the buttons do --- */

const momentShown = () => stage.current() && !file ? stage.current().epoch : undefined;

async function save() {
  const form = new FormData($("save-form"));
  const formats = form.getAll("formats");
  const at = momentShown();
  if (at === undefined) throw new Error("There is no picture to save yet");
  const isStack = form.get("kind") === "stack";
  const body = { at: String(at.toFixed(6)), ...(formats.length ? { formats } : {}) };
  if (isStack) Object.assign(body, { count: Number(form.get("count")), mode: form.get("mode") });
  const full = moment === null && status && status.ring.width < status.camera.width && !isStack;
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
async function clip() {
  const form = new FormData($("clip-form"));
  const ago = moment === null || file ? 0 : Math.max(0, timeline.now() - moment);
  const round = (seconds) => Math.round(seconds * 10) / 10;
  const body = { before: round(Number(form.get("before")) + ago), after: round(Math.max(0, Number(form.get("after")) - ago)) };
  const json = await (await send("POST", "/api/clip", body)).json();
  clipsAsked.add(`${getCamera()} ${json.id}`);
  toast(`The clip is being made, ${json.reply.replace(/^CLIP \S+ /, "")}`);
}

function tellClip(event) {
  if (!/^clip\.(end|failed)$/.test(event.event) || !clipsAsked.delete(`${event.camera} ${event.clip}`)) return;
  const name = event.path?.split("/").pop();
  if (event.event === "clip.failed") toast(`The clip was not saved: ${event.reason}`, { bad: true });
  else toast(`Saved ${name}`, { link: { href: captures.fileUrl(name, { download: 1 }), name, text: "Download" } });
}

async function hold() {
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

function drawPins() {
  $("pins").replaceChildren(...timeline.past.pins.map((pin) => el("li", {},
    el("span", {}, `Held: ${pin.frames} frames of ${clock(pin.from, true)}, for another ${span(Math.max(0, pin.expires - timeline.now()))}`),
    el("button", { type: "button", onclick: () => goTo(pin.from) }, "Show"),
    el("button", { type: "button", onclick: (event) => attempt(event.target, () => decide(pin.id, true)) }, "Save all"),
    el("button", { type: "button", onclick: (event) => attempt(event.target, () => decide(pin.id, false)) }, "Let go"))));
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

/* --- several cameras --- */

function drawCameras() {
  const nav = $("cameras");
  nav.hidden = cameras.length < 2;
  const tab = (name, text) => el("button", { type: "button", ariaPressed: String(getCamera() === name), onclick: () => chooseCamera(name) }, text);
  nav.replaceChildren(tab(ALL, "All"), ...cameras.map((name) => tab(name, name)));
  const tiles = $("grid");
  for (const name of cameras)
    if (![...tiles.children].some((tile) => tile.dataset.camera === name)) {
      const tile = el("button", { type: "button", ariaLabel: `Show camera ${name}`, onclick: () => chooseCamera(name) }, el("canvas", { width: 480, height: 360 }), el("span", {}, name));
      tile.dataset.camera = name;
      tiles.append(tile);
    }
  for (const tile of [...tiles.children]) if (!cameras.includes(tile.dataset.camera)) tile.remove();
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

async function gridLoop() {
  for (;;) {
    if (getCamera() === ALL && !document.hidden) await Promise.all([...$("grid").children].map(refreshTile));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function chooseCamera(name) {
  setCamera(name);
  moment = null;
  leaveFile();
  history.replaceState(null, "", name === ALL ? "#" : `#/${encodeURIComponent(name)}`);
  status = null;
  lastFrameAt = performance.now();
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
  stopLive?.();
  stopLive = null;
  setFrameWidth(0);
  events.redraw();
  zones.forget();
  state.follow();
  refreshTimeline();
  chosen = refreshStatus().then(() => { if (name !== ALL && name === getCamera() && moment === null && !file) goLive(); });
}

function onCameras(names) {
  const before = cameras.join();
  cameras = names;
  if (before === names.join()) return;
  const wish = names.find((name) => location.hash === `#/${encodeURIComponent(name)}`);
  if (names.length && !names.includes(getCamera()) && getCamera() !== ALL)
    chooseCamera(wish ?? (names.length === 1 ? names[0] : ALL));
  else if (names.length === 1 && getCamera() === ALL) chooseCamera(names[0]);
  drawCameras();
}

/* --- what is refreshed by itself --- */

async function refreshTimeline() {
  if (!getCamera() || getCamera() === ALL || document.hidden) return;
  try {
    await timeline.refresh();
    drawPins();
    drawSpans();
  } catch { /* the freshness of the picture tells it */ }
}

async function refreshStatus() {
  if (!getCamera() || getCamera() === ALL || document.hidden) return;
  const camera = getCamera();
  try {
    const answer = await getJson("/api/status");
    if (camera !== getCamera()) return;
    status = answer;
    setFrameWidth(status.ring.width);
    webIsAway = false;
    if (!$("panel-state").hidden) state.draw(status);
  } catch (error) {
    webIsAway = error.status === 0;
    if (camera === getCamera()) status = null;
  }
}

/* --- wiring --- */

function selectTab(tab) {
  for (const one of document.querySelectorAll("[role=tab]")) {
    const isChosen = one === tab;
    one.setAttribute("aria-selected", String(isChosen));
    one.tabIndex = isChosen ? 0 : -1;
    $(one.getAttribute("aria-controls")).hidden = !isChosen;
  }
  if (tab.id === "tab-files") attempt(null, () => captures.refresh());
  if (tab.id === "tab-state" && status) state.draw(status);
  state.follow();
  if (tab.id === "tab-zones") zones.open();
  else zones.close();
}

function wireTabs() {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", () => selectTab(tab));
    tab.addEventListener("keydown", (event) => {
      const turn = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!turn) return;
      const tabs = [...document.querySelectorAll("[role=tab]:not([hidden])")], index = tabs.indexOf(tab);
      const next = tabs[(index + turn + tabs.length) % tabs.length];
      next.focus();
      selectTab(next);
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

const keys = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), PageUp: () => jump(-1), PageDown: () => jump(1),
  Home: () => goTo(timeline.past.from + 0.05), End: goLive, " ": play, s: () => $("save").click(),
  "+": () => stage.zoom(1.4), "-": () => stage.zoom(1 / 1.4), 0: stage.resetZoom,
};
const jump = (seconds) => {
  const at = (moment ?? timeline.now()) + seconds;
  if (at > timeline.now() - 0.2) goLive();
  else goTo(Math.max(timeline.past.from, at));
};

function onKey(event) {
  const inField = event.target.closest("input, select, textarea, dialog, [role=tab], video, summary");
  const isButton = event.target.closest("button, a");
  if (inField || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key] || $("view").hidden) return;
  if (event.key === " " && isButton) return;
  event.preventDefault();
  keys[event.key]();
}

function wire() {
  const buttons = { save, clip, hold };
  for (const [id, job] of Object.entries(buttons)) $(id).addEventListener("click", () => attempt($(id), job));
  $("trigger").addEventListener("click", () => attempt($("trigger"), async () => { await send("POST", "/api/trigger", {}); toast("Marked"); }));
  $("download").addEventListener("click", () => attempt($("download"), async () => {
    const shown = stage.current();
    if (!shown) throw new Error("There is no picture yet");
    const blob = file ? shown.blob : (await picture(shown.epoch.toFixed(6))).blob;
    const link = el("a", { href: URL.createObjectURL(blob), download: file ?? `pastcam_${new Date(shown.epoch * 1000).toISOString().replaceAll(":", "-")}_f${shown.frame}.jpg` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }));
  $("back").addEventListener("click", () => step(-1));
  $("forth").addEventListener("click", () => step(1));
  $("back-10").addEventListener("click", () => jump(-1));
  $("forth-10").addEventListener("click", () => jump(1));
  $("play").addEventListener("click", play);
  $("to-live").addEventListener("click", goLive);
  $("leave-file").addEventListener("click", goLive);
  $("open-settings").addEventListener("click", () => attempt($("open-settings"), settings.open));
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    for (const more of document.querySelectorAll("details.more[open]")) if (!more.contains(event.target)) more.open = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stopLive?.(); stopLive = null; events.stop(); return; }
    listen();
    lastFrameAt = performance.now();
    if (moment === null && !file) startLive();
    refreshTimeline();
    refreshStatus();
  });
  timeline.whenSought(goTo);
  captures.whenOpened(openFile);
  zones.wire({ goTo, ring: () => status?.ring });
  wireTabs();
}

function listen() {
  events.listen({
    open: (event, name) => {
      if (event.camera && event.camera !== getCamera()) chooseCamera(event.camera);
      if (name && /\.(jpg|png|mp4)(\.age)?$/.test(name)) openFile(name);
      else if (event.epoch >= timeline.past.from - 0.5) goTo(event.epoch);
      else toast("That moment is not in memory any more, and nothing was saved of it");
    },
    cameras: onCameras,
    away: (camera, reason) => { away.set(camera, reason); refreshStatus(); },
    back: (camera) => { away.delete(camera); if (camera === getCamera() && moment === null) startLive(); refreshStatus(); },
    happened: (event) => { tellClip(event); if (/^(picture|clip)\./.test(event.event) && !$("panel-files").hidden) captures.refresh().catch(() => {}); },
    lost: () => { webIsAway = true; },
    found: () => { webIsAway = false; if (moment === null && !file && !stopLive) startLive(); },
  });
}

/* --- who is there --- */

function login() {
  if (!$("login").open) $("login").showModal();
}

async function begin() {
  const session = await (await request("/api/session")).json();
  role = session.role;
  if (role === "none") { login(); return false; }
  if ($("login").open) $("login").close();
  events.allowDeleting(role === "full");
  document.title = session.machine ? `pastcam · ${session.machine}` : "pastcam";
  for (const id of ["save", "save-more", "hold", "trigger", "open-settings", "clip-box", "tab-zones", "follow"]) $(id).hidden = role !== "full";
  const { cameras: names } = await (await request("/api/cameras")).json();
  if (!names.length) lastFrameAt = performance.now() - 1e5;
  onCameras(names);
  await Promise.race([chosen, new Promise((resolve) => setTimeout(resolve, 1000))]); // thumbnails are small then
  listen();
  return true;
}

async function start() {
  try {
    await begin();
  } catch (error) {
    webIsAway = true;
    liveReason = error.message;
    setTimeout(start, 1000);
  }
}

$("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  $("login-note").textContent = "";
  send("POST", "/api/login", { token: $("token").value })
    .then(() => { $("token").value = ""; return begin(); })
    .catch((error) => { $("login-note").textContent = error.message; })
    .finally(() => { button.disabled = false; });
});
$("login").addEventListener("cancel", (event) => event.preventDefault());
whenLoginIsNeeded(login);

wire();
events.redraw();
start();
gridLoop();
setInterval(refreshTimeline, 2000);
setInterval(refreshStatus, 3000);
setInterval(() => { badge(); checkFreshness(); }, 250);
