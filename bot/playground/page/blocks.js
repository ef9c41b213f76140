// Block Kit blocks as DOM nodes, for messages and modals alike. What it does not know becomes a grey box, never an error.

import { h, link, safeUrl, uid } from "./dom.js";
import { createControl, isElement } from "./elements.js";
import { askConfirm } from "./menu.js";
import { drawn, plain, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/**
 * Where blocks are drawn.
 * @typedef {{
 *   store: import("./state.js").Store,
 *   form: import("./form.js").Form | null,
 *   act: (body: {block_id: string, action_id: string, action: object}) => Promise<unknown>,
 *   loadOptions: (body: {block_id: string, action_id: string, query: string}) => Promise<object>,
 *   heading?: "h2" | "h3",
 *   upload?: (file: File) => Promise<{file?: object, error?: string}>,
 * }} Surface heading: what a header block is, below the headings around it; form is null in messages: their elements only act
 */

const RENDERERS = {
  section, header, divider: () => h("hr", {}), context, actions, image, input,
  rich_text: (block, { store }) => richText(block, store),
  markdown: (block, { store }) => h("div", { class: "section" }, textObject({ type: "mrkdwn", text: block.text ?? "" }, store)),
};

/**
 * @param {object[]} blocks
 * @param {Surface} surface
 * @returns {HTMLElement[]}
 */
export function renderBlocks(blocks, surface) {
  return blocks.map((block, index) => {
    const known = { ...block, block_id: block.block_id ?? `block-${index}` };
    try {
      return h("div", { class: `block block-${block.type}` }, (RENDERERS[block.type] ?? unsupported)(known, surface));
    } catch (error) {
      console.error("A block could not be drawn", block, error);
      return h("div", { class: "block" }, unsupported(known));
    }
  });
}

function unsupported({ type }) {
  return h("div", { class: "unsupported" }, `Unsupported block "${type}"`);
}

function section(block, surface) {
  const { store } = surface;
  const text = block.text && h("div", { class: "section-text" }, textObject(block.text, store));
  const fields = block.fields && h("div", { class: "section-fields" }, block.fields.map((field) => h("div", {}, textObject(field, store))));
  const accessory = block.accessory && h("div", { class: "accessory" }, accessoryNode(block, surface));
  return h("div", { class: "section", "data-testid": block.accessory && surface.form ? `field-${block.block_id}` : null },
    h("div", { class: "section-main" }, text, fields), accessory);
}

function accessoryNode(block, surface) {
  const element = block.accessory;
  if (element.type === "image") return imageNode(element, "accessory-image");
  return elementNode(element, block, surface, plain(block.text).replace(/[*_~`]/g, ""));
}

function header(block, { heading = "h3" }) {
  return h(heading, { class: "block-heading" }, drawn(block.text));
}

function context(block, { store }) {
  return h("div", { class: "context" }, (block.elements ?? []).map((element) =>
    element.type === "image" ? imageNode(element, "context-image") : h("span", {}, textObject(element, store))));
}

function actions(block, surface) {
  return h("div", { class: "actions", "data-testid": surface.form ? `field-${block.block_id}` : null },
    (block.elements ?? []).map((element) => elementNode(element, block, surface, plain(element.placeholder) || "Choose")));
}

function image(block) {
  return h("figure", {}, block.title && h("figcaption", {}, drawn(block.title)), imageNode(block, "block-image"));
}

/** Images from elsewhere are not loaded (the page stays on this machine): their description stands for them. */
function imageNode({ image_url: url = "", alt_text: alt = "" }, className) {
  const here = safeUrl(url) && (url.startsWith("data:image/") || new URL(url, location.href).origin === location.origin);
  return here ? h("img", { class: className, src: url, alt }) : h("span", { class: `${className} image-note` }, link(url, alt || "image"));
}

function elementNode(element, block, surface, label) {
  if (!isElement(element.type)) return h("div", { class: "unsupported" }, `Unsupported element "${element.type}"`);
  return buildControl(element, block, surface, { label }).node;
}

/** Draws an element and, in a view, enters it into the form. */
function buildControl(element, block, surface, { label, labelledBy, describedBy, errorSlot, id = uid("element") }) {
  const { store, form } = surface;
  const place = { block_id: block.block_id, action_id: element.action_id };
  const required = block.type === "input" && !block.optional;
  const env = {
    id, label, labelledBy, describedBy, store,
    clearable: !required,
    retained: form?.retained(block.block_id, element),
    loadOptions: (query) => surface.loadOptions({ ...place, query }),
    upload: surface.upload,
    asks: asksFirst(block, element) ? (node) => agreed(element, surface, node) : null,
    act: (action, node, confirmed) => act(element, { ...place, action }, surface, node, confirmed),
    changed: (trigger) => {
      form?.clear(block.block_id);
      const tells = dispatches(trigger, block, element);
      if (tells) act(element, { ...place, action: control.value() }, surface, control.node);
      return tells;
    },
  };
  const control = createControl(element, env);
  control.node.dataset.focusKey = `${block.block_id}/${element.action_id}`;
  if (control.input && !labelledBy) control.input.setAttribute("aria-label", label);
  form?.add({ control, blockId: block.block_id, actionId: element.action_id, required, errorSlot });
  return control;
}

/** Whether Slack tells the app at once: always outside input blocks, inside them only with dispatch_action. */
function dispatches(trigger, block, element) {
  if (block.type !== "input") return trigger === "select";
  if (!block.dispatch_action) return false;
  const on = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  return trigger === "select" || on.includes(trigger === "enter" ? "on_enter_pressed" : "on_character_entered");
}

/** Whether a change asks for assent although the app hears nothing of it. */
const asksFirst = (block, element) => Boolean(element.confirm) && block.type === "input" && !block.dispatch_action;

/** The person's answer to the element's confirm object; true without one. */
async function agreed(element, surface, node) {
  const host = node.closest('[role="dialog"]') ?? document.body;
  return !element.confirm || askConfirm(element.confirm, surface.store, host);
}

async function act(element, body, surface, node, confirmed = () => {}) {
  if (!(await agreed(element, surface, node))) return;
  confirmed();
  node.classList.add("busy");
  await surface.act(body);
  node.classList.remove("busy");
}

const GROUPS = ["checkboxes", "radio_buttons"];

function input(block, surface) {
  const { element } = block;
  const [id, labelId, helpId] = [uid("field"), uid("label"), uid("help")];
  const words = [drawn(block.label), block.optional && h("span", { class: "optional" }, " (optional)")];
  const group = GROUPS.includes(element.type);
  const label = group ? h("div", { class: "label", id: labelId }, words) : h("label", { class: "label", id: labelId, for: id }, words);
  const hint = block.hint && h("div", { class: "hint" }, textObject(block.hint, surface.store));
  const errorSlot = h("div", {});
  const body = isElement(element.type)
    ? buildControl(element, block, surface, { id, label: plain(block.label), labelledBy: labelId, describedBy: helpId, errorSlot }).node
    : h("div", { class: "unsupported" }, `Unsupported element "${element.type}"`);
  return h("div", { class: "field", "data-testid": `field-${block.block_id}` }, label, body, h("div", { id: helpId }, errorSlot, hint));
}
