// A select with type-ahead in Slack's look: one or several values, groups, local or remote options.
// Follows the ARIA combobox pattern: the focus stays in the input, aria-activedescendant names the active option.

import { h, place, uid } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN = 100;

/**
 * @typedef {{key: string, label: string, description?: string, mark?: () => Node, raw: unknown}} Option
 * @typedef {{label?: string, options: Option[]}} Group
 * @typedef {{
 *   id: string, label: string, describedBy?: string, placeholder: string, multiple: boolean, max?: number, clearable: boolean,
 *   selected: Option[], load: (query: string) => Group[] | Promise<Group[]>, delay: number, minQuery: number,
 *   changed: (selected: Option[]) => void,
 * }} Settings
 */
export class Combobox {
  #sequence = 0;
  #timer = 0;
  #active = -1;
  /** @type {Option[]} */ #shown = [];
  #list = null;
  #follow = () => this.#list && place(this.#list, this.node, { stretch: true });
  /** After the panes have found their width. */
  #resized = () => requestAnimationFrame(this.#follow);

  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.selected = [...settings.selected];
    this.listId = uid("listbox");
    this.input = this.#buildInput();
    this.chips = h("span", { class: "chips" });
    this.spinner = h("span", { class: "spinner small", hidden: true });
    this.clearButton = h("button", { type: "button", class: "combo-clear", tabindex: "-1", "aria-label": `Clear ${settings.label}`,
      onclick: () => this.#choose([]) }, icon("close", 14));
    this.node = h("div", { class: settings.multiple ? "combo combo-many" : "combo", onclick: (event) => this.#clicked(event) },
      this.chips, this.input, this.spinner, this.clearButton, icon("down", 16));
    this.#showSelected();
  }

  focus() {
    this.input.focus();
  }

  #buildInput() {
    const { id, describedBy } = this.settings;
    return h("input", {
      id, class: "combo-input", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.listId, "aria-describedby": describedBy,
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onblur: () => this.#left(),
    });
  }

  #clicked(event) {
    if (event.target.closest("button")) return;
    this.input.focus();
    if (!this.settings.multiple) this.input.select();
    if (!this.#list) this.#open("");
  }

  #typed() {
    this.#open(this.input.value, this.settings.delay);
  }

  #left() {
    this.#close();
    this.input.value = this.settings.multiple ? "" : (this.selected[0]?.label ?? "");
  }

  #open(query, delay = 0) {
    if (!this.#list) {
      const { label, multiple } = this.settings;
      this.#list = h("div", { class: "listbox", role: "listbox", id: this.listId, "aria-label": label,
        "aria-multiselectable": multiple ? "true" : null, onmousedown: (event) => event.preventDefault() });
      (this.node.closest('[role="dialog"]') ?? document.body).append(this.#list);
      this.input.setAttribute("aria-expanded", "true");
      addEventListener("scroll", this.#follow, true);
      addEventListener("resize", this.#resized);
    }
    clearTimeout(this.#timer);
    this.#sequence += 1;
    if (query.trim().length < this.settings.minQuery) return this.#say(`Type at least ${this.settings.minQuery} characters to search`);
    if (delay) this.#timer = setTimeout(() => this.#load(query), delay);
    else this.#load(query);
    return undefined;
  }

  /** Asks for options; an answer that a later question has overtaken is dropped. */
  async #load(query) {
    this.#sequence += 1;
    const mine = this.#sequence;
    const answer = this.settings.load(query.trim());
    if (answer instanceof Promise) {
      this.spinner.hidden = false;
      if (this.#shown.length === 0) this.#say("Loading…", h("span", { class: "spinner small" }));
    }
    try {
      const groups = await answer;
      if (mine === this.#sequence && this.#list) this.#fill(groups);
    } catch (error) {
      if (mine === this.#sequence && this.#list) this.#say(error.message);
    } finally {
      if (mine === this.#sequence) this.spinner.hidden = true;
    }
  }

  #say(text, mark = null) {
    this.#shown = [];
    this.#activate(-1);
    this.#list.replaceChildren(h("div", { class: "listbox-note" }, mark, text));
    this.#follow();
  }

  /** @param {Group[]} groups */
  #fill(groups) {
    const room = groups.flatMap(({ options }) => options).slice(0, SHOWN);
    if (room.length === 0) return this.#say("No result");
    this.#shown = room;
    this.#list.replaceChildren(...groups.map((group) => this.#groupNode(group)).filter(Boolean));
    const chosen = room.findIndex((option) => this.#isSelected(option));
    this.#activate(this.settings.multiple ? 0 : Math.max(0, chosen));
    this.#follow();
    return undefined;
  }

  #groupNode({ label, options }) {
    const nodes = options.filter((option) => this.#shown.includes(option)).map((option) => this.#optionNode(option));
    if (nodes.length === 0) return null;
    if (!label) return h("div", { role: "presentation" }, nodes);
    return h("div", { role: "group", "aria-label": label }, h("div", { class: "listbox-group", "aria-hidden": "true" }, label), nodes);
  }

  #optionNode(option) {
    const on = this.#isSelected(option);
    return h("div", { class: "option", role: "option", id: `${this.listId}-${this.#shown.indexOf(option)}`, "aria-selected": String(on),
      onclick: () => this.#pick(option) },
    option.mark?.(), h("span", { class: "option-text" }, h("span", { class: "option-label" }, option.label),
      option.description && h("span", { class: "option-description" }, option.description)), on && icon("check", 16));
  }

  #isSelected(option) {
    return this.selected.some(({ key }) => key === option.key);
  }

  #activate(index) {
    this.#active = index;
    this.#list?.querySelector(".option.active")?.classList.remove("active");
    const node = index >= 0 ? document.getElementById(`${this.listId}-${index}`) : null;
    if (node) {
      node.classList.add("active");
      node.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", node.id);
    } else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const handled = this.#list ? this.#keyWhileOpen(event) : this.#keyWhileClosed(event);
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #keyWhileClosed({ key }) {
    if (key === "ArrowDown" || key === "ArrowUp" || (key === "Enter" && !this.settings.multiple)) this.#open("");
    else if (key === "Backspace") return this.#removeLast();
    else return false;
    return true;
  }

  #keyWhileOpen({ key }) {
    const count = this.#shown.length;
    const to = { ArrowDown: (this.#active + 1) % count, ArrowUp: (this.#active - 1 + count) % count }[key];
    if (to !== undefined) {
      if (count) this.#activate(to);
    } else if (key === "Enter") {
      if (this.#active >= 0) this.#pick(this.#shown[this.#active]);
    } else if (key === "Escape") this.#left();
    else if (key === "Backspace") return this.#removeLast();
    else return false;
    return true;
  }

  #removeLast() {
    if (!this.settings.multiple || this.input.value || this.selected.length === 0) return false;
    this.#choose(this.selected.slice(0, -1));
    return true;
  }

  #pick(option) {
    if (!this.settings.multiple) return this.#choose([option]);
    if (this.#isSelected(option)) return this.#choose(this.selected.filter(({ key }) => key !== option.key));
    if (this.settings.max && this.selected.length >= this.settings.max) return this.#say(`Choose at most ${this.settings.max}`);
    return this.#choose([...this.selected, option]);
  }

  #choose(selected) {
    this.selected = selected;
    this.#close();
    this.#showSelected();
    this.input.focus();
    this.settings.changed(selected);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#sequence += 1;
    this.#shown = [];
    this.spinner.hidden = true;
    this.#list?.remove();
    this.#list = null;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    removeEventListener("scroll", this.#follow, true);
    removeEventListener("resize", this.#resized);
  }

  #showSelected() {
    const { multiple, placeholder, clearable } = this.settings;
    this.input.value = multiple ? "" : (this.selected[0]?.label ?? "");
    this.input.placeholder = this.selected.length ? "" : placeholder;
    this.clearButton.hidden = multiple || !clearable || this.selected.length === 0;
    if (multiple) this.chips.replaceChildren(...this.selected.map((option) => this.#chip(option)));
  }

  #chip(option) {
    const remove = () => this.#choose(this.selected.filter(({ key }) => key !== option.key));
    return h("span", { class: "chip" }, option.mark?.(), h("span", { class: "chip-label" }, option.label),
      h("button", { type: "button", "aria-label": `Remove ${option.label}`, onclick: remove }, icon("close", 12)));
  }
}
