// What a person does in the page, as calls to the server; a failure is shown where Slack would show it.

import { post, postFile } from "./api.js";

/** @param {import("./state.js").Store} store */
export function createActions(store) {
  /** Posts as the acting person; a refusal becomes a notice in the channel that only this person sees. */
  const postOrNotice = (path, body, channel) => orNotice(post(path, { user: store.user, ...body }), channel);

  async function orNotice(posted, channel = store.channel) {
    const answer = await posted;
    if (answer.ok === false) store.notice(answer.error || "Something went wrong. Try again?", channel);
    return answer;
  }

  return {
    /** Sends what was typed: a slash command, or an ordinary message. */
    async send(text) {
      const { channel } = store;
      const name = text.split(/\s/, 1)[0];
      if (!text.startsWith("/")) return postOrNotice("message", { channel, text });
      if (store.data.commands.some(({ command }) => command === name)) return postOrNotice("command", { channel, text });
      store.notice(`\`${name}\` is not a valid command. In Slack, all messages that start with the "/" character are commands.`);
      return { ok: false };
    },
    globalShortcut: (callbackId) => postOrNotice("shortcut", { callback_id: callbackId, channel: store.channel }),
    messageShortcut: (callbackId, channel, ts) => postOrNotice("shortcut", { callback_id: callbackId, channel, ts }, channel),
    messageAct: (channel, ts, body) => postOrNotice("act", { channel, ts, ...body }, channel),
    viewAct: (viewId, body) => post("act", { user: store.user, view_id: viewId, ...body }),
    submit: (viewId, values) => post("submit", { user: store.user, view_id: viewId, values }),
    upload: (file) => postFile(`files?${new URLSearchParams({ user: store.user, name: file.name })}`, file),
    close: (viewId) => post("close", { user: store.user, view_id: viewId }),
    options: (place, body) => post("options", { user: store.user, ...place, ...body }),
    openHome: () => post("home", { user: store.user }),
    killBot: () => orNotice(post("bot/kill", {})),
    setFault: (vendor, fault) => orNotice(post(`vendors/${encodeURIComponent(vendor)}/fault`, { fault })),
    setVersion: (vendor, version) => orNotice(post(`vendors/${encodeURIComponent(vendor)}/version`, { version })),
  };
}
