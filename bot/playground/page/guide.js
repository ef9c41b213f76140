// Five things to try, which tick themselves off as they happen.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { isUndecided } from "./queue.js";

const REMEMBERED = "playground.tried";

/** key, title, and what to do; `first` and `other` are vendors' names. */
const STEPS = [
  ["declare", "Declare an incident", () => ["Type ", h("code", {}, "/incident Checkout is down"), ", and fill in the form."]],
  ["lose", "Lose an answer", (first) => ["Set ", first, " to ", h("b", {}, "Answer lost"), ", and declare another one."]],
  ["kill", "Kill the bot", () => ["Press ", h("b", {}, "Kill the bot"), " while the queue says ", h("b", {}, "not sure"), ". It is still created once."]],
  ["away", "Take a tool away", (first, other) => ["Set ", other, " to ", h("b", {}, "Down"), " and declare one there. Then set it to ", h("b", {}, "Fine"), "."]],
  ["decide", "Decide yourself", (first) => ["Set ", first, " to ", h("b", {}, "Lost, hidden"), " and declare one. Then choose on its card."]],
];

/**
 * @param {import("./state.js").Store} store
 * @returns {HTMLElement}
 */
export function guide(store) {
  const progress = new Progress();
  const count = h("span", { class: "guide-count", role: "status" });
  const list = h("ol", { class: "guide-steps" });
  const node = h("details", { class: "guide", open: true, "data-testid": "guide" },
    h("summary", {}, icon("right", 14), "Five things to try", count), list);

  function draw() {
    const { done } = progress;
    const next = STEPS.find(([key]) => !done.has(key))?.[0];
    const labels = store.data.vendors.map(({ label }) => label);
    const named = [labels[0] ?? "a tool", labels[1] ?? labels[0] ?? "a tool"];
    list.replaceChildren(...STEPS.map((step) => stepNode(step, done.has(step[0]), step[0] === next, named)));
    count.textContent = done.size === STEPS.length ? "All done" : `${done.size} of ${STEPS.length}`;
  }

  store.on(["all"], () => { progress.restore(store); draw(); });
  store.on(["all", "queue", "bot", "vendors"], () => progress.look(store) && draw());
  return node;
}

function stepNode([key, title, what], done, next, named) {
  return h("li", { class: `guide-step${done ? " done" : ""}`, "data-testid": `step-${key}`, "data-done": String(done), "aria-current": next ? "step" : null },
    h("span", { class: "guide-mark" }, done && icon("check", 13)),
    h("span", { class: "guide-title" }, title, done && h("span", { class: "unseen" }, " (done)")),
    next && h("span", { class: "guide-what" }, what(...named)));
}

/** What has been tried, as far as the queue tells. */
class Progress {
  done = new Set();
  /** Ids of deliveries: in doubt when the bot was killed, waiting for a vendor that is away, and waiting for a person. */
  #killed = new Set();
  #away = new Set();
  #undecided = new Set();

  /** Goes on after a reload; begins anew with a playground that has just started. */
  restore(store) {
    const { queue, vendors } = store.data;
    const fresh = queue.length === 0 && !vendors.some(({ objects }) => objects.some((object) => object.from_slack));
    try {
      this.done = new Set(fresh ? [] : JSON.parse(sessionStorage.getItem(REMEMBERED)) ?? []);
    } catch { /* what another version of the page wrote is no loss */ }
  }

  /** True when something new is done. */
  look({ data, bot }) {
    const before = this.done.size;
    for (const line of data.queue) {
      const fault = data.vendors.find(({ name }) => name === line.vendor)?.fault;
      this.#note(line, bot, fault);
      this.#tick(line);
    }
    if (this.done.size === before) return false;
    sessionStorage.setItem(REMEMBERED, JSON.stringify([...this.done]));
    return true;
  }

  #note(line, bot, fault) {
    const { id, state } = line;
    if (state === "unconfirmed" && bot === "killed") this.#killed.add(id);
    if (state === "queued" && fault === "down") this.#away.add(id);
    if (isUndecided(line)) this.#undecided.add(id);
  }

  #tick(line) {
    const { id, state } = line;
    const created = state === "delivered";
    if (created) this.done.add("declare");
    if (state === "unconfirmed") this.done.add("lose");
    if (created && this.#killed.has(id)) this.done.add("kill");
    if (created && this.#away.has(id)) this.done.add("away");
    if (this.#undecided.has(id) && !isUndecided(line)) this.done.add("decide");
  }
}
