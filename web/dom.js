// Small helpers for elements, times and messages.
export const $ = (id) => document.getElementById(id);

export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && key !== "list" && key !== "form") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

// 75.3 -> "1 min 15 s"
export function span(seconds) {
  if (Math.abs(seconds) < 9.95) return `${Math.abs(seconds).toFixed(1)} s`;
  const s = Math.round(Math.abs(seconds)), minutes = Math.round(s / 60);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 172800) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(s / 86400)} days`;
}

export function clock(epoch, tenths = false) {
  return new Date(epoch * 1000).toLocaleTimeString([], {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", ...(tenths ? { fractionalSecondDigits: 1 } : {}),
  });
}

export function day(epoch) {
  const date = new Date(epoch * 1000);
  const time = clock(epoch);
  return date.toDateString() === new Date().toDateString() ? time
    : `${date.toLocaleDateString([], { day: "numeric", month: "short" })}, ${time}`;
}

export function size(bytes) {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

export function toast(message, { bad = false, picture = null, link = null, seconds = bad ? 12 : 6 } = {}) {
  const parts = [];
  if (picture) parts.push(el("img", { src: picture, alt: "" }));
  parts.push(el("span", {}, message));
  if (link) parts.push(el("a", { href: link.href, download: link.name ?? "" }, link.text));
  const box = el("div", { className: bad ? "bad" : "" }, ...parts);
  $("toasts").append(box);
  setTimeout(() => box.remove(), seconds * 1000);
  while ($("toasts").children.length > 4) $("toasts").firstChild.remove();
}

// Runs `job` and shows the reason when it fails; the button rests meanwhile.
export async function attempt(button, job) {
  if (button) button.disabled = true;
  try {
    return await job();
  } catch (error) {
    toast(error.message, { bad: true });
    return null;
  } finally {
    if (button) button.disabled = false;
  }
}
