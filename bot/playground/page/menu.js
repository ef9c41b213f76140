// Menus that open beside a button, and the dialog that asks for confirmation.

import { h, place, trapTab, uid } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";

let closeOpenMenu = null;

/**
 * Opens a menu beside its button; arrow keys move, Escape gives the focus back.
 * @param {HTMLElement} anchor
 * @param {{label: string, heading?: string, align?: "start"|"end",
 *   items: Array<{label: string, detail?: string, mark?: Node, choose: () => void, url?: string}>}} options
 */
export function openMenu(anchor, { label, heading, align = "start", items }) {
  const again = anchor.getAttribute("aria-expanded") === "true";
  closeOpenMenu?.();
  if (again) return;
  const buttons = items.map((item) => menuItem(item));
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label },
    heading && h("div", { class: "menu-heading" }, heading), buttons);
  if (items.length === 0) menu.append(h("div", { class: "menu-heading" }, "Nothing here"));
  const close = (giveFocusBack = false) => {
    menu.remove();
    closeOpenMenu = null;
    anchor.setAttribute("aria-expanded", "false");
    removeEventListener("pointerdown", outside, true);
    removeEventListener("resize", resized);
    if (giveFocusBack) anchor.focus();
  };
  const outside = ({ target }) => {
    if (!menu.contains(target) && !anchor.contains(target)) close();
  };
  const resized = () => requestAnimationFrame(() => place(menu, anchor, { align }));
  menu.addEventListener("keydown", (event) => menuKey(event, buttons, close));
  menu.addEventListener("click", ({ target }) => {
    const at = buttons.indexOf(target.closest('[role="menuitem"]'));
    if (at < 0) return;
    close(true);
    items[at].choose();
  });
  (anchor.closest('[role="dialog"]') ?? document.body).append(menu);
  addEventListener("pointerdown", outside, true);
  addEventListener("resize", resized);
  anchor.setAttribute("aria-expanded", "true");
  closeOpenMenu = close;
  place(menu, anchor, { align });
  buttons[0]?.focus({ preventScroll: true });
}

function menuItem({ label, detail, mark }) {
  return h("button", { type: "button", role: "menuitem", tabindex: "-1", class: "menu-item" },
    mark, h("span", { class: "menu-label" }, label), detail && h("span", { class: "menu-detail" }, detail));
}

function menuKey(event, buttons, close) {
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (to !== undefined) buttons.at(to % buttons.length)?.focus();
  else if (event.key === "Escape" || event.key === "Tab") close(true);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * Asks as a Block Kit confirm object says; true when the person agrees.
 * @param {{title: object, text: object, confirm: object, deny: object, style?: string}} confirm
 * @param {HTMLElement} host where the dialog goes (inside an open modal, or the body)
 * @returns {Promise<boolean>}
 */
export function askConfirm(confirm, store, host = document.body) {
  const before = document.activeElement;
  const titleId = uid("confirm");
  return new Promise((resolve) => {
    const finish = (answer) => {
      layer.remove();
      removeEventListener("keydown", onEscape, true);
      before?.focus?.();
      resolve(answer);
    };
    const style = confirm.style === "danger" ? "button danger filled" : "button primary";
    const yes = h("button", { type: "button", class: style, onclick: () => finish(true) }, plain(confirm.confirm) || "Yes");
    const no = h("button", { type: "button", class: "button", onclick: () => finish(false) }, plain(confirm.deny) || "Cancel");
    const dialog = h("div", { class: "confirm", role: "alertdialog", "aria-modal": "true", "aria-labelledby": titleId },
      h("h2", { id: titleId }, plain(confirm.title) || "Are you sure?"),
      h("div", { class: "confirm-text" }, textObject(confirm.text, store)),
      h("div", { class: "confirm-buttons" }, no, yes));
    const layer = h("div", { class: "confirm-layer" }, dialog);
    dialog.addEventListener("keydown", (event) => {
      trapTab(event, dialog);
      event.stopPropagation();
    });
    const onEscape = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      finish(false);
    };
    addEventListener("keydown", onEscape, true);
    host.append(layer);
    yes.focus();
  });
}
