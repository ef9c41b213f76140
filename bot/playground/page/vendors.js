// The right pane: a fault switch for each vendor, always in view, and a card with the objects it holds and the requests it got.

import { h, link, vendorMark } from "./dom.js";
import { icon } from "./icons.js";
import { guide } from "./guide.js";
import { keepPlace } from "./place.js";
import { queuePanel } from "./queue.js";

const FAULTS = {
  fine: "Fine", slow: "Slow", limited: "Rate-limited", lost: "Answer lost", hidden: "Lost, hidden", refusing: "Refusing", down: "Down", revoked: "Token revoked",
};
const FAULT_NOTES = {
  slow: "Creates at once, answers after 6 seconds.",
  lost: "Creates what it's sent and drops the connection. Lists it 6 seconds later.",
  hidden: "Creates what it's sent, drops the connection and refuses look-ups. A person decides, unless it knows a repeated request.",
  refusing: "Refuses whatever it should create, over one field.",
  down: "Refuses connections until it's fine again.",
  revoked: "Answers 401 to the key in use. The new test key below works.",
};
/** How many objects a card shows at most before "Show more": those from Slack and one that was there before. */
const SHOWN = 3;

/**
 * @param {import("./state.js").Store} store
 * @param {ReturnType<typeof import("./actions.js").createActions>} actions
 */
export function mountVendors(root, store, actions) {
  /** @type {Map<string, VendorCard>} */ const cards = new Map();
  const switches = h("div", { class: "switches" });
  const list = h("div", { class: "vendor-list" });
  const writesOnly = h("input", { type: "checkbox", checked: true, "data-testid": "writes-only", onchange: () => {
    for (const card of cards.values()) card.showRequests(writesOnly.checked);
  } });
  root.append(h("header", { class: "vendors-header" },
    h("div", {}, h("h2", {}, "What reached the vendors"), h("p", {}, "Stand-ins on this machine, as strict as the real ones")),
    h("label", { class: "writes-only", title: "Hide requests that only read (GET)" }, writesOnly, "Writes only"),
    h("button", { type: "button", class: "icon-button vendors-close", "aria-label": "Close the vendors pane",
      onclick: () => document.dispatchEvent(new Event("close-vendors")) }, icon("close", 18))), guide(store), switches, queuePanel(store), list);
  keepPlace(list, ".vendor");
  store.on(["all", "vendors"], () => {
    for (const vendor of store.data.vendors) {
      if (cards.has(vendor.name)) cards.get(vendor.name).update(vendor);
      else {
        const card = new VendorCard(vendor, actions, writesOnly.checked);
        cards.set(vendor.name, card);
        switches.append(card.switch);
        list.append(card.node);
      }
    }
  });
}

class VendorCard {
  #all = false;
  #shown = new Set();
  /** Which objects' bodies are open, by key. */
  #open = new Set();
  #requests = new Set();

  constructor(vendor, actions, writesOnly) {
    this.vendor = vendor;
    this.writesOnly = writesOnly;
    const { name, label } = vendor;
    const testid = `vendor-${name}`;
    this.faults = h("select", { "aria-label": `${label} is`, "data-testid": `${testid}-fault`,
      onchange: () => this.#setFault(this.faults.value, actions) },
    Object.entries(FAULTS).map(([key, words]) => h("option", { value: key }, words)));
    const mark = (size) => vendorMark(vendor, size, { "aria-hidden": "true" });
    this.switch = h("div", { class: "switch" },
      h("button", { type: "button", class: "switch-name", title: `Go to ${label}`, onclick: () => this.node.scrollIntoView({ block: "start" }) },
        mark("small"), h("span", {}, label)),
      h("span", { class: "fault" }, this.faults, icon("down", 14)));
    this.objects = h("ol", { class: "objects" });
    this.more = h("button", { type: "button", class: "more", onclick: () => this.#toggleAll() });
    this.key = testKey(vendor);
    this.version = versionSwitch(vendor, actions);
    this.log = h("ol", { class: "requests" });
    this.logTitle = h("span", {});
    this.note = h("p", { class: "fault-note", role: "status", "data-testid": `${testid}-note` });
    this.node = h("section", { class: "vendor", "data-testid": testid, "aria-label": label },
      h("header", { class: "vendor-header" }, mark(""), h("h3", {}, label), this.version.node),
      this.note, this.objects, this.more, this.key.node,
      ...Object.entries(vendor.lists ?? {}).map(([heading, ids]) => idList(name, heading, ids)),
      h("details", { class: "request-log", open: true }, h("summary", {}, icon("right", 14), this.logTitle), this.log));
    this.update(vendor, true);
  }

  #setFault(fault, actions) {
    this.#showFault(fault);
    this.node.scrollIntoView({ block: "nearest" }); // its note says what the fault does
    actions.setFault(this.vendor.name, fault);
  }

  #toggleAll() {
    this.#all = !this.#all;
    this.update(this.vendor);
  }

  #showFault(fault) {
    this.faults.value = fault;
    this.node.dataset.fault = fault;
    this.switch.dataset.fault = fault;
    clearInterval(this.ticking);
    if (fault === "limited") this.ticking = setInterval(() => this.#showLimit(), 1000);
    if (fault === "limited") this.#showLimit();
    else this.note.textContent = FAULT_NOTES[fault] ?? "";
  }

  /** "1 write every 10 s, none left for 7 s": the places come back one by one, without word from the server. */
  #showLimit() {
    const { of, seconds: every, free_at: freeAt } = this.vendor.limit ?? { of: 1, seconds: 10, free_at: [] };
    const taken = freeAt.map((at) => at - Date.now() / 1000).filter((seconds) => seconds > 0);
    const left = of - taken.length;
    const words = `${of} ${of === 1 ? "write" : "writes"} every ${every} s, ${left ? `${left} left` : `none left for ${Math.ceil(Math.min(...taken))} s`}`;
    if (this.note.textContent !== words) this.note.textContent = words;
  }

  update(vendor, first = false) {
    this.vendor = vendor;
    this.#showFault(vendor.fault);
    this.key.show(vendor);
    this.version.show(vendor);
    this.#drawObjects(first);
    this.#drawRequests(first);
  }

  #drawObjects(first) {
    const { objects, name } = this.vendor;
    const fromSlack = objects.filter((object) => object.from_slack).length;
    const room = Math.min(SHOWN, fromSlack + 1);
    this.objects.classList.toggle("all", this.#all);
    const hidden = this.#all ? 0 : Math.max(0, objects.length - room);
    const isNew = (object) => !first && !this.#shown.has(keyOf(object));
    const shown = objects.slice(0, objects.length - hidden);
    const nodes = shown.map((object) => objectNode(object, `vendor-${name}-object`, isNew(object), this.#open));
    this.#shown = new Set(objects.map(keyOf));
    this.objects.replaceChildren(...(nodes.length ? nodes : [h("li", { class: "nothing" }, "Nothing yet")]));
    this.more.hidden = objects.length <= room;
    this.more.textContent = this.#all ? "Show fewer" : `Show ${hidden} more`;
    const arrived = this.objects.querySelector(".arrived");
    arrived?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  /** Lists all requests, or only those that are meant to change something. */
  showRequests(writesOnly) {
    this.writesOnly = writesOnly;
    this.#drawRequests(false);
  }

  #drawRequests(first) {
    const { requests } = this.vendor;
    const shown = this.writesOnly ? requests.filter(({ method }) => method !== "GET") : requests;
    const key = ({ at, method, path, status }) => `${at} ${method} ${path} ${status}`;
    const nodes = shown.map((request) => requestNode(request, !first && !this.#requests.has(key(request))));
    this.log.replaceChildren(...(nodes.length ? nodes : [h("li", { class: "no-requests" }, "None yet")]));
    this.#requests = new Set(requests.map(key));
    this.logTitle.textContent = `${this.writesOnly ? "Writes" : "Requests"} (${shown.length})`;
  }
}

/** What its API consists of, where that can be chosen; it goes together with any fault. */
function versionSwitch({ name, label, versions }, actions) {
  const choices = Object.entries(versions ?? {});
  if (choices.length === 0) return { node: null, show: () => {} };
  const select = h("select", { "aria-label": `${label}'s API has`, "data-testid": `vendor-${name}-version`,
    onchange: () => actions.setVersion(name, select.value) }, choices.map(([key, words]) => h("option", { value: key }, words)));
  const node = h("span", { class: "fault version" }, select, icon("down", 14));

  function show({ version }) {
    select.value = version;
    node.dataset.changed = String(version !== choices[0][0]);
  }

  return { node, show };
}

/** What to paste into the bot's page that connects this vendor: "/vendors" leads there. */
function testKey({ name }) {
  const title = h("span", {});
  const parts = h("dl", {});
  const node = h("details", { class: "test-key", "data-testid": `vendor-${name}-key` },
    h("summary", {}, icon("right", 14), title, h("code", {}, "/vendors")), parts);

  function show({ key, fault }) {
    title.textContent = fault === "revoked" ? "New test key, to connect it again with " : "Test key, to connect it yourself with ";
    const lines = copied(key);
    if (lines.map((line) => line.textContent).join() !== [...parts.children].map((line) => line.textContent).join()) parts.replaceChildren(...lines);
  }

  return { node, show };
}

/** What people have to copy from the vendor's console: ids by name. */
function idList(name, heading, ids) {
  return h("details", { class: "test-key", "data-testid": `vendor-${name}-${heading.toLowerCase()}` },
    h("summary", {}, icon("right", 14), `${heading} and their SIDs`), h("dl", { class: "ids" }, copied(ids)));
}

function copied(values) {
  return Object.entries(values ?? {}).map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, h("code", {}, value))));
}

function keyOf({ kind, reference, url, title, at }) {
  return `${kind} ${reference} ${url} ${title} ${at}`;
}

/** A path as people read it: brackets instead of %5B. */
function readable(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function objectNode({ kind, reference, title, url, at, detail, from_slack: fromSlack, sent }, testid, arrived, open) {
  const key = keyOf({ kind, reference, url, title, at });
  const details = Object.entries(detail ?? {}).filter(([, text]) => text !== "" && text !== null);
  return h("li", { class: `object${fromSlack ? " from-slack" : ""}${arrived ? " arrived" : ""}`, "data-testid": testid },
    h("div", { class: "object-head" }, h("span", { class: "kind" }, kind),
      url ? link(url, reference, "reference") : h("span", { class: "reference" }, reference),
      fromSlack && h("span", { class: "origin" }, "from Slack"),
      at && h("time", { datetime: new Date(at * 1000).toISOString() }, clockOrDay(at))),
    h("div", { class: "object-title" }, title),
    details.length > 0 && h("dl", {}, details.map(([label, text]) => h("div", {}, h("dt", {}, label), h("dd", {}, String(text))))),
    sent && h("details", { class: "sent", open: open.has(key), ontoggle: ({ target }) => (target.open ? open.add(key) : open.delete(key)) },
      h("summary", {}, icon("right", 12), "What was sent"), h("pre", { tabindex: "0" }, sent)));
}

function requestNode({ at, method, path, status, ms, note }, arrived) {
  const tone = !status ? "none" : status < 300 ? "ok" : status < 500 ? "no" : "bad";
  const told = (note ?? "").replace(/^\d{3}\b\s*/, "");
  return h("li", { class: arrived ? "arrived" : "" }, h("time", {}, clock(at, true)),
    h("span", { class: `method method-${method.toLowerCase()}` }, method), h("span", { class: "path", title: readable(path) }, readable(path)),
    h("span", { class: `status status-${tone}`, title: Number.isFinite(ms) ? `${Math.round(ms)} ms` : null }, status || "–"),
    told && h("span", { class: "note" }, told));
}

function clockOrDay(seconds) {
  const day = new Date(seconds * 1000);
  const now = new Date();
  if (day.toDateString() === now.toDateString()) return clock(seconds);
  const year = day.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  return new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", ...year }).format(day);
}

function clock(seconds, exact = false) {
  const parts = { hour: "numeric", minute: "2-digit", ...(exact && { second: "2-digit", hourCycle: "h23" }) };
  return new Intl.DateTimeFormat("en-US", parts).format(new Date(seconds * 1000));
}
