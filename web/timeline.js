// The timeline: what is left of the past, and the moment shown. All times are seconds since 1970 by the camera's clock.
import { $, clock, span } from "/dom.js";
import { getCamera, getJson, picture } from "/api.js";

const slider = $("timeline"), track = $("track"), pen = track.getContext("2d");
const ROW = { ticks: 18, film: 50, marks: 24 };
const TURN_MS = 100; // how often the past moves on by itself; a finger moves it with each frame of the screen
let colour = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  colour = Object.fromEntries(["ink", "soft", "line", "accent", "amber", "red", "wash", "card"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", readColours);

export const past = { isFresh: false, isKnown: false, tiers: [], pins: [], marks: [], tried: [], offset: 0, from: 0, to: 0 };
let view = { seconds: 0, end: null }; // end null: it ends now; seconds 0: all that is in memory
let cursor = null; // the moment shown; null: live
let onSeek = () => {};
let dragging = false;
const film = new Map(); // moment -> bitmap, or null while it is fetched
let filmStep = 0, fetching = false;

export const now = () => Date.now() / 1000 + past.offset;
export const isDragging = () => dragging;
export const setMarks = (marks) => { past.marks = marks; redraw(); };
export const whenSought = (handler) => { onSeek = handler; };
export function clearFilm() { film.forEach((bitmap) => bitmap?.close()); film.clear(); }

// Of another camera: nothing is known of its past yet.
export function forget() {
  clearFilm();
  Object.assign(past, { isFresh: false, isKnown: false, tiers: [], pins: [], tried: [], from: 0, to: 0 });
  cursor = null;
  redraw();
}

export async function refresh() {
  const asked = Date.now() / 1000, camera = getCamera();
  const json = await getJson("/api/timeline");
  if (camera !== getCamera()) return json;
  past.offset = json.now - (asked + Date.now() / 1000) / 2;
  past.tiers = json.tiers.filter((tier) => tier.frames > 0).map((tier) => ({ interval_s: tier.frames > 1 ? (tier.to - tier.from) / (tier.frames - 1) : 0, ...tier }));
  past.pins = json.pins ?? [];
  past.isKnown = true;
  past.from = Math.min(...past.tiers.map((tier) => tier.from));
  past.to = Math.max(...past.tiers.map((tier) => tier.to));
  redraw();
  return json;
}

export function interval(moment) {
  const tier = past.tiers.find((one) => moment >= one.from - 1 && moment <= one.to + 1) ?? past.tiers[0];
  return tier?.interval_s || 0.1;
}

function range() {
  const end = view.end ?? now();
  const all = Number.isFinite(past.from) ? Math.max(5, past.to - past.from) : 15;
  return { start: end - (view.seconds || all * 1.05), end };
}

export function setSpan(seconds) { view.seconds = seconds; clearFilm(); if (cursor === null) view.end = null; redraw(); }

// Moves the cursor without telling: the picture of that moment is there now.
export function setCursor(moment) {
  cursor = moment;
  if (moment === null) view.end = null;
  else if (view.end === null) view.end = now();
  const { start, end } = range();
  if (moment !== null && !dragging && (moment < start || moment > end)) {
    const width = end - start;
    view.end = moment > end ? moment + width * 0.1 : moment + width * 0.9;
  }
  describe();
  redraw();
}

function describe() {
  slider.setAttribute("aria-valuemin", Math.floor(past.from - now()) || 0);
  slider.setAttribute("aria-valuenow", cursor === null ? 0 : Math.round((cursor - now()) * 10) / 10);
  slider.setAttribute("aria-valuetext", cursor === null ? "live" : `${span(now() - cursor)} ago, ${clock(cursor, true)}`);
}

/* --- the strip of small pictures --- */

function chooseStep(width, { start, end }) { // kept while it nearly fits, so that pictures are not fetched anew
  const wanted = (end - start) / Math.max(3, Math.round(width / (ROW.film * 4 / 3)));
  if (wanted > filmStep * 1.25 || wanted < filmStep / 1.8)
    filmStep = [0.5, 1, 1.5, 2, 3, 5, 10, 15, 20, 30, 60, 120, 300, 600].find((step) => step >= wanted * 0.9) ?? wanted;
  return filmStep;
}

async function fetchFilm(moments) {
  if (fetching || document.hidden || dragging) return;
  const moment = moments.find((one) => !film.has(one));
  if (moment === undefined) return;
  fetching = true;
  film.set(moment, null);
  try {
    film.set(moment, (await picture(moment.toFixed(3), { width: 128 })).bitmap);
    redraw();
  } catch {
    setTimeout(() => film.delete(moment), 3000); // and then it is tried again
  }
  fetching = false;
}

function drawCell(bitmap, x, width) { // as much of its middle as the cell shows
  const part = Math.min(1, width / ROW.film * bitmap.height / bitmap.width);
  const height = part < 1 ? 1 : Math.min(1, ROW.film / width * bitmap.width / bitmap.height);
  pen.drawImage(bitmap, bitmap.width * (1 - part) / 2, bitmap.height * (1 - height) / 2, bitmap.width * part, bitmap.height * height,
    x, ROW.ticks, width + 0.5, ROW.film);
}

function drawFilm(width, seen, position) {
  const step = chooseStep(width, seen);
  const moments = [];
  for (let moment = Math.floor(seen.start / step) * step; moment < seen.end; moment += step)
    if (moment >= past.from && moment <= past.to) moments.push(Math.round(moment * 1000) / 1000);
  for (const [moment, bitmap] of film)
    if (moment < seen.start - step * 2 || film.size > 120) { bitmap?.close(); film.delete(moment); }
  for (const moment of moments) {
    const bitmap = film.get(moment);
    if (bitmap) drawCell(bitmap, position(moment), position(moment + step) - position(moment));
  }
  fetchFilm(moments.reverse());
}

/* --- drawing --- */

function drawTicks(width, { start, end }, position) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400];
  const step = steps.find((one) => (end - start) / one <= width / 78) ?? 86400;
  const zero = view.end === null ? end : now();
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = colour.soft;
  for (let back = 0; zero - back > start; back += step) {
    const x = position(zero - back);
    if (x > width + 1) continue;
    const text = back === 0 ? "now" : `−${back < 60 ? `${back} s` : back < 3600 ? `${+(back / 60).toFixed(1)} min` : `${+(back / 3600).toFixed(1)} h`}`;
    pen.textAlign = back === 0 ? "right" : "center";
    if (x > 22 || back === 0) pen.fillText(text, x - (back === 0 ? 3 : 0), 12);
    pen.fillRect(x - 0.5, ROW.ticks - 3, 1, 3);
  }
}

function drawTiers(position) {
  const top = ROW.ticks + ROW.film;
  for (const tier of past.tiers) {
    const isLossless = /^frame/.test(tier.tier);
    pen.fillStyle = isLossless ? colour.accent : colour.amber;
    pen.globalAlpha = isLossless ? 1 : 0.75;
    const x = position(tier.from);
    pen.fillRect(x, top + (isLossless ? 2 : 7), position(view.end === null && isLossless && past.isFresh ? now() : tier.to) - x, 4);
    pen.globalAlpha = 1;
  }
  for (const pin of past.pins) {
    pen.fillStyle = colour.amber;
    pen.globalAlpha = 0.35;
    pen.fillRect(position(pin.from), ROW.ticks, Math.max(3, position(pin.to) - position(pin.from)), ROW.film);
    pen.globalAlpha = 1;
  }
}

function drawMarks(seen, position) {
  const middle = ROW.ticks + ROW.film + 16;
  for (const mark of past.marks) {
    if ((mark.until || mark.epoch) < seen.start || mark.epoch > seen.end) continue;
    const x = position(Math.max(mark.epoch, seen.start));
    pen.fillStyle = { motion: colour.amber, trigger: colour.red, night: colour.soft, saved: colour.accent }[mark.kind] ?? colour.soft;
    pen.beginPath();
    if (mark.kind === "trigger") { pen.moveTo(x, middle - 6); pen.lineTo(x + 6, middle); pen.lineTo(x, middle + 6); pen.lineTo(x - 6, middle); }
    else if (mark.until) pen.rect(x, middle - 4, Math.max(3, position(Math.min(mark.until, seen.end)) - x), 8);
    else pen.arc(x, middle, 4.5, 0, 7);
    pen.fill();
  }
  pen.strokeStyle = colour.ink;
  for (const { epoch, until } of past.tried) { // what other zones would have told
    const x = position(epoch);
    pen.strokeRect(x, middle - 6, Math.max(4, position(until) - x), 12);
  }
}

function drawCursor(width, height, position) {
  const x = cursor === null ? width - 2 : Math.min(width - 2, Math.max(2, position(cursor)));
  pen.fillStyle = cursor === null ? colour.red : colour.ink;
  pen.fillRect(x - 1.5, ROW.ticks - 2, 3, height - ROW.ticks + 2);
  pen.beginPath();
  pen.arc(x, ROW.ticks, 6, 0, 7);
  pen.fill();
}

function draw() {
  const box = slider.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  if (track.width !== Math.round(box.width * ratio) || track.height !== Math.round(box.height * ratio)) {
    track.width = Math.round(box.width * ratio);
    track.height = Math.round(box.height * ratio);
  }
  const seen = range();
  const position = (moment) => (moment - seen.start) / (seen.end - seen.start) * box.width;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.width, box.height);
  if (!past.tiers.length) {
    pen.fillStyle = colour.soft;
    pen.font = "14px system-ui, sans-serif";
    pen.fillText(past.isKnown ? "Nothing is in memory yet" : "What is in memory is not known", 14, box.height / 2);
    return;
  }
  drawFilm(box.width, seen, position);
  if (position(past.from) > 0) { // before it there is nothing any more
    pen.fillStyle = colour.wash;
    pen.fillRect(0, ROW.ticks, position(past.from), ROW.film);
  }
  drawTiers(position);
  drawMarks(seen, position);
  drawTicks(box.width, seen, position);
  drawCursor(box.width, box.height, position);
}

let isDue = false, timer = 0;
export function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (!$("view").hidden) draw();
    clearTimeout(timer);
    timer = setTimeout(redraw, TURN_MS);
  });
}
readColours();
redraw();

/* --- finger, mouse --- */

function momentAt(event) {
  const box = slider.getBoundingClientRect();
  const { start, end } = range();
  return start + (event.clientX - box.left) / box.width * (end - start);
}

function seek(event, isLast) {
  const box = slider.getBoundingClientRect();
  const moment = momentAt(event);
  if (event.clientX >= box.right - 6 && view.end !== null && now() - view.end < 2) onSeek(null, isLast);
  else onSeek(Math.min(now(), Math.max(past.from, moment)), isLast);
}

slider.addEventListener("pointerdown", (event) => {
  if (!past.tiers.length) return;
  dragging = true;
  if (view.end === null) view.end = now();
  slider.setPointerCapture(event.pointerId);
  slider.focus({ preventScroll: true });
  seek(event, false);
});
slider.addEventListener("pointermove", (event) => { if (dragging) seek(event, false); });
for (const name of ["pointerup", "pointercancel"])
  slider.addEventListener(name, (event) => { if (dragging) { dragging = false; seek(event, true); } });
