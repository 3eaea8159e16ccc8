// Where motion counts: zones and ignored areas, drawn on the picture, tried on the past, saved with the settings.
import { $, attempt, el, span, toast } from "/dom.js";
import { request, send, url } from "/api.js";
import { now, past } from "/timeline.js";

const WIDE = 1000, LEAST = 3, MOST = 32;
const svg = $("zones");
let items = []; // { ignore, name, points: [[x, y]] in shares of the picture, sensitivity, min_area: null as the section }
let chosen = null, drawing = null, drag = null; // an item; its points so far; { item, index }
let loaded = null, tag = "", defaults = {}, isOpen = false, box = null;
let app = { goTo: () => {}, ring: () => null };

const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
const points = (item) => item.points.map(([x, y]) => [round(x), round(y)]);
const text = (item) => item.ignore ? `Ignored area ${items.filter((one) => one.ignore).indexOf(item) + 1}` : item.name || "Zone without a name";

const asSettings = (list = items) => ({
  zones: list.filter((item) => !item.ignore).map((item) => ({
    name: item.name, polygon: points(item), ...(item.sensitivity === null ? {} : { sensitivity: item.sensitivity }), ...(item.min_area === null ? {} : { min_area: item.min_area }),
  })),
  ignore: list.filter((item) => item.ignore).map(points),
});
const isChanged = () => loaded !== null && JSON.stringify(asSettings()) !== loaded;

/* --- drawing --- */

function shape(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// How the picture lies on the screen: as object-fit: contain puts it.
function place() {
  const high = WIDE * $("picture").height / $("picture").width, rect = svg.getBoundingClientRect();
  const scale = Math.min(rect.width / WIDE, rect.height / high) || 1;
  return { high, scale, left: rect.left + (rect.width - WIDE * scale) / 2, top: rect.top + (rect.height - high * scale) / 2 };
}

function pointAt(event) {
  const { high, scale, left, top } = place();
  return [round((event.clientX - left) / scale / WIDE), round((event.clientY - top) / scale / high)];
}

function corner(item, index, { high, scale }) {
  const [x, y] = item.points[index];
  return shape("circle", {
    cx: x * WIDE, cy: y * high, r: 9 / scale, class: "corner", tabindex: 0, role: "button", "data-corner": index,
    "aria-label": `Corner ${index + 1} of ${text(item)}, ${Math.round(x * 100)} % from the left, ${Math.round(y * 100)} % from the top. Arrow keys move it, Enter adds one, Delete removes it.`,
  });
}

// Between two corners: dragged, it becomes one.
function middle(item, index, { high, scale }) {
  const [a, b] = [item.points[index], item.points[(index + 1) % item.points.length]];
  return shape("circle", { cx: (a[0] + b[0]) / 2 * WIDE, cy: (a[1] + b[1]) / 2 * high, r: 6 / scale, class: "middle", "data-middle": index });
}

function outline(item, on) {
  const path = item.points.map(([x, y]) => `${x * WIDE},${y * on.high}`).join(" ");
  const [x, y] = item.points.reduce((top, one) => one[1] < top[1] ? one : top);
  return [
    shape(item === drawing ? "polyline" : "polygon", { points: path, class: `zone${item.ignore ? " ignored" : ""}${item === chosen ? " chosen" : ""}`, "data-item": items.indexOf(item) }),
    shape("text", { x: x * WIDE, y: Math.max(16 / on.scale, y * on.high - 12 / on.scale), "font-size": 14 / on.scale, "aria-hidden": true }, text(item)),
  ];
}

function draw() {
  if (!isOpen) return;
  const on = place();
  const focus = document.activeElement?.dataset?.corner;
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${on.high}`);
  const shapes = items.flatMap((item) => outline(item, on));
  if (box) shapes.push(shape("rect", { x: box[0] * WIDE, y: box[1] * on.high, width: box[2] * WIDE, height: box[3] * on.high, class: "found" }));
  if (drawing?.points.length) shapes.push(...outline(drawing, on), ...drawing.points.map((_, index) => corner(drawing, index, on)));
  else if (chosen) shapes.push(...chosen.points.map((_, index) => middle(chosen, index, on)), ...chosen.points.map((_, index) => corner(chosen, index, on)));
  svg.replaceChildren(...shapes);
  if (focus !== undefined) svg.querySelector(`[data-corner="${Math.min(focus, (chosen?.points.length ?? 1) - 1)}"]`)?.focus();
}

/* --- the list beside the picture --- */

function number(item, key, label, most) {
  return el("label", {}, label, el("input", {
    type: "number", min: key === "sensitivity" ? 0 : 0.001, max: most, step: "any", value: item[key] ?? "", placeholder: String(defaults[key] ?? ""), ariaLabel: `${label} of ${text(item)}`,
    oninput: (event) => { item[key] = event.target.value === "" ? null : Number(event.target.value); changed(false); },
  }));
}

function row(item) {
  const name = item.ignore ? el("span", {}, text(item)) : el("input", {
    type: "text", value: item.name, maxLength: 31, ariaLabel: "Name of the zone", oninput: (event) => { item.name = event.target.value.trim(); changed(false); },
  });
  return el("li", { className: item === chosen ? "chosen" : "" },
    el("button", { type: "button", className: "icon", ariaPressed: String(item === chosen), ariaLabel: `Edit the corners of ${text(item)}`, title: "Edit its corners", onclick: () => choose(item === chosen ? null : item) }, item.ignore ? "▨" : "⬠"),
    name,
    el("button", { type: "button", className: "icon danger", ariaLabel: `Delete ${text(item)}`, title: "Delete", onclick: () => remove(item) }, "✕"),
    item.ignore ? null : el("div", {}, number(item, "sensitivity", "Sensitivity", 100), number(item, "min_area", "Smallest, %", 100)));
}

function drawPanel() {
  $("zone-list").replaceChildren(...items.map(row));
  if (!items.length) $("zone-list").append(el("li", { className: "empty" }, "No zones: motion counts in the whole picture."));
  $("zone-add").hidden = $("zone-ignore").hidden = Boolean(drawing);
  $("zone-done").hidden = $("zone-cancel").hidden = !drawing;
  $("zone-done").disabled = !drawing || drawing.points.length < LEAST;
  $("zone-hint").textContent = drawing ? `Tap the corners on the picture, in order${drawing.points.length < LEAST ? "" : ". Tap the first one again to close"}.`
    : chosen ? "Drag its corners; drag a small dot to add one." : "";
}

function changed(withPanel = true) {
  box = null;
  $("zone-save").disabled = !isChanged() || Boolean(drawing);
  $("zone-note").className = "";
  $("zone-note").textContent = isChanged() ? "Not saved yet" : "";
  if (withPanel) drawPanel();
  draw();
}

function choose(item) { chosen = item; drawPanel(); draw(); }

function remove(item) {
  items = items.filter((one) => one !== item);
  if (chosen === item) chosen = null;
  changed();
  $("zone-add").focus();
}

/* --- making and changing --- */

function freeName() {
  for (let number = 1; ; number++) if (!items.some((item) => item.name === `zone${number}`)) return `zone${number}`;
}

// With the keyboard there is nothing to tap with: a rectangle whose corners can be moved.
function begin(ignore, byKeyboard) {
  const item = { ignore, name: ignore ? "" : freeName(), points: [], sensitivity: null, min_area: null };
  if (byKeyboard) {
    item.points = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]];
    finish(item);
    svg.querySelector("[data-corner='0']").focus();
    return;
  }
  chosen = null;
  drawing = item;
  changed();
  $("stage").scrollIntoView({ block: "nearest" });
  svg.focus({ preventScroll: true });
}

function finish(item) {
  drawing = null;
  items.push(item);
  chosen = item;
  changed();
}

function cancel() { drawing = null; changed(); }

function removeCorner(index) {
  if (chosen.points.length <= LEAST) { toast(`${text(chosen)} needs its ${LEAST} corners: delete it as a whole in the list`, { bad: true }); return; }
  chosen.points.splice(index, 1);
  changed();
}

function addCorner(index) {
  const [a, b] = [chosen.points[index], chosen.points[(index + 1) % chosen.points.length]];
  if (chosen.points.length >= MOST) { toast(`A zone has at most ${MOST} corners`, { bad: true }); return false; }
  chosen.points.splice(index + 1, 0, [round((a[0] + b[0]) / 2), round((a[1] + b[1]) / 2)]);
  return true;
}

function tapWhileDrawing(event) {
  const isFirst = event.target.dataset.corner === "0";
  if (isFirst && drawing.points.length >= LEAST) { finish(drawing); return; }
  if (!isFirst && drawing.points.length < MOST) drawing.points.push(pointAt(event));
  changed();
}

svg.addEventListener("pointerdown", (event) => {
  event.stopPropagation();
  if (event.button) return;
  if (drawing) { tapWhileDrawing(event); return; }
  const { corner: at, middle: between, item } = event.target.dataset;
  let index = at === undefined ? -1 : Number(at);
  if (between !== undefined && addCorner(Number(between))) index = Number(between) + 1;
  if (index < 0) { choose(items[Number(item ?? -1)] ?? null); return; }
  drag = { item: chosen, index };
  svg.setPointerCapture(event.pointerId);
});
svg.addEventListener("pointermove", (event) => {
  if (!drag) return;
  drag.item.points[drag.index] = pointAt(event);
  changed(false);
});
for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, () => { drag = null; });
for (const name of ["dblclick", "click"]) svg.addEventListener(name, (event) => event.stopPropagation());
svg.addEventListener("keydown", (event) => {
  if (drawing) {
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && drawing.points.length >= LEAST) finish(drawing);
    event.stopPropagation();
    return;
  }
  if (event.target.dataset.corner === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  const index = Number(event.target.dataset.corner), step = event.shiftKey ? 0.002 : 0.01;
  const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
  const [x, y] = chosen.points[index];
  if (dx || dy) { chosen.points[index] = [round(x + dx), round(y + dy)]; changed(false); }
  else if (event.key === "Delete" || event.key === "Backspace") removeCorner(index);
  else if (event.key === "Enter") { if (addCorner(index)) changed(); }
  else if (event.key === "Escape") choose(null);
  else return;
  event.preventDefault();
  event.stopPropagation();
});

/* --- trying and saving --- */

// A line to the daemon has 1024 bytes: where all zones do not fit, halves of them do.
async function tryOn(zones, ignored) {
  try {
    return await (await send("POST", "/api/motion/try", asSettings([...zones, ...ignored]))).json();
  } catch (error) {
    if (error.status !== 413 || zones.length < 2) throw error;
    const half = Math.ceil(zones.length / 2);
    const [one, other] = [await tryOn(zones.slice(0, half), ignored), await tryOn(zones.slice(half), ignored)];
    return { ...one, events: [...one.events, ...other.events].sort((a, b) => a.at - b.at) };
  }
}

function found(event, end, at) {
  const ring = app.ring();
  const [x, y, width, height] = event.box;
  return el("li", {}, el("button", { type: "button", onclick: () => {
    if (ring) box = [x / ring.width, y / ring.height, width / ring.width, height / ring.height];
    app.goTo(at + event.at);
    draw();
  } }, el("span", {}, el("b", {}, `${event.zone}: ${event.score.toFixed(1)} %`),
    el("small", {}, `${span(event.at)} ago${end ? `, for ${span(end.at - event.at)}` : ", until now"}`))));
}

async function tryAll() {
  $("zone-note").className = "";
  $("zone-note").textContent = "Trying…";
  $("zone-found").replaceChildren();
  try {
    const { frames, seconds, events } = await tryOn(items.filter((item) => !item.ignore), items.filter((item) => item.ignore));
    const at = now(), starts = events.filter((event) => event.event === "motion.start");
    const endOf = (start) => events.find((event) => event.event === "motion.end" && event.zone === start.zone && event.at >= start.at);
    past.tried = starts.map((event) => ({ epoch: at + event.at, until: at + (endOf(event)?.at ?? 0) }));
    $("zone-note").textContent = `In the last ${span(seconds)} (${frames} frames) this would have told of motion ${starts.length === 1 ? "once" : `${starts.length} times`}.`;
    $("zone-found").replaceChildren(...starts.reverse().map((event) => found(event, endOf(event), at)));
  } catch (error) {
    $("zone-note").className = "bad";
    $("zone-note").textContent = error.message;
  }
}

async function fetchSettings() {
  const response = await request(url("/api/settings"));
  const { options } = await response.json();
  const value = (path) => options.find((option) => option.path === path)?.value;
  return { tag: response.headers.get("ETag"), value };
}

async function load() {
  const { tag: newTag, value } = await fetchSettings();
  tag = newTag;
  defaults = { sensitivity: value("motion.sensitivity"), min_area: value("motion.min_area") };
  items = [
    ...(value("motion.zones") ?? []).map(({ name, polygon, sensitivity = null, min_area = null }) => ({ ignore: false, name, points: polygon, sensitivity, min_area })),
    ...(value("motion.ignore") ?? []).map((polygon) => ({ ignore: true, name: "", points: polygon, sensitivity: null, min_area: null })),
  ];
  chosen = drawing = null;
  loaded = JSON.stringify(asSettings());
  changed();
}

// Somebody may have changed other settings meanwhile; only when it was the zones does one of us have to look again.
async function put(body) {
  try {
    return await send("PUT", "/api/settings", body, {}, { "If-Match": tag });
  } catch (error) {
    if (error.status !== 412) throw error;
    const mine = items, before = loaded;
    await load();
    const isSame = loaded === before;
    items = mine;
    changed();
    if (!isSame) throw error;
    return send("PUT", "/api/settings", body, {}, { "If-Match": tag });
  }
}

async function save() {
  const { zones, ignore } = asSettings();
  try {
    const response = await put({ "motion.zones": zones, "motion.ignore": ignore });
    tag = response.headers.get("ETag");
    loaded = JSON.stringify(asSettings());
    changed();
    $("zone-note").textContent = "Saved. Zones count from the next start on: systemctl restart pastcam";
  } catch (error) {
    $("zone-note").className = "bad";
    $("zone-note").textContent = error.message;
  }
}

/* --- for the page --- */

export function wire(given) { app = given; }

export function open() {
  isOpen = true;
  svg.removeAttribute("hidden");
  if (!isChanged()) attempt(null, load);
  drawPanel();
  draw();
}

export function close() {
  isOpen = false;
  drawing = null;
  past.tried = [];
  $("zone-found").replaceChildren();
  svg.setAttribute("hidden", "");
}

export function forget() { // another camera is shown
  loaded = null;
  items = [];
  if (isOpen) open();
}

$("zone-add").addEventListener("click", (event) => begin(false, event.detail === 0));
$("zone-ignore").addEventListener("click", (event) => begin(true, event.detail === 0));
$("zone-done").addEventListener("click", () => finish(drawing));
$("zone-cancel").addEventListener("click", cancel);
$("zone-try").addEventListener("click", (event) => attempt(event.target, tryAll));
$("zone-save").addEventListener("click", (event) => attempt(event.target, save).then(() => { $("zone-save").disabled = !isChanged(); }));
new ResizeObserver(draw).observe($("stage"));
