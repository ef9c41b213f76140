// The emoji that the page draws. The pictures in emoji/ are the playground's own, under its licence; other names stay as
// written (":name:").

import { h } from "./dom.js";

export const DRAWN = new Set([
  "bell", "eyes", "grey_question", "hourglass", "hourglass_flowing_sand", "information_source", "key",
  "link", "lock", "mag", "memo", "no_entry", "no_entry_sign", "question",
  "raised_hand", "rotating_light", "scissors", "warning", "white_check_mark", "x",
]);

/** An emoji by name, as a picture; the name as written where there is none. */
export function emoji(name) {
  if (!DRAWN.has(name)) return `:${name}:`;
  return h("img", { class: "emoji", src: `/static/emoji/${name}.svg`, alt: name.replaceAll("_", " "), draggable: "false" });
}

/** The text with its `:name:` drawn. */
export function withEmoji(text) {
  const parts = text.split(/:([a-z0-9_+-]+):/g);
  return parts.map((part, index) => (index % 2 ? emoji(part) : part));
}

/** The text with its `:name:` in words, for names and hints that can hold no picture. */
export function inWords(text) {
  return text.replace(/:([a-z0-9_+-]+): ?/g, (whole, name) => (DRAWN.has(name) ? "" : whole));
}
