// Block Kit's ten select elements on top of the combobox.

import { Combobox } from "./combobox.js";
import { personAvatar, icon } from "./icons.js";
import { plain } from "./mrkdwn.js";

const TROUBLE = "We had some trouble loading these options. Try again?";

/** type -> where its options come from, and its members in the element and in the state. */
const KINDS = {
  static_select: { source: staticSource, initial: "initial_option", state: "selected_option" },
  multi_static_select: { source: staticSource, initial: "initial_options", state: "selected_options", multiple: true },
  external_select: { source: externalSource, initial: "initial_option", state: "selected_option" },
  multi_external_select: { source: externalSource, initial: "initial_options", state: "selected_options", multiple: true },
  users_select: { source: usersSource, initial: "initial_user", state: "selected_user" },
  multi_users_select: { source: usersSource, initial: "initial_users", state: "selected_users", multiple: true },
  conversations_select: { source: conversationsSource, initial: "initial_conversation", state: "selected_conversation" },
  multi_conversations_select: {
    source: conversationsSource, initial: "initial_conversations", state: "selected_conversations", multiple: true,
  },
  channels_select: { source: channelsSource, initial: "initial_channel", state: "selected_channel" },
  multi_channels_select: { source: channelsSource, initial: "initial_channels", state: "selected_channels", multiple: true },
};

export const SELECT_TYPES = Object.keys(KINDS);

/**
 * A control for a select element.
 * @param {object} element Block Kit
 * @param {import("./elements.js").Environment} env
 * @returns {import("./elements.js").Control}
 */
export function selectControl(element, env) {
  const { source, initial, state, multiple = false } = KINDS[element.type];
  const { fromRaw, load, delay = 0, minQuery = 0 } = source(element, env);
  const start = env.retained ? env.retained[state] : (element[initial] ?? defaultConversation(element, env, multiple));
  const combobox = new Combobox({
    id: env.id, label: env.label, describedBy: env.describedBy, multiple, delay, minQuery, load,
    placeholder: plain(element.placeholder) || (multiple ? "Select options" : "Select an option"),
    max: element.max_selected_items, clearable: env.clearable,
    selected: [start ?? []].flat().map(fromRaw), changed: () => env.changed("select"),
  });
  const value = () => {
    const raw = combobox.selected.map((option) => option.raw);
    return { type: element.type, [state]: multiple ? raw : (raw[0] ?? null) };
  };
  return { node: combobox.node, value, focus: () => combobox.focus(), input: combobox.input };
}

function defaultConversation(element, env, multiple) {
  if (!element.default_to_current_conversation) return undefined;
  return multiple ? [env.store.channel] : env.store.channel;
}

function matching(options, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter(({ label, search = "" }) => words.every((word) => `${label} ${search}`.toLowerCase().includes(word)));
}

/** An option object of Block Kit as the combobox wants it. */
function optionFromRaw(raw) {
  return { key: raw.value, label: plain(raw.text), description: plain(raw.description), raw };
}

function groupsFrom({ options, option_groups: groups }) {
  if (groups) return groups.map((group) => ({ label: plain(group.label), options: (group.options ?? []).map(optionFromRaw) }));
  return [{ options: (options ?? []).map(optionFromRaw) }];
}

function staticSource(element) {
  const groups = groupsFrom(element);
  const load = (query) => groups.map(({ label, options }) => ({ label, options: matching(options, query) }));
  return { fromRaw: optionFromRaw, load };
}

function externalSource(element, env) {
  const load = async (query) => {
    const answer = await env.loadOptions(query);
    if (answer.ok === false || answer.error) throw new Error(answer.error || TROUBLE);
    return groupsFrom(answer);
  };
  return { fromRaw: optionFromRaw, load, delay: 150, minQuery: element.min_query_length ?? 3 };
}

/** A source of ids: `options` are all there are, an unknown id is shown as it is. */
function idSource(options) {
  const fromRaw = (id) => options.find(({ key }) => key === id) ?? { key: id, label: id, raw: id };
  return { fromRaw, load: (query) => [{ options: matching(options, query) }] };
}

function usersSource(element, { store }) {
  const options = store.data.people.map((person) => ({
    key: person.id, label: person.real_name || person.name, description: person.title, search: person.name,
    mark: () => personAvatar(person, "tiny"), raw: person.id,
  }));
  return idSource(options);
}

function channelOptions(channels) {
  return channels.map((channel) => ({
    key: channel.id, label: channel.name, mark: () => icon(channel.is_private ? "lock" : "hash", 15), raw: channel.id,
  }));
}

function channelsSource(element, { store }) {
  return idSource(channelOptions(store.channels.filter(({ is_im, is_private }) => !is_im && !is_private)));
}

function conversationsSource(element, { store }) {
  const include = element.filter?.include ?? ["public", "private"];
  const kind = ({ is_im, is_private }) => (is_im ? "im" : is_private ? "private" : "public");
  return idSource(channelOptions(store.channels.filter((channel) => include.includes(kind(channel)))));
}
