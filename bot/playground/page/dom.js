// Small helpers for building DOM nodes. Text always becomes text nodes: nothing here parses HTML.

let counter = 0;

/** A new id, unique in this page. */
export function uid(prefix = "id") {
  counter += 1;
  return `${prefix}-${counter}`;
}

/**
 * Builds an element: `h("button", {class: "x", type: "button", onclick: run}, "Run")`.
 * Properties that are null, undefined or false are left out; write "false" for an ARIA state that is off.
 * @param {string} tag
 * @param {Record<string, unknown>} [props]
 * @param {...(Node|string|number|null|undefined|false|Array<unknown>)} children
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(node, name, value);
  node.append(...present(children));
  return node;
}

/** Flattens children and drops those that are not there. */
export function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function setProp(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "class") node.className = value;
  else if (name === "value") node.value = value;
  else node.setAttribute(name, value === true ? "" : String(value));
}

/** The URL if a page may link to it, else null: `javascript:` and the like never become links. */
export function safeUrl(url) {
  try {
    return ["http:", "https:", "mailto:"].includes(new URL(url, location.href).protocol) ? url : null;
  } catch {
    return null;
  }
}

/** A link that opens a new tab, or plain text where the URL is not one a page may link to. */
export function link(url, label, className = "link") {
  const href = safeUrl(url);
  if (!href) return h("span", {}, label);
  return h("a", { class: className, href, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** A vendor's initial on its colour; a style attribute would be against the page's content policy. */
export function vendorMark({ label, color }, size, props = {}) {
  const node = h("span", { class: `vendor-mark ${size}`, ...props }, label.slice(0, 1));
  if (color) node.style.background = color;
  return node;
}

const FOCUSABLE = "a[href], button, input, textarea, select, summary, [tabindex]";

/** What Tab reaches inside a container, in order. */
export function focusable(container) {
  return [...container.querySelectorAll(FOCUSABLE)].filter(
    (node) => !node.disabled && node.tabIndex >= 0 && node.getClientRects().length > 0,
  );
}

/** Keeps Tab inside the container; call it from a keydown listener. */
export function trapTab(event, container) {
  if (event.key !== "Tab") return;
  const nodes = focusable(container);
  if (nodes.length === 0) return;
  const edge = event.shiftKey ? nodes[0] : nodes.at(-1);
  const outside = !container.contains(document.activeElement) || document.activeElement === container;
  if (document.activeElement !== edge && !outside) return;
  event.preventDefault();
  (event.shiftKey ? nodes.at(-1) : nodes[0]).focus();
}

/**
 * A group of buttons of which one is chosen, with the arrow keys of a native radio group.
 * @param {{label: string, className: string, choices: Array<{key: string, testid: string, content: unknown, title?: string}>,
 *   chosen: string, choose: (key: string) => void}} options
 * @returns {{node: HTMLElement, show: (key: string) => void}}
 */
export function radioGroup({ label, className, choices, chosen, choose }) {
  const buttons = choices.map(({ key, testid, content, title }) =>
    h("button", { type: "button", role: "radio", "data-key": key, "data-testid": testid, title, onclick: () => choose(key) }, content),
  );
  const show = (key) => {
    for (const button of buttons) {
      const on = button.dataset.key === key;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
    }
  };
  const onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  };
  show(chosen);
  return { node: h("div", { class: className, role: "radiogroup", "aria-label": label, onkeydown }, buttons), show };
}

/**
 * Puts a floating node beside its anchor, below it if there is room and above it otherwise.
 * @param {HTMLElement} node must be `position: fixed`
 * @param {HTMLElement} anchor
 * @param {{align?: "start"|"end", stretch?: boolean}} [options] stretch: as wide as the anchor
 */
export function place(node, anchor, { align = "start", stretch = false } = {}) {
  const box = anchor.getBoundingClientRect();
  if (stretch) node.style.width = `${box.width}px`;
  const room = { below: innerHeight - box.bottom - 12, above: box.top - 12 };
  const below = room.below >= Math.min(node.scrollHeight, 240) || room.below >= room.above;
  node.style.maxHeight = `${Math.max(120, Math.min(320, below ? room.below : room.above))}px`;
  const height = node.getBoundingClientRect().height;
  const left = align === "end" ? box.right - node.offsetWidth : box.left;
  node.style.left = `${Math.max(8, Math.min(left, innerWidth - node.offsetWidth - 8))}px`;
  node.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
}
