// Talks to pastcam-web. Every failure becomes an Error whose message is the program's own sentence.
let camera = "";
let onLogin = () => {};

export const setCamera = (name) => { camera = name; };
export const getCamera = () => camera;
export const whenLoginIsNeeded = (handler) => { onLogin = handler; };

export function url(path, parameters = {}) {
  const all = { ...(camera ? { camera } : {}), ...parameters };
  const query = new URLSearchParams(Object.entries(all).filter(([, value]) => value !== undefined && value !== null));
  return query.size ? `${path}?${query}` : path;
}

export class Problem extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "pastcam-web does not answer: is it running, and are you still on its network?");
  }
  if (response.ok) return response;
  let detail = `${response.status} ${response.statusText}`;
  try { detail = (await response.json()).detail ?? detail; } catch { /* no problem JSON: the status says it */ }
  if (response.status === 401 && path !== "/api/login") onLogin();
  throw new Problem(response.status, detail);
}

export const getJson = async (path, parameters) => (await request(url(path, parameters))).json();

export const send = (method, path, body, parameters, headers = {}) => request(url(path, parameters), {
  method, headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
  body: body === undefined ? undefined : JSON.stringify(body),
});

// A picture is never asked for larger than the frames are; 0 is not known yet.
let frameWidth = 0;
export const setFrameWidth = (width) => { frameWidth = width; };
export const fit = (width) => width && frameWidth && width < frameWidth ? width : undefined;

// A picture of a moment: { bitmap, blob, epoch, frame, tier }.
export async function picture(moment, parameters = {}, signal = undefined, extension = "jpg") {
  const { width, ...rest } = parameters;
  const smaller = rest.camera ? width : fit(width); // of another camera the width is not known
  const response = await request(url(`/at/${moment}.${extension}`, { ...rest, width: smaller }), { signal });
  const blob = await response.blob();
  return {
    blob, bitmap: extension === "npy" ? null : await createImageBitmap(blob),
    epoch: Number(response.headers.get("Pastcam-Epoch")), frame: response.headers.get("Pastcam-Frame"),
    tier: response.headers.get("Pastcam-Tier"),
  };
}
