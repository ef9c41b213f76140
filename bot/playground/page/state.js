// Everything the page knows: the server's state, kept current by its events, and what this person looks at.
// Topics announced: "all", "messages" (detail: channel id), "channels", "views", "home" (detail: person), "vendors", "queue",
// "bot", "selection", "tab".

const REMEMBERED = "playground.looking-at";

export class Store extends EventTarget {
  /** @type {Record<string, any>} */ data = null;
  user = "";
  channel = "";
  /** What is looked at of the app's direct message: "messages" or "home". */
  tab = "messages";
  /** "up", "down" (it has not started, or has ended by itself) or "killed" (it starts again) */
  bot = "up";
  connected = true;
  /** @type {Map<string, Set<string>>} channel ids with something new, by person */
  unread = new Map();
  /** @type {Map<string, object>} */ people = new Map();

  /** Takes a fresh /api/state; what only this page holds (ephemeral messages, the selection) stays. */
  load(data) {
    const kept = this.data ? this.#ephemerals() : [];
    this.data = { views: {}, vendors: [], queue: [], waiting: 0, commands: [], shortcuts: [], messages: {}, ...data };
    this.people = new Map(data.people.map((person) => [person.id, person]));
    for (const [channel, message] of kept) this.#put(channel, message);
    for (const { channel, user, message } of data.ephemerals ?? []) this.#put(channel, { ...message, only_for: user });
    this.bot = data.bot;
    this.#restoreSelection();
    this.announce("all");
  }

  announce(topic, detail) {
    this.dispatchEvent(new CustomEvent(topic, { detail }));
  }

  /** Calls the listener on any of the topics. */
  on(topics, listener) {
    for (const topic of topics) this.addEventListener(topic, (event) => listener(event.detail));
  }

  /** The people one can act as. */
  get players() {
    return this.data.people.filter((person) => person.playable);
  }

  /** The channels and direct messages that the acting person sees. */
  get channels() {
    return this.data.channels.filter((channel) => !channel.is_im || !channel.user_id || channel.user_id === this.user);
  }

  get currentChannel() {
    return this.channels.find((channel) => channel.id === this.channel);
  }

  /** Messages of a channel in order, without what only somebody else may see. */
  messages(channel) {
    return (this.data.messages[channel] ?? []).filter((message) => !message.only_for || message.only_for === this.user);
  }

  /** The acting person's open modals, the top one last. */
  get views() {
    return this.data.views[this.user] ?? [];
  }

  isUnread(channel) {
    return this.unread.get(this.user)?.has(channel) ?? false;
  }

  select({ user = this.user, channel = this.channel }) {
    if (channel !== this.channel) this.tab = this.#firstTab(channel, user);
    this.user = user;
    this.channel = channel;
    if (!this.currentChannel) this.channel = this.#counterpart(channel) ?? this.channels[0]?.id ?? "";
    this.unread.get(this.user)?.delete(this.channel);
    sessionStorage.setItem(REMEMBERED, JSON.stringify({ user: this.user, channel: this.channel }));
    this.announce("selection");
  }

  /** The app's direct message opens on Home, or on Messages where something new is among them. */
  #firstTab(channel, user) {
    const isApp = this.data.channels.find(({ id }) => id === channel)?.is_im;
    return isApp && this.data.app.has_home && !this.unread.get(user)?.has(channel) ? "home" : "messages";
  }

  /** Looks at another tab of the app's direct message. */
  selectTab(tab) {
    this.tab = tab;
    this.announce("tab");
  }

  /** Shows the acting person a notice of Slack's own, such as a command that failed. */
  notice(text, channel = this.channel) {
    const ts = (Date.now() / 1000).toFixed(6);
    this.#put(channel, { ts, user: "USLACKBOT", text, only_for: this.user });
    this.announce("messages", channel);
  }

  /** Drops a view at once when its close button is pressed; the server's event confirms it. */
  forgetView(viewId) {
    this.data.views[this.user] = this.views.filter((view) => view.id !== viewId);
    this.announce("views");
  }

  /** Applies one event of the stream; unknown types are for pages newer than this one. */
  apply(event) {
    const appliers = {
      message: () => this.#arrived(event.channel, event.message),
      message_changed: () => this.#changed(event.channel, event.message),
      message_deleted: () => this.#deleted(event.channel, event.ts),
      ephemeral: () => this.#arrived(event.channel, { ...event.message, only_for: event.user }),
      channel: () => this.#channelArrived(event.channel),
      views: () => this.#viewsChanged(event.user, event.views),
      home: () => this.#homeChanged(event.user, event.view),
      vendor: () => this.#vendorChanged(event.vendor),
      queue: () => this.#queueChanged(event),
      bot: () => this.#botChanged(event.state),
    };
    appliers[event.type]?.();
  }

  setConnected(connected) {
    this.connected = connected;
    this.announce("bot");
  }

  #restoreSelection() {
    let remembered = {};
    try {
      remembered = JSON.parse(sessionStorage.getItem(REMEMBERED)) ?? {};
    } catch { /* what another version of the page wrote is no loss */ }
    const wanted = this.user || remembered.user;
    this.user = (this.players.find(({ id }) => id === wanted) ?? this.players[0])?.id ?? "";
    this.channel ||= remembered.channel;
    if (!this.currentChannel) this.channel = this.#liveliest()?.id ?? "";
  }

  /** Where something was said last. */
  #liveliest() {
    const newest = ({ id }) => Number(this.messages(id).at(-1)?.ts ?? 0);
    return this.channels.reduce((best, channel) => (best && newest(best) >= newest(channel) ? best : channel), null);
  }

  /** The acting person's own direct message with the app, where the one looked at belongs to somebody else. */
  #counterpart(channel) {
    const wasIm = this.data.channels.find(({ id }) => id === channel)?.is_im;
    return wasIm && this.channels.find(({ is_im }) => is_im)?.id;
  }

  #ephemerals() {
    return Object.entries(this.data.messages).flatMap(([channel, messages]) =>
      messages.filter(({ only_for }) => only_for).map((message) => [channel, message]),
    );
  }

  /** Adds or replaces a message by its ts. */
  #put(channel, message) {
    const others = (this.data.messages[channel] ?? []).filter(({ ts }) => ts !== message.ts);
    this.data.messages[channel] = [...others, message].sort((a, b) => Number(a.ts) - Number(b.ts));
  }

  #arrived(channel, message) {
    this.#put(channel, message);
    this.announce("messages", channel);
    this.#markUnread(channel, message);
  }

  #markUnread(channel, message) {
    const owner = this.data.channels.find(({ id }) => id === channel)?.user_id;
    for (const { id } of this.players) {
      const concerns = (!owner || owner === id) && (!message.only_for || message.only_for === id) && message.user !== id;
      if (!concerns || (id === this.user && channel === this.channel)) continue;
      this.unread.set(id, (this.unread.get(id) ?? new Set()).add(channel));
    }
    this.announce("channels");
  }

  #changed(channel, message) {
    const before = (this.data.messages[channel] ?? []).find(({ ts }) => ts === message.ts);
    this.#put(channel, before?.only_for ? { ...message, only_for: before.only_for } : message);
    this.announce("messages", channel);
  }

  #deleted(channel, ts) {
    this.data.messages[channel] = (this.data.messages[channel] ?? []).filter((message) => message.ts !== ts);
    this.announce("messages", channel);
  }

  #channelArrived(channel) {
    this.data.channels = [...this.data.channels.filter(({ id }) => id !== channel.id), channel];
    this.announce("channels");
  }

  #viewsChanged(user, views) {
    this.data.views[user] = views;
    if (user === this.user) this.announce("views");
  }

  #homeChanged(user, view) {
    this.data.home = { ...this.data.home, [user]: view };
    this.announce("home", user);
  }

  #queueChanged({ queue, waiting }) {
    Object.assign(this.data, { queue, waiting });
    this.announce("queue");
  }

  #botChanged(state) {
    this.bot = state;
    this.announce("bot");
  }

  #vendorChanged(vendor) {
    const known = this.data.vendors.some(({ name }) => name === vendor.name);
    const others = this.data.vendors;
    this.data.vendors = known ? others.map((old) => (old.name === vendor.name ? vendor : old)) : [...others, vendor];
    this.announce("vendors");
  }
}
