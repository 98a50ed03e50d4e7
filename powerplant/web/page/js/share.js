// Exports: the clipboard, files, and the curl command.

import { element } from "./dom.js";
import { addressOf } from "./api.js";

/** Copies text to the clipboard, also without a secure context. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = element("textarea", { class: "unseen" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** @param content text, or a blob that knows its type. */
export function save(name, content, type = "application/json") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** The curl command. In single quotes a shell interprets only the quote itself. */
export function curlOf(question) {
  const address = new URL(addressOf("productionplan", question), document.baseURI);
  const body = JSON.stringify(question.payload).replaceAll("'", `'\\''`);
  return `curl -i -H 'Content-Type: application/json' -d '${body}' '${address.origin + address.pathname + address.search}'`;
}
