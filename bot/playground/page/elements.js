// Block Kit's interactive elements other than selects: text, dates, numbers, choices, buttons, overflow.

import { h, safeUrl } from "./dom.js";
import { fileInput } from "./files.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { drawn, plain, textObject } from "./mrkdwn.js";
import { SELECT_TYPES, selectControl } from "./selects.js";

/**
 * What an element is told about where it stands.
 * @typedef {{
 *   id: string, label: string, labelledBy?: string, describedBy?: string, clearable: boolean,
 *   asks: ((node: HTMLElement) => Promise<boolean>) | null, retained?: Record<string, unknown>,
 *   store: import("./state.js").Store, changed: (trigger: "input"|"enter"|"select") => boolean,
 *   act: (action: object, node: HTMLElement, confirmed?: () => void) => void, loadOptions: (query: string) => Promise<object>,
 *   upload: (file: File) => Promise<{file?: object, error?: string}>,
 * }} Environment
 * `asks`, where it is given, gets the person's assent to a change. `changed` says whether the app was told at once. `act`
 * asks first where the element says so, and calls `confirmed` then.
 * What an element gives back: `value()` is its entry in view.state.values (absent for buttons), `check()` a sentence
 * when what was typed cannot be right, `wait()` one while the value is not there yet.
 * @typedef {{node: HTMLElement, value?: () => object, focus?: () => void, input?: HTMLElement, check?: () => string,
 *   wait?: () => string}} Control
 */

const BUILDERS = {
  plain_text_input: textInput,
  number_input: numberInput,
  email_text_input: (element, env) => lineInput(element, env, { type: "email", check: emailProblem }),
  url_text_input: (element, env) => lineInput(element, env, { type: "url", check: urlProblem }),
  datepicker: (element, env) => nativePicker(element, env, { type: "date", initial: "initial_date", state: "selected_date" }),
  timepicker: (element, env) => nativePicker(element, env, { type: "time", initial: "initial_time", state: "selected_time" }),
  datetimepicker: dateTimePicker,
  checkboxes: (element, env) => choices(element, env, true),
  radio_buttons: (element, env) => choices(element, env, false),
  file_input: fileInput,
  button,
  workflow_button: button,
  overflow,
  ...Object.fromEntries(SELECT_TYPES.map((type) => [type, selectControl])),
};

/** True when the page can draw this element. */
export function isElement(type) {
  return Object.hasOwn(BUILDERS, type);
}

/**
 * @param {object} element Block Kit
 * @param {Environment} env
 * @returns {Control}
 */
export function createControl(element, env) {
  return BUILDERS[element.type](element, env);
}

function start(element, env, initial, state) {
  return env.retained ? env.retained[state] : element[initial];
}

function textInput(element, env) {
  const max = element.max_length ?? 3000;
  const counter = h("span", { class: "counter", "aria-live": "polite", hidden: true });
  const count = () => {
    const left = max - control.input.value.length;
    counter.hidden = left > Math.max(20, Math.min(100, max * 0.1));
    counter.textContent = String(left);
    counter.classList.toggle("over", left < 0);
    counter.setAttribute("aria-label", left < 0 ? `${-left} characters too many` : `${left} characters left`);
  };
  const check = ({ length }) => {
    if (length > max) return `Please shorten this to ${max} characters or fewer.`;
    if (length < (element.min_length ?? 0)) return `Please use at least ${element.min_length} characters.`;
    return "";
  };
  const control = element.multiline
    ? lineInput(element, env, { tag: "textarea", rows: "5", check, typed: count })
    : lineInput(element, env, { type: "text", check, typed: count });
  count();
  return { ...control, node: h("div", { class: "text-field" }, control.node, counter) };
}

/** A native input or textarea whose value is its text; `check` gets the text when there is any. */
function lineInput(element, env, { tag = "input", type, rows, check, typed = () => {}, inputmode }) {
  const value = () => ({ type: element.type, value: input.value === "" ? null : input.value });
  const input = h(tag, {
    id: env.id, class: "text-input", type, rows, inputmode, autocomplete: "off", placeholder: plain(element.placeholder),
    "aria-describedby": env.describedBy, value: start(element, env, "initial_value", "value") ?? "",
    oninput: () => { typed(); env.changed("input"); },
    onkeydown: (event) => {
      const enter = event.key === "Enter" && tag === "input" && !event.isComposing;
      if (enter && env.changed("enter")) event.preventDefault();
    },
  });
  return { node: input, input, value, focus: () => input.focus(), check: () => (input.value === "" ? "" : check(input.value)) };
}

function numberInput(element, env) {
  const check = (text) => {
    const number = Number(text);
    if (text.trim() === "" || Number.isNaN(number)) return "Please enter a number.";
    if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Please enter a whole number.";
    if (element.min_value !== undefined && number < Number(element.min_value)) return `Please enter ${element.min_value} or more.`;
    if (element.max_value !== undefined && number > Number(element.max_value)) return `Please enter ${element.max_value} or less.`;
    return "";
  };
  return lineInput(element, env, { type: "text", inputmode: element.is_decimal_allowed ? "decimal" : "numeric", check });
}

function emailProblem(text) {
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) ? "" : "Please enter a valid email address.";
}

function urlProblem(text) {
  return /^https?:\/\//i.test(text) && safeUrl(text) ? "" : "Please enter a valid URL, beginning with https:// or http://.";
}

function nativePicker(element, env, { type, initial, state }) {
  const input = h("input", { id: env.id, class: "text-input picker", type, value: start(element, env, initial, state) ?? "",
    "aria-describedby": env.describedBy, onchange: () => env.changed("select") });
  const value = () => ({ type: element.type, [state]: input.value || null });
  return { node: input, input, value, focus: () => input.focus() };
}

/** The browser's local date and time, as epoch seconds. */
function dateTimePicker(element, env) {
  const seconds = start(element, env, "initial_date_time", "selected_date_time");
  const input = h("input", { id: env.id, class: "text-input picker", type: "datetime-local", value: localDateTime(seconds),
    "aria-describedby": env.describedBy, onchange: () => env.changed("select") });
  const value = () => ({
    type: element.type,
    selected_date_time: input.value ? Math.floor(new Date(input.value).getTime() / 1000) : null,
  });
  return { node: input, input, value, focus: () => input.focus() };
}

function localDateTime(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const when = new Date(seconds * 1000);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Checkboxes (several) or radio buttons (one). */
function choices(element, env, several) {
  const [initial, state] = several ? ["initial_options", "selected_options"] : ["initial_option", "selected_option"];
  const chosen = [start(element, env, initial, state) ?? []].flat().map((option) => option.value);
  const inputs = (element.options ?? []).map((option, index) =>
    h("input", { id: `${env.id}-${index}`, type: several ? "checkbox" : "radio", name: env.id, checked: chosen.includes(option.value),
      onchange: (event) => choose(event.target, env) }));
  const rows = (element.options ?? []).map((option, index) =>
    h("label", { class: "choice" }, inputs[index], h("span", {}, h("span", { class: "choice-label" }, textObject(option.text, env.store)),
      option.description && h("span", { class: "choice-description" }, textObject(option.description, env.store)))));
  const value = () => {
    const picked = element.options.filter((_, index) => inputs[index].checked);
    return { type: element.type, [state]: several ? picked : (picked[0] ?? null) };
  };
  const group = h("div", { class: "choices", role: several ? "group" : "radiogroup", "aria-labelledby": env.labelledBy,
    "aria-label": env.labelledBy ? null : env.label, "aria-describedby": env.describedBy }, rows);
  return { node: group, value, focus: () => inputs[0]?.focus(), input: group };
}

/** Of checkboxes that ask first, one stays as it was when the person does not agree. */
async function choose(input, env) {
  if (env.asks && !(await env.asks(input))) input.checked = !input.checked;
  else env.changed("select");
}

function button(element, env) {
  const style = { primary: "button primary", danger: "button danger" }[element.style] ?? "button";
  const label = element.accessibility_label ? { "aria-label": element.accessibility_label } : {};
  const content = h("span", { class: "button-label" }, drawn(element.text));
  const action = { type: element.type, text: element.text, ...(element.value === undefined ? {} : { value: element.value }) };
  const href = element.url && safeUrl(element.url);
  if (href && !element.confirm) {
    const anchor = h("a", { id: env.id, class: style, href, target: "_blank", rel: "noopener noreferrer", ...label,
      onclick: () => env.act(action, anchor) }, content, icon("external", 14));
    return { node: anchor };
  }
  const press = () => env.act(action, node, () => href && open(href, "_blank", "noopener,noreferrer"));
  const node = h("button", { id: env.id, type: "button", class: style, ...label, onclick: press }, content, href && icon("external", 14));
  return { node };
}

function overflow(element, env) {
  const items = (element.options ?? []).map((option) => ({
    label: plain(option.text),
    detail: plain(option.description),
    choose: () => {
      if (option.url && safeUrl(option.url)) open(option.url, "_blank", "noopener,noreferrer");
      env.act({ type: "overflow", selected_option: option }, node);
    },
  }));
  const node = h("button", { id: env.id, type: "button", class: "button square", "aria-label": "More options", "aria-haspopup": "menu",
    "aria-expanded": "false", onclick: () => openMenu(node, { label: "More options", items }) }, icon("dots", 16));
  return { node };
}
