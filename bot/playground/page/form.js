// The values of one view: collects them in Slack's shape, checks them as Slack's client does, shows errors beside fields.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const REQUIRED = "Please complete this required field.";

/**
 * @typedef {Record<string, Record<string, object>>} Values view.state.values: block id -> action id -> entry
 * @typedef {{control: import("./elements.js").Control, blockId: string, actionId: string, required: boolean,
 *   errorSlot?: HTMLElement}} Field errorSlot: only input blocks have one
 */
export class Form {
  /** @type {Field[]} */ #fields = [];

  /** @param {Values} retained what was typed before this rendering */
  constructor(retained = {}) {
    this.previous = retained;
  }

  /** The entry typed before for this input, if it is of the same type. */
  retained(blockId, { action_id: actionId, type }) {
    const entry = this.previous[blockId]?.[actionId];
    return entry?.type === type ? entry : undefined;
  }

  /** @param {Field} field */
  add(field) {
    this.#fields.push(field);
  }

  /** @returns {Values} */
  values() {
    const values = {};
    for (const { control, blockId, actionId } of this.#fields) {
      if (control.value) values[blockId] = { ...values[blockId], [actionId]: control.value() };
    }
    return values;
  }

  /** What Slack's client would not let through: block id -> sentence. */
  problems() {
    const problems = {};
    for (const { control, blockId, required, errorSlot } of this.#fields) {
      if (!errorSlot || !control.value) continue;
      const problem = control.wait?.() || (isEmpty(control.value()) ? required && REQUIRED : control.check?.());
      if (problem) problems[blockId] = problem;
    }
    return problems;
  }

  /**
   * Shows errors beside their fields and focuses the first.
   * @param {Record<string, string>} errors block id -> sentence
   * @returns {string[]} the sentences that belong to no field of this view
   */
  show(errors) {
    for (const { blockId } of this.#fields) this.clear(blockId);
    const placed = this.#fields.filter(({ blockId, errorSlot }) => errorSlot && errors[blockId]);
    for (const field of placed) showError(field, errors[field.blockId]);
    placed[0]?.control.focus?.();
    placed[0]?.errorSlot.scrollIntoView({ block: "nearest" });
    const known = new Set(placed.map(({ blockId }) => blockId));
    return Object.entries(errors).filter(([blockId]) => !known.has(blockId)).map(([, sentence]) => sentence);
  }

  /** Takes a field's error away, as soon as it is edited. */
  clear(blockId) {
    for (const field of this.#fields.filter((each) => each.blockId === blockId && each.errorSlot)) {
      field.errorSlot.replaceChildren();
      field.errorSlot.closest(".field")?.classList.remove("invalid");
      field.control.input?.removeAttribute("aria-invalid");
    }
  }

  /** Focuses the first input; false when there is none. */
  focusFirst() {
    const first = this.#fields.find(({ errorSlot, control }) => errorSlot && control.focus);
    first?.control.focus();
    return Boolean(first);
  }
}

function showError({ control, errorSlot }, sentence) {
  const words = [icon("warning", 15), h("span", {}, sentence)];
  errorSlot.replaceChildren(h("div", { class: "field-error", role: "alert", "data-testid": "field-error" }, words));
  errorSlot.closest(".field")?.classList.add("invalid");
  control.input?.setAttribute("aria-invalid", "true");
}

/** An entry of the state that holds nothing. */
function isEmpty(entry) {
  return Object.entries(entry).every(([name, value]) => name === "type" || value === null || (Array.isArray(value) && value.length === 0));
}
