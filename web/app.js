// Puts the page together: tabs, keys and buttons, what the event stream brings, and who may come in.
import { $, attempt, toast } from "/dom.js";
import { getCamera, request, send } from "/api.js";
import { badge, checkFreshness, shown } from "/shown.js";
import { goLive, goTo, jump, openFile, play, startLive, step } from "/player.js";
import { clip, download, hold, save, tellClip } from "/keeping.js";
import { chooseCamera, gridLoop, onCameras, refreshStatus, refreshTimeline } from "/cameras.js";
import * as stage from "/stage.js";
import * as timeline from "/timeline.js";
import * as events from "/events.js";
import * as captures from "/captures.js";
import * as state from "/state.js";
import * as login from "/login.js";
import * as settings from "/settings.js";
import * as zones from "/zones.js";

let role = "full";

/* --- wiring --- */

function selectTab(tab) {
  for (const one of document.querySelectorAll("[role=tab]")) {
    const isChosen = one === tab;
    one.setAttribute("aria-selected", String(isChosen));
    one.tabIndex = isChosen ? 0 : -1;
    $(one.getAttribute("aria-controls")).hidden = !isChosen;
  }
  if (tab.id === "tab-files") attempt(null, () => captures.refresh());
  if (tab.id === "tab-state" && shown.status) state.draw(shown.status);
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
  $("download").addEventListener("click", () => attempt($("download"), download));
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
    if (document.hidden) { shown.stopLive?.(); shown.stopLive = null; events.stop(); return; }
    listen();
    shown.lastFrameAt = performance.now();
    if (shown.moment === null && !shown.file) startLive();
    refreshTimeline();
    refreshStatus();
  });
  timeline.whenSought(goTo);
  captures.whenOpened(openFile);
  zones.wire({ goTo, ring: () => shown.status?.ring });
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
    away: (camera, reason) => { shown.away.set(camera, reason); refreshStatus(); },
    back: (camera) => { shown.away.delete(camera); if (camera === getCamera() && shown.moment === null) startLive(); refreshStatus(); },
    happened: (event) => { tellClip(event); if (/^(picture|clip)\./.test(event.event) && !$("panel-files").hidden) captures.refresh().catch(() => {}); },
    lost: () => { shown.webIsAway = true; },
    found: () => { shown.webIsAway = false; if (shown.moment === null && !shown.file && !shown.stopLive) startLive(); },
  });
}

/* --- who is there --- */

async function begin() {
  const session = await (await request("/api/session")).json();
  role = session.role;
  if (role === "none") { login.open(); return false; }
  login.close();
  events.allowDeleting(role === "full");
  document.title = session.machine ? `pastcam · ${session.machine}` : "pastcam";
  for (const id of ["save-box", "hold", "trigger", "open-settings", "clip-box", "tab-zones", "follow"]) $(id).hidden = role !== "full";
  const { cameras: names } = await (await request("/api/cameras")).json();
  if (!names.length) shown.lastFrameAt = performance.now() - 1e5;
  onCameras(names);
  await Promise.race([shown.chosen, new Promise((resolve) => setTimeout(resolve, 1000))]); // thumbnails are small then
  listen();
  return true;
}

async function start() {
  try {
    await begin();
  } catch (error) {
    shown.webIsAway = true;
    shown.liveReason = error.message;
    setTimeout(start, 1000);
  }
}

wire();
login.wire(begin);
events.redraw();
start();
gridLoop();
setInterval(refreshTimeline, 2000);
setInterval(refreshStatus, 3000);
setInterval(() => { badge(); checkFreshness(); }, 250);
