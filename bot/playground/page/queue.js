// The bot's queue, read from its database by the playground: it stays in view while the bot is dead.

import { h, vendorMark } from "./dom.js";
import { icon } from "./icons.js";

/** state -> what people call it, and its tone. */
const STATES = {
  queued: ["queued", "waiting"],
  sending: ["being sent", "moving"],
  unconfirmed: ["not sure", "unsure"],
  delivered: ["created", "done"],
  rejected: ["refused", "stopped"],
  failed: ["given up", "stopped"],
  cancelled: ["cancelled", "stopped"],
};
/** Reasons that say more than the state. */
const REASONS = { cancelled: "cancelled", by_hand: "by hand", created_twice: "created twice" };
/** Why a delivery failed that goes on by itself once an admin has seen to the connection. */
const FOR_AN_ADMIN = { unauthorized: "waits for a key", forbidden: "waits for a right", disconnected: "not connected" };
const WAITING = ["queued", "sending", "unconfirmed"];

/** Whether only a person can say what became of it. */
export function isUndecided({ state, reason, reconcile_at: lookAt }) {
  return state === "unconfirmed" && (reason === "unanswered" || !lookAt);
}

/**
 * @param {import("./state.js").Store} store
 * @returns {HTMLElement}
 */
export function queuePanel(store) {
  const count = h("span", { class: "queue-count" });
  const lines = h("ol", { class: "queue-lines", "data-testid": "queue" });
  const node = h("section", { class: "queue", "aria-label": "The bot's queue" },
    h("h3", {}, icon("tray", 15), "The bot's queue", count), lines);
  let ticking = null;

  function draw() {
    const { queue, waiting } = store.data;
    count.textContent = waiting ? `${waiting} ${waiting === 1 ? "waits" : "wait"}` : "";
    const hidden = waiting - queue.filter(({ state }) => WAITING.includes(state)).length;
    lines.replaceChildren(...queue.map((delivery) => line(delivery, store)),
      ...(hidden > 0 ? [h("li", { class: "queue-more" }, `and ${hidden} more`)] : []),
      ...(queue.length ? [] : [h("li", { class: "queue-nothing" }, "Nothing waits")]));
    if (queue.length && !ticking) ticking = setInterval(draw, 1000);
    if (!queue.length && ticking) ticking = clearInterval(ticking) ?? null;
  }

  store.on(["all", "queue"], draw);
  return node;
}

function line(delivery, store) {
  const { id, title, vendor, operation, state, reason, attempt, created_at: madeAt, next_attempt_at: dueAt, reconcile_at: lookAt, card_ts: card } = delivery;
  const admin = state === "failed" && FOR_AN_ADMIN[reason];
  const [word, tone] = isUndecided(delivery) ? ["decide", "unsure"] : admin ? [admin, "waiting"] : (STATES[state] ?? [state, "waiting"]);
  const known = store.data.vendors.find(({ name }) => name === vendor) ?? { label: vendor };
  const { label } = known;
  const about = [next(state, attempt, dueAt, lookAt), attempt > 0 && `try ${attempt}`, `${span(Date.now() / 1000 - madeAt)} ago`];
  return h("li", { class: "queue-line", "data-testid": "queue-line", "data-id": id, "data-state": state, "data-card": card },
    h("span", { class: `queue-state queue-${tone}` }, REASONS[reason] ?? word),
    vendorMark(known, "small", { title: label, role: "img", "aria-label": label }),
    h("span", { class: "queue-title", title: `${title} (${label}, ${operation.replaceAll("_", " ")})` }, title),
    h("span", { class: "queue-about" }, about.filter(Boolean).join(" · ")));
}

/** What comes next, where that is some seconds away. */
function next(state, attempt, dueAt, lookAt) {
  const [at, words] = state === "unconfirmed" ? [lookAt, "looks"] : state === "queued" ? [dueAt, attempt ? "again" : "goes"] : [0, ""];
  const seconds = at - Date.now() / 1000;
  return seconds >= 1 && `${words} in ${span(seconds)}`;
}

/** Seconds as "8 s", "5 min", "3 h". */
function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  return whole < 5400 ? `${Math.round(whole / 60)} min` : `${Math.round(whole / 3600)} h`;
}
