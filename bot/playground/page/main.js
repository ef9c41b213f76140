// Starts the page: mounts its parts, loads the state and follows the events.

import { createActions } from "./actions.js";
import { follow, loadState } from "./api.js";
import { mountComposer } from "./composer.js";
import { mountBanner, mountChannelHeader, mountStrip } from "./header.js";
import { mountHome } from "./home.js";
import { mountMessages } from "./messages.js";
import { mountModal } from "./modal.js";
import { mountSidebar } from "./sidebar.js";
import { Store } from "./state.js";
import { mountVendors } from "./vendors.js";

const find = (id) => document.getElementById(id);

function start() {
  const store = new Store();
  const actions = createActions(store);
  mountStrip(find("strip"), store, actions);
  mountBanner(find("banner"), store);
  mountSidebar(find("sidebar"), store);
  mountChannelHeader(find("channel-header"), find("tabs"), store);
  mountMessages(find("messages"), store, actions);
  mountHome(find("home"), [find("messages"), find("composer")], store, actions);
  mountComposer(find("composer"), store, actions);
  mountVendors(find("vendors"), store, actions);
  mountModal(find("modal-layer"), [find("sidebar"), find("channel")], store, actions);
  synchronise(store);
}

/** Loads the state whenever the stream (re)opens; events that come meanwhile wait, so that none is lost. */
function synchronise(store) {
  let waiting = [];
  let loading = 0;

  async function reload() {
    loading += 1;
    const mine = loading;
    waiting ??= [];
    try {
      const data = await loadState();
      if (mine !== loading) return;
      store.connected = true;
      store.load(data);
      const events = waiting;
      waiting = null;
      events.forEach((event) => store.apply(event));
    } catch (error) {
      console.warn("The state could not be loaded. Trying again.", error);
      if (mine === loading) setTimeout(reload, 1000);
    }
  }

  follow({
    opened: reload,
    lost: () => store.data && store.setConnected(false),
    event: (event) => (waiting ? waiting.push(event) : store.apply(event)),
  });
}

start();
