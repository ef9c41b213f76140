// The rich_text block: sections, lists, quotes and preformatted text.

import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelMention, userMention } from "./mrkdwn.js";

/** @param {{elements: Array<object>}} block */
export function richText(block, store) {
  return h("div", { class: "rich-text" }, (block.elements ?? []).map((element) => part(element, store)));
}

function part(element, store) {
  const children = () => (element.elements ?? []).map((child) => leaf(child, store));
  switch (element.type) {
    case "rich_text_section":
      return h("div", {}, children());
    case "rich_text_quote":
      return h("blockquote", {}, children());
    case "rich_text_preformatted":
      return h("pre", {}, children());
    case "rich_text_list":
      return h(element.style === "ordered" ? "ol" : "ul", { class: `indent-${Math.min(element.indent ?? 0, 4)}` },
        (element.elements ?? []).map((item) => h("li", {}, part(item, store))));
    default:
      return h("div", { class: "unsupported" }, `Unsupported rich text "${element.type}"`);
  }
}

function leaf(element, store) {
  return Object.entries({ code: "code", strike: "del", italic: "em", bold: "strong" }).reduce(
    (node, [style, tag]) => (element.style?.[style] ? h(tag, {}, node) : node),
    content(element, store),
  );
}

function content(element, store) {
  switch (element.type) {
    case "text":
      return h("span", { class: "pre-wrap" }, element.text);
    case "link":
      return link(element.url, element.text ?? element.url);
    case "user":
      return userMention(element.user_id, store);
    case "channel":
      return channelMention(element.channel_id, store);
    case "broadcast":
      return h("span", { class: "mention mention-me" }, `@${element.range}`);
    case "emoji":
      return emoji(element.name);
    default:
      return element.text ?? "";
  }
}
