// The page's own line icons (24 x 24 grid), and avatars.

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  hash: "M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16",
  lock: "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
  down: "m6 9 6 6 6-6",
  right: "m9 6 6 6-6 6",
  bolt: "M13 3 5 13.5h6L10 21l8.5-11H12z",
  send: "m4 4.5 16.5 7.5L4 19.5 6 12zM6 12h7",
  dots: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  close: "m6 6 12 12M18 6 6 18",
  check: "m5 12.5 4.5 4.5L19 7.5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  panel: "M4 5h16v14H4zM14.5 5v14",
  menu: "M4 7h16M4 12h16M4 17h16",
  external: "M14 5h5v5M19 5l-8 8M17 14v5H5V7h5",
  warning: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.4v.01",
  tray: "M4 13.5 6.5 5h11L20 13.5V19H4zM4 13.5h5l1 2.5h4l1-2.5h5",
  stop: "M8.2 3.5h7.6l4.7 4.7v7.6l-4.7 4.7H8.2l-4.7-4.7V8.2zM9 9l6 6M15 9l-6 6",
  siren: "M6 18.5h12M8 15a4 4 0 0 1 8 0v.5H8zM12 4.5v2.8M5.3 7.3l2 2M18.7 7.3l-2 2",
};

/**
 * An icon, hidden from screen readers: the control around it carries the name.
 * @param {keyof typeof PATHS} name
 */
export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", class: `icon icon-${name}` };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, String(value));
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A person's square with initials in their own colour. */
export function personAvatar(person, size = "") {
  const square = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, person?.initials || initials(person?.name));
  const colour = String(person?.color || "").replace(/^#?/, "#");
  // Darker than the person's colour in Slack, so that the initials can be read.
  if (/^#[0-9a-f]{3,8}$/i.test(colour)) square.style.backgroundColor = `color-mix(in srgb, ${colour} 62%, black)`;
  return square;
}

/** The app's square. */
export function appAvatar(size = "") {
  return h("span", { class: `avatar avatar-app ${size}`, "aria-hidden": "true" }, icon("siren", size === "small" ? 14 : 24));
}

function initials(name = "?") {
  return name.split(/\s+/).slice(0, 2).map((word) => word.slice(0, 1).toUpperCase()).join("") || "?";
}
