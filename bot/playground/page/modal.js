// The open modal: the top of the acting person's stack of views. What was typed survives every re-rendering.

import { renderBlocks } from "./blocks.js";
import { h, trapTab, uid } from "./dom.js";
import { Form } from "./form.js";
import { appAvatar, icon } from "./icons.js";
import { drawn, plain } from "./mrkdwn.js";
import { keepPlace } from "./place.js";

/**
 * @param {HTMLElement} layer covers the Slack window while a modal is open
 * @param {HTMLElement[]} behind made inert meanwhile; the playground's own strip stays usable
 * @param {import("./state.js").Store} store
 * @param {ReturnType<typeof import("./actions.js").createActions>} actions
 */
export function mountModal(layer, behind, store, actions) {
  /** @type {Modal | null} */ let open = null;
  let before = null;
  const typed = new Map();

  function show() {
    const view = store.views.at(-1);
    if (open) typed.set(open.view.id, open.form.values());
    if (!view) return hide();
    if (open && open.user === store.user && open.view.id === view.id) return open.update(view);
    before ??= document.activeElement;
    open = new Modal(view, store, actions, typed);
    layer.hidden = false;
    for (const node of behind) node.inert = true;
    layer.replaceChildren(open.node);
    open.focusFirst();
    return undefined;
  }

  function hide() {
    if (!open) return;
    open = null;
    typed.clear();
    layer.hidden = true;
    for (const node of behind) node.inert = false;
    layer.replaceChildren();
    (before?.isConnected ? before : document.querySelector(".composer textarea"))?.focus();
    before = null;
  }

  store.on(["all", "views", "selection"], show);
}

class Modal {
  constructor(view, store, actions, typed) {
    Object.assign(this, { store, actions, typed, user: store.user, busy: false });
    this.node = h("div", { class: "modal", role: "dialog", "aria-modal": "true", "data-testid": "modal", tabindex: "-1",
      onkeydown: (event) => this.#key(event) });
    this.node.addEventListener("keydown", (event) => this.#shortcut(event), true);
    this.#render(view, typed.get(view.id) ?? view.state?.values ?? {});
  }

  focusFirst() {
    if (!this.form.focusFirst()) (this.submitButton ?? this.closeButton ?? this.node).focus();
  }

  /** Takes the same view in a newer version; draws it again only when what is seen has changed. */
  update(view) {
    const seen = ({ title, submit, close, blocks }) => JSON.stringify([title, submit, close, blocks]);
    if (seen(view) === seen(this.view)) {
      this.view = view;
      return;
    }
    const focus = this.#focus();
    const before = new Set(this.#holders().map((holder) => holder.dataset.focusKey));
    const scroll = this.body.scrollTop;
    this.#render(view, this.form.values());
    this.body.scrollTop = scroll;
    this.#restoreFocus(focus, before);
  }

  #render(view, values) {
    this.view = view;
    this.form = new Form(values);
    const titleId = uid("modal-title");
    this.banner = h("div", { class: "modal-banner", role: "alert", hidden: true });
    this.body = h("div", { class: "modal-body" }, this.banner, renderBlocks(view.blocks ?? [], this.#surface()));
    keepPlace(this.body, ".block");
    this.node.setAttribute("aria-labelledby", titleId);
    this.node.replaceChildren(
      h("div", { class: "modal-header" }, appAvatar("modal-avatar"), h("h2", { id: titleId }, drawn(view.title)),
        h("button", { type: "button", class: "icon-button", "aria-label": "Close dialog", "data-testid": "modal-close",
          onclick: () => this.#close() }, icon("close", 20))),
      this.body, this.#footer(view));
  }

  #footer(view) {
    this.submitButton = view.submit && h("button", { type: "button", class: "button primary big", "data-testid": "modal-submit",
      onclick: () => this.#submit() }, h("span", { class: "button-label" }, drawn(view.submit)));
    this.closeButton = h("button", { type: "button", class: "button big", onclick: () => this.#close() },
      plain(view.close) || (view.submit ? "Cancel" : "Close"));
    this.#showBusy();
    return h("div", { class: "modal-footer" }, this.closeButton, this.submitButton);
  }

  #surface() {
    const { store, actions } = this;
    return {
      store,
      form: this.form,
      act: async (body) => {
        const answer = await actions.viewAct(this.view.id, { ...body, values: this.form.values() });
        if (answer.ok === false) this.#complain(answer.error);
      },
      loadOptions: (body) => actions.options({ view_id: this.view.id }, body),
      upload: actions.upload,
    };
  }

  async #submit() {
    if (this.busy || !this.submitButton) return;
    this.#complain("");
    const problems = this.form.problems();
    this.form.show(problems);
    if (Object.keys(problems).length) return;
    const { form } = this;
    this.#setBusy(true);
    const answer = await this.actions.submit(this.view.id, form.values());
    this.#setBusy(false);
    if (answer.errors) this.#complain(this.form.show(answer.errors).join(" "));
    else if (answer.ok === false) this.#complain(answer.error || "We had some trouble connecting. Try again?");
  }

  #setBusy(busy) {
    this.busy = busy;
    this.#showBusy();
  }

  #showBusy() {
    if (!this.submitButton) return;
    this.submitButton.classList.toggle("busy", this.busy);
    this.submitButton.setAttribute("aria-busy", String(this.busy));
    this.submitButton.setAttribute("aria-disabled", String(this.busy));
  }

  #complain(text) {
    this.banner.hidden = !text;
    this.banner.replaceChildren(...(text ? [icon("warning", 18), h("span", {}, text)] : []));
    if (text) this.banner.scrollIntoView({ block: "nearest" });
  }

  #close() {
    const { id } = this.view;
    this.typed.delete(id);
    this.actions.close(id);
    this.store.forgetView(id);
  }

  /** Ctrl+Enter submits from every field: it is heard before the field, which may take Enter for itself. */
  #shortcut(event) {
    const { key, ctrlKey, metaKey, isComposing, target } = event;
    if (key !== "Enter" || !(ctrlKey || metaKey) || isComposing || target.closest(".confirm, .menu")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) this.#submit();
  }

  #key(event) {
    trapTab(event, this.node);
    if (event.key === "Escape") {
      event.preventDefault();
      this.#close();
    }
    if (event.key !== "Enter" || event.defaultPrevented || event.isComposing) return;
    if (event.target.matches("input.text-input")) this.#submit();
  }

  /** Where the focus is, in terms that outlive the nodes. */
  #focus() {
    const node = document.activeElement;
    const holder = node?.closest?.("[data-focus-key]");
    if (!holder || !this.node.contains(holder)) return { inside: this.node.contains(node) };
    const parts = [...holder.querySelectorAll("input, textarea, button")];
    return { inside: true, key: holder.dataset.focusKey, at: parts.indexOf(node), selection: selectionOf(node) };
  }

  #holders() {
    return [...this.node.querySelectorAll("[data-focus-key]")];
  }

  /** Focuses what had the focus; where that has gone (a button that brought fields), the first that is new. */
  #restoreFocus({ inside, key, at = -1, selection }, before) {
    if (!inside) return;
    const holders = this.#holders();
    const holder = holders.find((each) => each.dataset.focusKey === key);
    const node = holder && (holder.querySelectorAll("input, textarea, button")[at] ?? holder);
    const fresh = holders.find((each) => !before.has(each.dataset.focusKey));
    const target = node ?? fresh?.querySelector("input, textarea, button") ?? fresh;
    if (!target) return this.focusFirst();
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
    if (selection) node?.setSelectionRange(...selection);
    return undefined;
  }
}

function selectionOf(node) {
  const text = node.matches("textarea, input[type=text], input[type=url]");
  return text && node.selectionStart !== null ? [node.selectionStart, node.selectionEnd] : null;
}
