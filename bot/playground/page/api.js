// Talks to the playground's server: JSON requests, and the stream of events.

/** What is shown when the playground itself does not answer. */
export const UNREACHABLE = "The playground does not answer. Is it still running?";

/** GET /api/state; throws when the server cannot be reached. */
export async function loadState() {
  const response = await fetch("/api/state", { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`/api/state answered ${response.status}`);
  return response.json();
}

/**
 * POST /api/<path>. Never throws: a server that cannot be reached gives `{ok: false, error}`.
 * @param {string} path
 * @param {object} body
 * @returns {Promise<{ok?: boolean, error?: string, errors?: Record<string, string>, [key: string]: unknown}>}
 */
export function post(path, body) {
  return send(path, "application/json", JSON.stringify(body));
}

/**
 * POST /api/<path> with a file as it is; answers as `post` does.
 * @param {string} path
 * @param {File} file
 */
export function postFile(path, file) {
  return send(path, "application/octet-stream", file);
}

async function send(path, type, body) {
  try {
    const response = await fetch(`/api/${path}`, { method: "POST", headers: { "content-type": type }, body });
    const answer = await response.json();
    return response.ok ? answer : { ok: false, error: `The playground answered ${response.status}.`, ...answer };
  } catch {
    return { ok: false, error: UNREACHABLE };
  }
}

/**
 * Follows /api/events. `opened` is called on every (re)connection, `lost` when it breaks; a stream that the
 * browser gave up on is opened again after two seconds.
 * @param {{opened: () => void, lost: () => void, event: (event: {type: string}) => void}} listener
 */
export function follow(listener) {
  const source = new EventSource("/api/events");
  source.onopen = () => listener.opened();
  source.onmessage = (message) => listener.event(JSON.parse(message.data));
  source.onerror = () => {
    listener.lost();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(listener), 2000);
  };
}
