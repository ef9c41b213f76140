// Block Kit's file input: what is chosen is uploaded at once, as in Slack, and the form holds what Slack calls it.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const MOST_BYTES = 10 * 1024 * 1024;

/**
 * @param {{type: string, filetypes?: string[], max_files?: number}} element
 * @param {import("./elements.js").Environment} env
 * @returns {import("./elements.js").Control}
 */
export function fileInput(element, env) {
  const most = element.max_files ?? 10;
  const endings = (element.filetypes ?? []).map((type) => `.${type}`);
  let files = env.retained?.files ?? [];
  let uploading = 0;

  const list = h("ul", { class: "files" });
  const note = h("div", { class: "file-note", role: "alert", "data-testid": "file-note", hidden: true });
  const input = h("input", { id: env.id, class: "file-picker", type: "file", accept: endings.join(",") || null, multiple: most > 1,
    "aria-describedby": env.describedBy, onchange: () => choose([...input.files]) });
  const node = h("div", { class: "file-field" }, list, input, note);

  function show(complaint = "") {
    list.replaceChildren(...files.map(row));
    list.hidden = files.length === 0;
    input.hidden = files.length >= most || uploading > 0;
    note.textContent = uploading ? "Uploading…" : complaint;
    note.hidden = !note.textContent;
    note.classList.toggle("wrong", !uploading);
  }

  function row(file) {
    const size = file.size === undefined ? "" : ` (${Math.ceil(file.size / 1024).toLocaleString("en")} KB)`;
    const remove = () => {
      files = files.filter((each) => each !== file);
      changed();
      input.focus();
    };
    return h("li", { class: "file", "data-testid": "file" }, h("span", { class: "file-name" }, `${file.name ?? file.id}${size}`),
      h("button", { type: "button", class: "icon-button", "aria-label": `Remove ${file.name ?? "the file"}`, onclick: remove },
        icon("close", 16)));
  }

  async function choose(chosen) {
    input.value = "";
    let complaint = chosen.map(problem).find(Boolean) ?? "";
    if (files.length + chosen.length > most) complaint = `Please choose no more than ${most}.`;
    if (complaint) return show(complaint);
    uploading += 1;
    show();
    for (const file of chosen) {
      const answer = await env.upload(file);
      if (answer.file) files = [...files, answer.file];
      else complaint = answer.error;
    }
    uploading -= 1;
    return changed(complaint);
  }

  function problem(file) {
    if (endings.length && !endings.some((ending) => file.name.toLowerCase().endsWith(ending))) {
      return `Please choose a file that ends in ${endings.join(" or ")}.`;
    }
    return file.size > MOST_BYTES ? "Please choose a file of at most 10 MB." : "";
  }

  function changed(complaint) {
    show(complaint);
    env.changed("select");
  }

  show();
  return {
    node, input,
    value: () => ({ type: element.type, files }),
    focus: () => (node.querySelector("input:not([hidden]), button") ?? input).focus(),
    wait: () => (uploading ? "Please wait until the file is uploaded." : ""),
  };
}
