// The app's Home tab: what the bot published for the acting person, drawn like a view.

import { renderBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { Form } from "./form.js";
import { icon } from "./icons.js";
import { keepPlace } from "./place.js";

const TROUBLE = "We had some trouble connecting. Try again?";

/**
 * @param {HTMLElement} root takes the place of the messages while the tab is open
 * @param {HTMLElement[]} messages what it takes the place of
 * @param {import("./state.js").Store} store
 * @param {ReturnType<typeof import("./actions.js").createActions>} actions
 */
export function mountHome(root, messages, store, actions) {
  /** @type {Home | null} */ let home = null;
  keepPlace(root, ".block, .home-note");
  const open = async () => {
    home = new Home(root, store, actions);
    home.draw();
    await home.open();
  };
  store.on(["all", "selection", "tab"], () => {
    const showing = store.tab === "home";
    root.hidden = !showing;
    for (const node of messages) node.hidden = showing;
    if (!showing) home = null;
    else if (home?.user !== store.user) open();
    else home.draw();
  });
  store.on(["home"], (user) => home?.user === user && home.draw());
}

class Home {
  #opening = true;
  #trouble = "";
  #hash = "";

  constructor(root, store, actions) {
    Object.assign(this, { root, store, actions, user: store.user, form: new Form() });
  }

  /** Tells the bot that somebody looks. */
  async open() {
    const answer = await this.actions.openHome();
    this.#opening = false;
    this.#complain(answer);
    this.draw(true);
  }

  draw(always = false) {
    const view = this.store.data.home?.[this.user];
    if (!always && view && view.hash === this.#hash) return;
    this.#hash = view?.hash ?? "";
    this.form = new Form(this.form.values());
    const trouble = this.#trouble && h("div", { class: "modal-banner", role: "alert" }, icon("warning", 18), h("span", {}, this.#trouble));
    const blocks = view ? renderBlocks(view.blocks, this.#surface(view)) : this.#empty();
    this.root.replaceChildren(h("div", { class: "home-view", "data-testid": "home" }, trouble || "", blocks));
  }

  #empty() {
    if (this.#trouble) return [];
    if (this.#opening) return [h("p", { class: "home-note" }, h("span", { class: "spinner small" }), "Opening…")];
    return [h("p", { class: "home-note" }, "The bot has nothing to show here yet.")];
  }

  #surface(view) {
    const { store, actions, form } = this;
    return {
      store, form, heading: "h2",
      act: async (body) => {
        this.#complain(await actions.viewAct(view.id, { ...body, values: form.values() }));
        if (this.#trouble) this.draw(true);
      },
      loadOptions: (body) => actions.options({ view_id: view.id }, body),
    };
  }

  #complain(answer) {
    this.#trouble = answer.ok === false ? answer.error?.includes(" ") ? answer.error : TROUBLE : "";
  }
}
