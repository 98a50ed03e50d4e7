// Which view is shown: an hour or a day.

import { byId } from "./dom.js";

export const scope = () => document.body.dataset.scope;

/** Shows a view; the event `scope` of the document follows. */
export function showScope(value) {
  if (value === scope()) return;
  document.body.dataset.scope = value;
  byId("scope").querySelector(`[value=${value}]`).checked = true;
  document.dispatchEvent(new Event("scope"));
}
