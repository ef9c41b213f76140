// The list of messages: day dividers, people and the app, notices only one person sees, and the menu of shortcuts.

import { renderBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { appAvatar, icon, personAvatar } from "./icons.js";
import { openMenu } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";
import { keepPlace } from "./place.js";
import { channelMark, channelName } from "./sidebar.js";

const GROUPED_WITHIN = 5 * 60;

/**
 * @param {HTMLElement} root scrolls
 * @param {import("./state.js").Store} store
 * @param {ReturnType<typeof import("./actions.js").createActions>} actions
 */
export function mountMessages(root, store, actions) {
  /** @type {Map<string, {message: object, compact: boolean, node: HTMLElement}>} what is drawn, by ts */
  let drawn = new Map();
  const list = h("div", { class: "message-list" });
  root.append(list);
  /** Whether the newest message is in sight; it stays so when something arrives or the window changes its size. */
  let pinned = true;
  const toEnd = () => { root.scrollTop = root.scrollHeight; };
  root.addEventListener("scroll", () => { pinned = root.scrollHeight - root.scrollTop - root.clientHeight < 60; }, { passive: true });
  new ResizeObserver(() => pinned && toEnd()).observe(root);
  keepPlace(root, ".message, .day, .beginning", () => pinned);

  function draw() {
    const { channel } = store;
    const next = new Map();
    const nodes = [beginning(store)];
    let previous = null;
    for (const message of store.messages(channel)) {
      if (!sameDay(previous, message)) nodes.push(dayDivider(message));
      const compact = isCompact(previous, message);
      const known = drawn.get(message.ts);
      const fresh = known?.message !== message || known.compact !== compact;
      next.set(message.ts, fresh ? { message, compact, node: messageNode(message, compact, channel, store, actions) } : known);
      nodes.push(next.get(message.ts).node);
      previous = message;
    }
    const own = previous && !drawn.has(previous.ts) && (previous.user === store.user || previous.only_for === store.user);
    drawn = next;
    reconcile(list, nodes);
    if (pinned || own) toEnd();
  }

  store.on(["messages"], (channel) => channel === store.channel && draw());
  store.on(["all", "selection"], () => {
    drawn = new Map();
    draw();
    toEnd();
  });
}

/** Makes the children these nodes, touching only what differs: a live region announces what is new, and focus stays. */
function reconcile(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child) && child.dataset.key === undefined) child.remove();
  nodes.forEach((node, index) => {
    const there = list.children[index];
    if (there === node) return;
    if (node.dataset.key !== undefined && there?.dataset.key === node.dataset.key) return;
    list.insertBefore(node, there ?? null);
  });
  while (list.children.length > nodes.length) list.lastChild.remove();
}

function when(message) {
  return new Date(Number(message.ts) * 1000);
}

function sameDay(previous, message) {
  return previous !== null && when(previous).toDateString() === when(message).toDateString();
}

function author(message) {
  return message.bot_id ? "app" : message.user;
}

function isCompact(previous, message) {
  return sameDay(previous, message) && author(previous) === author(message) && !previous.only_for && !message.only_for &&
    Number(message.ts) - Number(previous.ts) < GROUPED_WITHIN;
}

function dayDivider(message) {
  const day = when(message);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 86_400_000);
  const inFull = new Intl.DateTimeFormat("en-US", { weekday: "long", month: "long", day: "numeric" });
  const name = ["Today", "Yesterday"][days] ?? inFull.format(day);
  return h("div", { class: "day", role: "separator", "data-key": `day-${day.toDateString()}` }, h("span", {}, name));
}

function beginning(store) {
  const channel = store.currentChannel;
  if (!channel) return h("div", { "data-key": "beginning" });
  const name = channelName(channel, store);
  const words = channel.is_im
    ? `This is the very beginning of your direct messages with ${name}. Notices that belong to you alone arrive here.`
    : "Type / below for the app's commands, or open the ⋮ menu of a message.";
  return h("div", { class: "beginning", "data-key": `beginning-${channel.id}-${store.user}` },
    h("h2", {}, channelMark(channel, 26), name), h("p", {}, words));
}

function messageNode(message, compact, channel, store, actions) {
  const person = store.people.get(message.user);
  const isApp = Boolean(message.bot_id) || message.user === store.data.app.bot_user_id;
  const name = isApp ? (message.username ?? store.data.app.name) : personName(message.user, person);
  const avatar = isApp ? appAvatar() : personAvatar(person ?? { name, color: "#616061" });
  const time = h("time", { datetime: when(message).toISOString(), title: when(message).toLocaleString("en-US") }, timeOf(message));
  const head = h("div", { class: "message-head" }, h("span", { class: "message-author" }, name),
    isApp && h("span", { class: "app-badge" }, "App"), time);
  const node = h("article", {
    class: `message${compact ? " compact" : ""}${message.only_for ? " ephemeral" : ""}`, "data-testid": "message", "data-ts": message.ts,
    "aria-label": `${name}, ${timeOf(message)}`,
  }, message.only_for && h("div", { class: "only-you" }, icon("eye", 14), "Only visible to you"),
  h("div", { class: "gutter" }, compact ? time : avatar),
  h("div", { class: "message-main" }, !compact && head, body(message, channel, store, actions)));
  if (!message.only_for) node.append(toolbar(node, message, channel, store, actions));
  return node;
}

function personName(id, person) {
  return person?.real_name || person?.name || (id === "USLACKBOT" ? "Slackbot" : "Unknown");
}

function timeOf(message) {
  return new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" }).format(when(message));
}

function body(message, channel, store, actions) {
  const edited = message.edited && h("span", { class: "edited" }, " (edited)");
  if (!message.blocks?.length) return h("div", { class: "message-text" }, mrkdwn(message.text ?? "", store), edited);
  const surface = {
    store,
    form: null,
    act: (body) => actions.messageAct(channel, message.ts, body),
    loadOptions: (body) => actions.options({ channel, ts: message.ts }, body),
  };
  return h("div", { class: "message-blocks" }, renderBlocks(message.blocks, surface), edited);
}

/** The toolbar that appears over a message, with the app's message shortcuts behind its dots. */
function toolbar(node, message, channel, store, actions) {
  const open = () => {
    const shortcuts = store.data.shortcuts.filter(({ type }) => type === "message");
    openMenu(button, {
      label: "Message actions", heading: "Message shortcuts", align: "end",
      items: shortcuts.map(({ name, callback_id }) => ({
        label: name, detail: store.data.app.name, mark: appAvatar("small"),
        choose: () => actions.messageShortcut(callback_id, channel, message.ts),
      })),
    });
  };
  const button = h("button", { type: "button", class: "icon-button", "aria-label": "More actions", title: "More actions",
    "aria-haspopup": "menu", "aria-expanded": "false", "data-testid": "message-menu", onclick: open }, icon("dots", 18));
  return h("div", { class: "message-toolbar" }, button);
}
