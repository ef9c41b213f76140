// Slack's mrkdwn as DOM nodes: bold, italic, strike, code, quotes, lists, links, mentions, dates, emoji.

import { h, link } from "./dom.js";
import { emoji, inWords, withEmoji } from "./emoji.js";

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angle>[^<>\\n]+)>",
    ":(?<emoji>[a-z0-9_+-]+):",
    "(?<url>https?://[^\\s<>|]*[^\\s<>|.,;:!?)*_~`'\"])",
    "(?<![\\p{L}\\p{N}*_~])(?<mark>[*_~])(?<marked>[^\\s*_~](?:[^\\n]*?[^\\s])?)\\k<mark>(?![\\p{L}\\p{N}])",
  ].join("|"),
  "giu",
);

const MARKS = { "*": "strong", _: "em", "~": "del" };

/** Slack's three entities, and only those. */
export function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/**
 * A whole mrkdwn text.
 * @param {string} text
 * @param {import("./state.js").Store} store for the names behind mentions
 * @returns {DocumentFragment}
 */
export function mrkdwn(text, store) {
  const fragment = document.createDocumentFragment();
  text.split("```").forEach((part, index, parts) => {
    const closed = index < parts.length - 1;
    if (index % 2 === 1 && closed) fragment.append(h("pre", {}, decode(part.replace(/^\n|\n$/g, ""))));
    else fragment.append(paragraphs(index % 2 === 1 ? `\`\`\`${part}` : part.replace(/^\n|\n$/g, ""), store));
  });
  return fragment;
}

/** A text object: mrkdwn, or plain text whose emoji are shown unless it says otherwise. */
export function textObject(object, store) {
  if (!object) return "";
  if (typeof object === "string") return object;
  if (object.type === "mrkdwn") return mrkdwn(object.text ?? "", store);
  return drawn(object);
}

/** A plain_text object with its emoji drawn, unless it says otherwise. */
export function drawn(object) {
  if (!object) return "";
  return object.emoji === false ? object.text : withEmoji(object.text ?? "");
}

/** The characters of a plain_text object, where there is no room for pictures. */
export function plain(object) {
  if (!object) return "";
  return object.emoji === false ? object.text : inWords(object.text ?? "");
}

const LINE_KINDS = [
  ["quote", /^(?:&gt;|>)\s?/],
  ["list", /^\s*[•-]\s+/],
];

function paragraphs(text, store) {
  const fragment = document.createDocumentFragment();
  if (!text) return fragment;
  for (const { kind, lines } of groupLines(text.split("\n"))) {
    if (kind === "list") fragment.append(h("ul", {}, lines.map((line) => h("li", {}, inline(line, store)))));
    else if (kind === "quote") fragment.append(h("blockquote", {}, joinLines(lines, store)));
    else fragment.append(joinLines(lines, store));
  }
  return fragment;
}

/** Gathers neighbouring lines of one kind, without their marks. */
function groupLines(lines) {
  const groups = [];
  for (const line of lines) {
    const [kind, pattern] = LINE_KINDS.find(([, mark]) => mark.test(line)) ?? ["text", /^/];
    const bare = line.replace(pattern, "");
    if (groups.at(-1)?.kind === kind) groups.at(-1).lines.push(bare);
    else groups.push({ kind, lines: [bare] });
  }
  return groups;
}

function joinLines(lines, store) {
  const fragment = document.createDocumentFragment();
  lines.forEach((line, index) => {
    if (index > 0) fragment.append(h("br"));
    fragment.append(inline(line, store));
  });
  return fragment;
}

function inline(text, store) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    fragment.append(decode(text.slice(from, match.index)), inlineNode(match, store));
    from = match.index + match[0].length;
  }
  fragment.append(decode(text.slice(from)));
  return fragment;
}

function inlineNode({ 0: whole, groups }, store) {
  if (groups.code) return h("code", {}, decode(groups.code));
  if (groups.angle) return angle(groups.angle, store);
  if (groups.emoji) return emoji(groups.emoji);
  if (groups.url) return link(decode(groups.url), decode(groups.url));
  if (groups.mark) return h(MARKS[groups.mark], {}, inline(groups.marked, store));
  return whole;
}

/** What stands between angle brackets: a mention, a date, or a link. */
function angle(content, store) {
  const [target, label] = splitOnce(content, "|");
  if (target.startsWith("@")) return userMention(target.slice(1), store, label);
  if (target.startsWith("#")) return channelMention(target.slice(1), store, label);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return h("span", { class: "mention mention-me" }, `@${label ?? target.slice(1).split("^")[0]}`);
  if (/^(https?:|mailto:)/i.test(target)) return link(decode(target), decode(label ?? target.replace(/^mailto:/, "")));
  return decode(`<${content}>`);
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

export function userMention(id, store, label) {
  const name = store.people.get(id)?.name ?? (id === store.data.app.bot_user_id ? store.data.app.name : label ?? id);
  return h("span", { class: id === store.user ? "mention mention-me" : "mention" }, `@${name}`);
}

export function channelMention(id, store, label) {
  const name = store.data.channels.find((channel) => channel.id === id)?.name ?? label ?? id;
  return h("button", { type: "button", class: "mention", onclick: () => store.select({ channel: id }) }, `#${name}`);
}

const DATE_PARTS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

/** `!date^<epoch seconds>^<format>[^<link>]` in the reader's own time zone. */
function date(target, fallback) {
  const [, seconds, format = ""] = target.split("^");
  const when = new Date(Number(seconds) * 1000);
  if (Number.isNaN(when.getTime())) return decode(fallback ?? target);
  const text = format.replace(/\{(\w+)\}/g, (whole, part) => {
    const parts = DATE_PARTS[part.replace(/_pretty$/, "")];
    return parts ? new Intl.DateTimeFormat("en-US", parts).format(when) : whole;
  });
  return h("time", { datetime: when.toISOString(), title: when.toLocaleString("en-US") }, decode(text));
}
