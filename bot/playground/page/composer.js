// The message box: ordinary messages, slash commands with completion, and the menu of global shortcuts.

import { h, uid } from "./dom.js";
import { appAvatar, icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { channelName } from "./sidebar.js";

/**
 * @param {import("./state.js").Store} store
 * @param {ReturnType<typeof import("./actions.js").createActions>} actions
 */
export function mountComposer(root, store, actions) {
  const composer = new Composer(store, actions);
  root.append(composer.popup, composer.node);
  store.on(["all", "selection"], () => composer.relabel());
}

class Composer {
  #matches = [];
  #active = 0;
  #dismissed = false;
  /** Drafts by person and channel, as Slack keeps them. */
  #drafts = new Map();
  #place = "";

  constructor(store, actions) {
    Object.assign(this, { store, actions, listId: uid("commands") });
    const keepFocus = (event) => event.preventDefault();
    this.input = h("textarea", {
      rows: "1", "data-testid": "composer", "aria-haspopup": "listbox", "aria-controls": this.listId, "aria-autocomplete": "list", oninput: () => this.#typed(), onkeydown: (event) => this.#key(event),
      onblur: () => this.#hidePopup(),
    });
    this.hint = h("span", { class: "usage-hint", "aria-hidden": "true" });
    this.popup = h("div", { class: "command-popup", role: "listbox", id: this.listId, "aria-label": "Slash commands",
      hidden: true, onmousedown: keepFocus });
    this.#buildTools(keepFocus);
    this.node = h("div", { class: "composer-box", onmousedown: (event) => this.#pressed(event) }, h("div", { class: "composer-text" }, this.hint, this.input),
      h("div", { class: "composer-tools" }, this.shortcutButton, this.slashButton, h("span", { class: "grow" }), this.sendButton));
  }

  #buildTools(keepFocus) {
    this.shortcutButton = h("button", { type: "button", class: "icon-button round", "aria-label": "Shortcuts", title: "Shortcuts",
      "aria-haspopup": "menu", "aria-expanded": "false", "data-testid": "shortcut-menu", onclick: () => this.#openShortcuts() },
    icon("bolt", 17));
    this.slashButton = h("button", { type: "button", class: "icon-button round slash", "aria-label": "Slash commands",
      title: "Slash commands", onmousedown: keepFocus, onclick: () => this.#slash() }, "/");
    this.sendButton = h("button", { type: "button", class: "send-button", "aria-label": "Send now", "data-testid": "send",
      disabled: true, onclick: () => this.#send() }, icon("send", 17));
  }

  /** Wherever the box is clicked beside its buttons, one can type. */
  #pressed(event) {
    if (event.button !== 0 || event.target.closest("button, textarea")) return;
    event.preventDefault();
    this.input.focus();
  }

  /** Follows the channel and the person: the placeholder, and the draft begun there. */
  relabel() {
    const channel = this.store.currentChannel;
    if (!channel) return;
    const name = channelName(channel, this.store);
    const label = `Message ${channel.is_im ? name : `#${name}`}`;
    this.input.setAttribute("aria-label", label);
    this.input.placeholder = label;
    const place = `${this.store.user}/${channel.id}`;
    if (place === this.#place) return;
    this.#drafts.set(this.#place, this.input.value);
    this.#place = place;
    this.#write(this.#drafts.get(place) ?? "");
    if (!document.activeElement || document.activeElement === document.body) this.input.focus();
  }

  #write(text) {
    this.input.value = text;
    this.#typed();
  }

  #typed() {
    this.#dismissed = false;
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 220)}px`;
    const text = this.input.value;
    this.sendButton.disabled = !text.trim();
    const command = this.store.data.commands.find((each) => text === `${each.command} `);
    this.hint.textContent = command?.usage_hint ?? "";
    this.hint.dataset.before = command ? text : "";
    const prefix = /^\/\S*$/.exec(text)?.[0].toLowerCase();
    this.#matches = prefix ? this.store.data.commands.filter((each) => each.command.toLowerCase().startsWith(prefix)) : [];
    this.#active = 0;
    this.#showPopup();
  }

  #showPopup() {
    const open = this.#matches.length > 0 && !this.#dismissed && document.activeElement === this.input;
    this.popup.hidden = !open;
    if (!open) return this.input.removeAttribute("aria-activedescendant");
    this.popup.replaceChildren(
      h("div", { class: "command-heading", role: "presentation" }, appAvatar("small"), this.store.data.app.name),
      ...this.#matches.map((command, index) => this.#option(command, index)));
    this.popup.querySelector(".active")?.scrollIntoView({ block: "nearest" });
    return this.input.setAttribute("aria-activedescendant", `${this.listId}-${this.#active}`);
  }

  #option({ command, description, usage_hint: usage }, index) {
    const active = index === this.#active;
    return h("div", { class: `command${active ? " active" : ""}`, role: "option", id: `${this.listId}-${index}`,
      "aria-selected": String(active), onclick: () => this.#complete(index) },
    h("span", { class: "command-name" }, command, usage && h("span", { class: "command-usage" }, ` ${usage}`)),
    h("span", { class: "command-description" }, description ?? ""));
  }

  #hidePopup() {
    this.#dismissed = true;
    this.#showPopup();
  }

  #complete(index) {
    this.#write(`${this.#matches[index].command} `);
    this.input.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    const popup = !this.popup.hidden;
    const handled = (popup && this.#keyInPopup(event)) || this.#keyInText(event);
    if (handled) event.preventDefault();
  }

  #keyInPopup({ key, shiftKey }) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) {
      this.#active = (this.#active + step + this.#matches.length) % this.#matches.length;
      this.#showPopup();
    } else if (key === "Escape") this.#hidePopup();
    else if (key === "Tab" && !shiftKey) this.#complete(this.#active);
    else if (key === "Enter" && this.#matches[this.#active].command !== this.input.value) this.#complete(this.#active);
    else return false;
    return true;
  }

  #keyInText({ key, shiftKey }) {
    if (key !== "Enter" || shiftKey) return false;
    this.#send();
    return true;
  }

  #send() {
    const text = this.input.value.trim();
    if (!text) return;
    this.#write("");
    this.input.focus();
    this.actions.send(text);
  }

  #slash() {
    this.input.focus();
    if (!this.input.value) this.#write("/");
  }

  #openShortcuts() {
    const shortcuts = this.store.data.shortcuts.filter(({ type }) => type === "global");
    openMenu(this.shortcutButton, {
      label: "Shortcuts", heading: "Shortcuts",
      items: shortcuts.map(({ name, description, callback_id }) => ({
        label: name, detail: description, mark: appAvatar("small"), choose: () => this.actions.globalShortcut(callback_id),
      })),
    });
  }
}
