// Above the messages: the strip with the pane switch, banners, the channel's header and the tabs of the app's direct message.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { channelMark, channelName } from "./sidebar.js";

/**
 * The dark strip on top of the Slack window.
 * @param {import("./state.js").Store} store
 * @param {ReturnType<typeof import("./actions.js").createActions>} actions
 */
export function mountStrip(root, store, actions) {
  const pane = h("button", { type: "button", class: "strip-button", "aria-controls": "vendors", onclick: () => toggle() },
    icon("panel", 16), "Vendors");
  const toggle = (hidden = !document.body.classList.contains("vendors-hidden")) => {
    document.body.classList.toggle("vendors-hidden", hidden);
    pane.setAttribute("aria-expanded", String(!hidden));
  };
  const narrow = matchMedia("(max-width: 1100px)");
  narrow.addEventListener("change", () => toggle(narrow.matches));
  document.addEventListener("close-vendors", () => toggle(true));
  toggle(narrow.matches);
  document.addEventListener("click", ({ target }) => {
    if (!target.closest(".sidebar, .strip-menu")) document.body.classList.remove("sidebar-open");
  });
  root.append(
    h("button", { type: "button", class: "strip-button strip-menu", "aria-label": "Channels",
      onclick: () => document.body.classList.toggle("sidebar-open") }, icon("menu", 18)),
    h("span", { class: "strip-title" }, "Playground",
      h("span", { class: "strip-note" }, "the real bot, stand-ins for everything else, nothing leaves this machine")),
    killButton(store, actions),
    pane,
  );
}

function killButton(store, actions) {
  const button = h("button", { type: "button", class: "strip-button", "data-testid": "kill-bot",
    title: "Kill it with -9, at any moment you like. It starts again.", onclick: () => kill() },
  icon("stop", 16), "Kill the bot");
  const show = () => { button.disabled = store.bot !== "up" || !store.connected; };
  async function kill() {
    button.disabled = true;
    await actions.killBot();
    show();
  }
  store.on(["all", "bot"], show);
  return button;
}

/** A connection that is lost for longer than this, in milliseconds, means that nobody is there any more. */
const STOPPED_AFTER = 5000;
const LOST = "Connection to the playground lost. Trying again…";
const BOT = {
  up: "",
  down: "The bot is not running. The terminal says why.",
  killed: "The bot was killed with -9. It starts again in a moment.",
};
const STOPPED = "The playground has stopped. Start it again in the terminal. This page then reconnects.";

/** @param {import("./state.js").Store} store */
export function mountBanner(root, store) {
  let stopped = false;
  let timer = null;

  function show() {
    const text = !store.connected ? (stopped ? STOPPED : LOST) : BOT[store.bot];
    root.hidden = !text;
    if (root.textContent === text) return;
    root.replaceChildren(...(text ? [h("span", { class: "spinner small" }), text] : []));
  }

  store.on(["all", "bot"], () => {
    if (store.connected) {
      clearTimeout(timer);
      timer = null;
      stopped = false;
    } else timer ??= setTimeout(() => { stopped = true; show(); }, STOPPED_AFTER);
    show();
  });
}

/** @param {import("./state.js").Store} store */
export function mountChannelHeader(root, tabs, store) {
  store.on(["all", "channels", "selection", "tab"], () => {
    const channel = store.currentChannel;
    if (!channel) return;
    const name = channelName(channel, store);
    document.title = `${name} · ${store.data.team.name} · Playground`;
    root.replaceChildren(
      h("h1", { class: "channel-title" }, channelMark(channel, 18), name),
      h("span", { class: "channel-topic" }, channel.topic ?? ""),
      !channel.is_im && !channel.bot_is_member ? h("span", { class: "channel-note" }, `${store.data.app.name} is not in this channel`) : "",
    );
    drawTabs(tabs, channel, store);
  });
}

/** The app's direct message has a Messages tab, and a Home tab where the manifest says so. */
function drawTabs(root, channel, store) {
  root.hidden = !channel.is_im;
  const focused = root.contains(document.activeElement);
  const names = store.data.app.has_home ? { home: "Home", messages: "Messages" } : { messages: "Messages" };
  const { node } = tabList({ label: store.data.app.name, names, chosen: store.tab, choose: (tab) => store.selectTab(tab) });
  root.replaceChildren(node);
  if (focused) node.querySelector('[aria-selected="true"]').focus();
}

function tabList({ label, names, chosen, choose }) {
  const keys = Object.keys(names);
  const onkeydown = ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) choose(keys[(keys.indexOf(chosen) + step + keys.length) % keys.length]);
  };
  const buttons = keys.map((key) => h("button", { type: "button", role: "tab", "aria-selected": String(key === chosen), "aria-controls": key,
    tabindex: key === chosen ? "0" : "-1", "data-testid": `tab-${key}`, onclick: () => choose(key) }, names[key]));
  return { node: h("div", { class: "tab-list", role: "tablist", "aria-label": label, onkeydown }, buttons) };
}
