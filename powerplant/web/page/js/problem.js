// Why there is no plan: faults beside the fields that caused them, and a card with possible actions.

import { byId, element } from "./dom.js";
import { megawatt } from "./format.js";
import { fromFragment, inWords, pointerToField } from "./payload.js";

const MOST_LISTED = 6;

/**
 * `openRows` is called with the pointers of the faults before they are placed. The other functions are called by the
 * buttons of the card: useLoad with a load in MW; roundLoad if the load is not a multiple of the step; takeFeasible and
 * askAgain if the server was out of time or busy; showJson for a fault that has no field.
 */
export function showProblem(problem, { openRows, useLoad, roundLoad, takeFeasible, askAgain, showJson }) {
  removeFaults();
  const places = (problem.errors ?? []).filter((fault) => fault.pointer !== undefined);
  openRows(places.slice(0, MOST_LISTED).map((fault) => fromFragment(fault.pointer)));
  const faults = places.map(located);
  faults.forEach(placeBeside);
  const card = byId("problem");
  const ways = [
    ...(problem.reason === "off_grid" ? [["Round the load", roundLoad]] : []),
    ...nearestLoads(problem).map((load) => [`Plan for ${megawatt(load)}`, () => useLoad(load)]),
    ...(isGivenUp(problem) && problem.gap !== null ? [["Show the best plan found", takeFeasible]] : []),
    ...(isPassing(problem) ? [["Ask again", askAgain]] : []),
  ];
  const parts = [
    element("h3", {}, problem.title ?? "No plan"),
    element("p", {}, problem.detail ?? ""),
    faults.length ? listOf(faults, showJson) : null,
    ways.length ? element("div", { class: "buttons" }, ways.map(button)) : null,
  ];
  card.replaceChildren(...parts.filter(Boolean));
  card.hidden = false;
  withPlan(false);
}

const nearestLoads = ({ nearest_below: below, nearest_above: above }) =>
  [below, above].filter((load) => load !== undefined && load !== null);

const isGivenUp = ({ type }) => Boolean(type?.endsWith("/gave-up"));

/** Whether the same question may be answered later: the server is busy, or does not answer. */
const isPassing = ({ status }) => status === undefined || status === 503;

const button = ([words, act], index) =>
  element("button", { type: "button", class: index && words === "Ask again" ? "" : "primary", onclick: act }, words);

export function clearProblem() {
  byId("problem").hidden = true;
  withPlan(true);
  removeFaults();
}

function removeFaults() {
  for (const message of document.querySelectorAll("p.fault.placed")) message.remove();
  for (const field of document.querySelectorAll("[data-pointer][aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

/** Without a plan its table is not there. The element with the focus stays where it is on the screen. */
function withPlan(there) {
  const focused = document.activeElement;
  const top = focused.getBoundingClientRect().top;
  document.body.classList.toggle("without-plan", !there);
  for (const id of ["cursor", "bars"]) byId(id).inert = !there;
  if (focused !== document.body) scrollBy({ top: focused.getBoundingClientRect().top - top, behavior: "instant" });
}

function located({ pointer: fragment, detail }) {
  const pointer = fromFragment(fragment);
  const field = document.querySelector(`[data-pointer="${CSS.escape(pointerToField(pointer))}"]`);
  return { pointer, detail, field };
}

function placeBeside({ field, detail }, index) {
  if (!field) return;
  const id = `fault-${index}`;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  field.closest(".field").append(element("p", { class: "fault placed", id }, detail));
}

function listOf(faults, showJson) {
  const items = faults.slice(0, MOST_LISTED).map(({ pointer, detail, field }) => {
    const go = () => (field?.offsetParent && !field.disabled ? field.focus() : showJson());
    return element(
      "li",
      {},
      element("button", { type: "button", class: "link", onclick: go }, inWords(pointer)),
      ` ${detail}`,
    );
  });
  if (faults.length > MOST_LISTED) items.push(element("li", {}, `and ${faults.length - MOST_LISTED} more`));
  return element("ul", {}, items);
}
