// The picture: draws it, and lets wheel, pinch and double tap look closer.
import { $ } from "/dom.js";

const stage = $("stage"), canvas = $("picture"), context = canvas.getContext("2d");
let scale = 1, x = 0, y = 0;
let shown = null;

export const current = () => shown;

function place() {
  const box = stage.getBoundingClientRect();
  x = Math.min(0, Math.max(box.width * (1 - scale), x));
  y = Math.min(0, Math.max(box.height * (1 - scale), y));
  const transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
  canvas.style.transform = $("zones").style.transform = transform;
  $("zoom-reset").hidden = scale === 1;
  $("zoom-reset").textContent = `${scale.toFixed(1)}×  reset`;
}

export function draw(picture) {
  if (canvas.width !== picture.bitmap.width || canvas.height !== picture.bitmap.height) {
    canvas.width = picture.bitmap.width;
    canvas.height = picture.bitmap.height;
    stage.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
  }
  context.drawImage(picture.bitmap, 0, 0);
  if (shown && shown.bitmap !== picture.bitmap && shown.bitmap.close && !shown.keep) shown.bitmap.close();
  shown = picture;
}

// Of another camera: nothing of this one is to be seen any more.
export function clear() {
  context.clearRect(0, 0, canvas.width, canvas.height);
  shown = null;
}

export function zoom(factor, clientX, clientY) {
  const box = stage.getBoundingClientRect();
  const px = (clientX ?? box.left + box.width / 2) - box.left, py = (clientY ?? box.top + box.height / 2) - box.top;
  const next = Math.min(12, Math.max(1, scale * factor));
  x = px - (px - x) * next / scale;
  y = py - (py - y) * next / scale;
  scale = next;
  place();
}

export function resetZoom() { scale = 1; x = y = 0; place(); }

const fingers = new Map();
let apart = 0;
stage.addEventListener("wheel", (event) => {
  if (event.target === $("video")) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
}, { passive: false });
stage.addEventListener("dblclick", (event) => scale > 1 ? resetZoom() : zoom(3, event.clientX, event.clientY));
stage.addEventListener("pointerdown", (event) => {
  if (event.target !== canvas) return;
  fingers.set(event.pointerId, event);
  stage.setPointerCapture(event.pointerId);
  apart = 0;
});
stage.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  if (fingers.size === 1 && scale > 1) {
    x += event.clientX - before.clientX;
    y += event.clientY - before.clientY;
    place();
  }
  fingers.set(event.pointerId, event);
  if (fingers.size === 2) {
    const [a, b] = [...fingers.values()];
    const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    if (apart) zoom(now / apart, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
    apart = now;
  }
});
for (const name of ["pointerup", "pointercancel"])
  stage.addEventListener(name, (event) => { fingers.delete(event.pointerId); apart = 0; });
$("zoom-reset").addEventListener("click", resetZoom);
new ResizeObserver(place).observe(stage);
