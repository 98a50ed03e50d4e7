// Which view is shown: an hour or a day.

import { byId } from "./dom.js";

export const scope = () => document.body.dataset.scope;

export function showScope(value) {
  document.body.dataset.scope = value;
  byId("scope").querySelector(`[value=${value}]`).checked = true;
}
