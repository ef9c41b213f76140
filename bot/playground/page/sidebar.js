// The left sidebar: workspace, channels, the app's direct message, and who one acts as.

import { h, radioGroup } from "./dom.js";
import { appAvatar, icon, personAvatar } from "./icons.js";

/** @param {import("./state.js").Store} store */
export function mountSidebar(root, store) {
  const list = h("div", { class: "sidebar-list" });
  const people = h("div", { class: "acting" });
  root.append(people, list);
  const draw = () => {
    const focused = root.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
    const channels = store.channels.filter(({ is_im }) => !is_im);
    const ims = store.channels.filter(({ is_im }) => is_im);
    list.replaceChildren(sectionNode("Channels", channels, store), sectionNode("Apps", ims, store));
    const workspace = h("div", { class: "workspace" }, h("span", { class: "workspace-name" }, store.data.team.name));
    people.replaceChildren(workspace, ...acting(store));
    if (focused) root.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
  };
  store.on(["all", "channels", "selection"], draw);
}

function sectionNode(title, channels, store) {
  if (channels.length === 0) return "";
  return h("section", { "aria-label": title }, h("h2", { class: "sidebar-heading" }, icon("down", 14), title),
    h("ul", {}, channels.map((channel) => h("li", {}, channelButton(channel, store)))));
}

function channelButton(channel, store) {
  const current = channel.id === store.channel;
  const unread = store.isUnread(channel.id);
  const name = channelName(channel, store);
  return h("button", {
    type: "button", class: `channel-button${unread ? " unread" : ""}`, "aria-current": current ? "page" : null,
    "data-testid": `channel-${channel.name || channel.id}`,
    onclick: () => {
      document.body.classList.remove("sidebar-open");
      store.select({ channel: channel.id });
    },
  }, channelMark(channel), h("span", { class: "channel-button-name" }, name),
  channel.is_im && h("span", { class: "app-badge" }, "App"),
  unread && h("span", { class: "unread-dot", role: "img", "aria-label": "unread" }));
}

/** A direct message bears the app's name, a channel its own. */
export function channelName(channel, store) {
  return channel.is_im ? store.data.app.name : channel.name;
}

/** The sign before a channel's name: #, a lock, or the app's square. */
export function channelMark(channel, size = 16) {
  if (channel.is_im) return appAvatar("small");
  return icon(channel.is_private ? "lock" : "hash", size);
}

function acting(store) {
  const choices = store.players.map((person) => ({
    key: person.id,
    testid: `acting-as-${person.id}`,
    title: person.title,
    content: [personAvatar(person, "medium"), h("span", { class: "acting-person" },
      h("span", { class: "acting-name" }, person.real_name || person.name), h("span", { class: "acting-role" }, roleOf(person)))],
  }));
  const choose = (user) => store.select({ user });
  const { node } = radioGroup({ label: "Acting as", className: "acting-choices", choices, chosen: store.user, choose });
  return [h("div", { class: "acting-label", "aria-hidden": "true" }, "You are acting as"), node];
}

function roleOf(person) {
  if (person.is_guest) return "Guest";
  return person.is_admin ? "Workspace admin" : "Member";
}
