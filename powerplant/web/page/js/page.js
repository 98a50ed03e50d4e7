// The page: the current question, the baseline that it is compared with, and everything that depends on them.

import { Planner, Problem, USUAL_STEP, planOf, post } from "./api.js";
import { Bars } from "./bars.js";
import { MeritOrder } from "./chart.js";
import { isCells } from "./cells.js";
import { contentOf } from "./contents.js";
import { isUnchanged } from "./day/changes.js";
import { Day, questionOf } from "./day/day.js";
import { pngOf, svgOf } from "./day/drawing.js";
import { pricesOf } from "./day/outcome.js";
import { csvOf } from "./day/plan-csv.js";
import { hourOf, isDay, periodsOf } from "./day/periods.js";
import { byId, whenQuiet } from "./dom.js";
import { Fleet } from "./fleet.js";
import { cents, listed, megawatt, tonnes } from "./format.js";
import { showGlance, showNoPlan } from "./glance.js";
import { Hour, inWords, showDifference } from "./hour.js";
import { fromFragment, toFragment } from "./link.js";
import { isObject, isTabular, pointerTo, withPlants, withValue } from "./payload.js";
import { MOST as MOST_SCENARIOS, Scenarios } from "./scenarios.js";
import { scope, showScope } from "./scope.js";
import { gapOf, highlight, showPlants, showTotals } from "./plan.js";
import { clearProblem, showProblem } from "./problem.js";
import { copy, curlOf, save } from "./share.js";
import { Steps } from "./steps.js";
import { showStrip } from "./strip.js";
import { paint, showLegend } from "./tones.js";

const FIRST_EXAMPLE = "payload3";
const FIRST_DAY = "horizon";
const WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const LONGEST_LINK = 16_000; // letters
const MOST_LISTED = 3; // files or faults in a note
const LONG = 40; // with more plants the table is updated only when the slider rests
const TEXT_FIELD = "input:not([type]), textarea"; // which have an undo and a paste of their own

/** The current question. Each change replaces the object, so that an answer can be matched with its question. */
let question = {
  payload: null,
  co2: document.documentElement.dataset.co2 === "true",
  step: USUAL_STEP,
  roundLoad: false,
  feasible: false,
};
/** The question on the page, with its report or its problem. */
let shown = { question: null, report: null, problem: null };
/** What changes are compared with: a question, its report (null if it has no plan), and whether its answer is known. */
let baseline = beginningAt(question);
/** Each state is a question, a baseline, and the example that the question is, or "". */
const steps = new Steps();

const chart = new MeritOrder((plant) => {
  bars.highlight(plant);
  highlight(plant);
});
const bars = new Bars((plant) => chart.point(plant));
const planner = new Planner(answer);
const current = () => question.payload;
const hour = new Hour(current, (payload, typed, place) => whatIf({ ...question, payload }, { source: hour, place, typed }));
const fleet = new Fleet(current, (payload, place) => whatIf({ ...question, payload }, { source: fleet, place, typed: place }));

const day = new Day({
  opened: openHour,
  changed: dayChanged,
  answered: (asked, outcome, problem) => scenarios.learn(asked, outcome && totalsOfDay(outcome), problem),
});

// --- Questions ------------------------------------------------------------------------------------------------------

function beginningAt(question) {
  return { question, report: null, known: false };
}

/** Loads a payload, which is the new baseline unless another one is given. */
function start(next, { example = "", compared = next } = {}) {
  chart.resetZoom();
  enter({ question: next, baseline: beginningAt(compared), example }, { isLoaded: true });
}

/**
 * Asks a changed question, and compares it with the baseline.
 *
 * `source` is the view that made the change; it is not updated. Changes of one `place` that follow each other at once
 * are one step of the undo. After a `typed` one the server is asked when the typing pauses.
 */
function whatIf(next, { source, place = null, typed = false } = {}) {
  enter({ question: next, baseline, example: "" }, { source, place, typed: Boolean(typed) });
}

function enter(state, { place, ...how }) {
  steps.add(state, place);
  apply(how);
}

/** Updates every view at once, and asks the server. The ranges of the sliders change with the fleet only. */
function apply({ source, typed = false, isLoaded = false }) {
  const isOtherFleet = isLoaded || steps.state.question.payload?.powerplants !== question.payload?.powerplants;
  ({ question, baseline } = steps.state);
  hour.show(isOtherFleet);
  if (isOtherFleet && source !== fleet) fleet.show(isLoaded);
  else fleet.suggestFuels();
  if (isLoaded) byId("remarks").hidden = true;
  if (source !== json) json.show();
  byId("co2").checked = question.co2;
  byId("step").value = question.step;
  byId("round-load").checked = question.roundLoad;
  byId("example").value = steps.state.example;
  const step = question.step === USUAL_STEP ? "" : ` The step is ${question.step}\u00a0MW.`;
  byId("on-paper").textContent = `${hour.inWords()}. CO₂ is ${question.co2 ? "" : "not "}charged.${step}`;
  showSteps();
  showCurl();
  keepInAddress();
  (typed ? askSoon : askNow)();
}

function askNow() {
  waiting.begin();
  planner.ask(question);
}
const askSoon = whenQuiet(250, askNow);

/** Marks the result as busy if the answer takes a while. */
const waiting = {
  timer: null,
  begin() {
    this.timer ??= setTimeout(() => byId("result").setAttribute("aria-busy", "true"), 400);
  },
  end() {
    clearTimeout(this.timer);
    this.timer = null;
    byId("result").removeAttribute("aria-busy");
  },
};

// --- Answers --------------------------------------------------------------------------------------------------------

function answer(asked, report, problem) {
  if (report) paint(report, asked.payload);
  if (asked === baseline.question) Object.assign(baseline, { report, known: true });
  if (question !== baseline.question && !baseline.known) learn(baseline);
  if (asked !== baseline.question || asked === question) shown = { question: asked, report, problem };
  if (problem || !report.isSketch) scenarios.learn(asked, report && totalsOfHour(report), problem);
  if (shown.question) show(shown);
}

/** Requests the plan of the baseline, if something changed before its answer came, or it came with a link. */
async function learn(beginning) {
  if (beginning.isAsked) return;
  beginning.isAsked = true;
  try {
    beginning.report = await planOf(beginning.question);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  beginning.known = true;
  if (beginning === baseline && shown.question) show(shown);
}

function show({ question: asked, report, problem }) {
  waiting.end();
  const compared = asked === baseline.question ? null : baseline.report;
  if (report) {
    clearProblem();
    showTotals(report);
    showLegend(report);
    chart.draw(report, compared);
    bars.show(report);
    showStrip(report);
    showGlance(report, compared);
    (report.powerplants.length > LONG ? showPlantsSoon : showPlants)(report, compared);
    noteNotDrawn(report, asked.payload);
    notePlanned(report.load, asked);
    announce(inWords(report, gapOf(report)));
  } else {
    chart.hide();
    showStrip(null);
    const openRows = (pointers) => fleet.openFor(pointers);
    const showJson = () => json.open();
    showProblem(problem, { openRows, useLoad, roundLoad, takeFeasible, askAgain, showJson });
    showNoPlan(problem.title);
    announce([problem.title, problem.detail].join(". "));
  }
  showDifference(asked !== baseline.question && baseline.known, compared, report);
}

const showPlantsSoon = whenQuiet(150, showPlants);

function useLoad(load) {
  whatIf({ ...question, payload: withValue(question.payload, pointerTo("load"), load) });
  byId("result").focus({ preventScroll: true }); // the button disappears
}

function roundLoad() {
  whatIf({ ...question, roundLoad: true });
  byId("result").focus({ preventScroll: true });
}

/** Accepts plans that are not proven optimal, until another payload is loaded. */
function takeFeasible() {
  accept(true);
}

function accept(feasible) {
  const next = { ...question, feasible };
  const isBaseline = question === baseline.question;
  steps.replace({ ...steps.state, question: next, baseline: isBaseline ? beginningAt(next) : baseline });
  apply({ source: hour });
  byId("result").focus({ preventScroll: true });
}

function askAgain() {
  askNow();
  byId("result").focus({ preventScroll: true });
}

function noteNotDrawn(report, { powerplants }) {
  const out = new Set(powerplants.filter((plant) => plant.available === false).map((plant) => plant.name));
  const [notAvailable, idle] = [[], []];
  for (const { name, pmax } of report.powerplants) if (!pmax) (out.has(name) ? notAvailable : idle).push(name);
  const notes = [
    idle.length ? `Not in the chart, because they can produce nothing in this hour: ${named(idle)}.` : "",
    notAvailable.length ? `Not available: ${named(notAvailable)}.` : "",
  ];
  byId("not-drawn").textContent = notes.filter(Boolean).join(" ");
  byId("not-drawn").hidden = !idle.length && !notAvailable.length;
}

const named = (names) => (names.length > 3 ? `${names.length} plants` : listed(names));

/** The load that was planned for, if it is not that of the payload. */
function notePlanned(load, asked) {
  const isRounded = asked.roundLoad && load !== asked.payload.load;
  byId("planned").textContent = isRounded ? `Planned for ${megawatt(load)}` : "";
}

// Once, when a slider rests.
const announce = whenQuiet(800, (text) => (byId("announcer").textContent = text));
const showNote = (text) => (byId("source-note").textContent = text);

// --- Sources of payloads --------------------------------------------------------------------------------------------

/** The plants and prices of the view that is shown, for hours that come without them. */
function currentFleet() {
  const payload = scope() === "day" ? day.question.loaded : question.payload;
  return isTabular(payload) ? payload : { powerplants: [] };
}

let turns = 0;

/** Opens sources { name, text, file }, each in the view that it belongs to. Plants come first: hours are planned with them. */
async function open(sources) {
  const turn = (turns += 1);
  const read = async (source) => ({ ...source, content: await contentOf(source, currentFleet()) });
  const found = await Promise.all(sources.map(read));
  if (turn !== turns) return; // something else was opened meanwhile
  const plants = found.filter(({ content }) => content.kind === "plants");
  for (const { name, content } of plants) openPlants(content, name);
  const rest = found.filter(({ content }) => content.kind !== "plants");
  const others = plants.length ? await Promise.all(rest.map(read)) : rest;
  if (turn !== turns) return;
  const days = others.filter(({ content }) => content.kind === "days");
  if (days.length) openDays(days);
  for (const { name, text, content } of others) openOther[content.kind]?.(content, name, text);
}

const openOther = {
  hour({ payload }, from) {
    showScope("hour");
    start({ ...question, payload, feasible: false });
    showNote(`Loaded from ${from}.`);
  },
  state({ state }, from) {
    openState(state);
    showNote(`Loaded from ${from}.`);
  },
  problem({ problem: { type, title, detail, errors = [] } }, from) {
    const faults = listed(errors.map((fault) => fault.detail), MOST_LISTED);
    const hasNoExcel = type?.endsWith("/not-installed");
    const words = "this server does not read workbooks, since the extra excel is not installed. Save its sheets as CSV.";
    showNote(`${from}: ${hasNoExcel ? words : faults || detail || title}`);
  },
  text(_, from, text) {
    showScope("hour");
    json.open(text);
    showNote(`The content of ${from} is not JSON and not a table.`);
  },
};

/** A file with a fleet replaces the plants; pasted cells change those that they name. */
function openPlants({ plants, isFleet, notes }, from) {
  const isOfDay = scope() === "day";
  const payload = isOfDay ? day.question.loaded : question.payload;
  if (!isTabular(payload)) return showNote("There is no payload that these plants could be part of.");
  const { added, changed, ...next } = withPlants(isFleet ? { ...payload, powerplants: [] } : payload, plants);
  if (isOfDay) startDay(next.payload);
  else if (isFleet) start({ ...question, payload: next.payload });
  else whatIf({ ...question, payload: next.payload });
  const words = isFleet
    ? `${plants.length} ${plants.length === 1 ? "plant" : "plants"}, loaded from ${from}.`
    : `From ${from}: ${added} ${added === 1 ? "plant" : "plants"} added, ${changed} changed.`;
  showNote([words, ...notes].join(" "));
}

/** One day; or several as scenarios, of which the first one is shown. */
function openDays(sources) {
  const days = sources.flatMap(({ name, content }) => content.payloads.map((payload) => ({ name, payload })));
  const from = listed(sources.map(({ name }) => name), MOST_LISTED);
  const notes = sources.flatMap(({ content }) => content.notes);
  if (days.length === 1) {
    const [{ payload }] = days;
    startDay(payload);
    return showNote([`A day of ${periodsOf(payload).count || "several"} periods, loaded from ${from}.`, ...notes].join(" "));
  }
  showScope("day");
  const names = namesOf(days);
  const { co2, step } = question;
  const kept = days.slice(0, MOST_SCENARIOS).map(({ payload }, index) => ({ name: names[index], question: questionOf({ payload, co2, step }) }));
  const left = days.length - kept.length;
  const words = [
    `${days.length} days, loaded from ${from}: ${left ? `the first ${kept.length}` : "they"} are the scenarios below, and ${kept[0].name} is shown.`,
    left ? `${left} ${left === 1 ? "day is" : "days are"} left out.` : "",
    scenarios.kept.length ? "The scenarios of before are removed." : "",
    ...notes,
  ];
  day.load(kept[0].question);
  scenarios.open(kept);
  return showNote(words.filter(Boolean).join(" "));
}

/** Names by which days differ: their own, those of their files, or when they start. */
function namesOf(days) {
  const own = days.map(({ payload }) => payload.name);
  const ofFiles = days.map(({ name }) => name.replace(/\.\w+$/, ""));
  const starts = days.map(({ payload }) => periodsOf(payload)).map(({ isTimed, stamp }) => (isTimed ? stamp(0).slice(0, 10) : ""));
  const areNames = (list) => list.every((name) => name && typeof name === "string") && new Set(list).size === list.length;
  return [own, ofFiles, starts].find(areNames) ?? days.map((_, index) => `Day ${index + 1}`);
}

function startDay(payload, options = {}) {
  showScope("day");
  day.start(payload, { co2: question.co2, step: question.step, ...options });
}

/** A period of the day in the other view. */
function openHour({ payload, co2, step, roundLoad }, period) {
  showScope("hour");
  start({ payload: hourOf(payload, period), co2, step, roundLoad, feasible: false });
  showNote(`The period ${day.periods.label(period)} of the day, planned alone. "Day" leads back.`);
  scrollTo({ top: 0 });
  byId("result").focus({ preventScroll: true });
}

function dayChanged(example) {
  byId("example").value = example;
  keepInAddress();
}

byId("scope").addEventListener("change", async ({ target }) => {
  showNote("");
  if (target.value === "hour" && !steps.state) return examples.load(FIRST_EXAMPLE);
  if (target.value === "day" && !day.state) return examples.load(FIRST_DAY);
  showScope(target.value);
  showExample();
  keepInAddress();
});

const showExample = () => (byId("example").value = (scope() === "day" ? day.state : steps.state)?.example ?? "");

const examples = {
  async load(name) {
    const payload = await fetch(`web/examples/${name}.json`).then(
      (response) => response.json(),
      () => undefined,
    );
    if (isDay(payload)) startDay(payload, { example: name });
    else if (payload !== undefined) {
      showScope("hour");
      start({ ...question, payload, feasible: false }, { example: name });
    }
    showExample();
    showNote(payload === undefined ? "The server does not answer." : "");
  },
};

async function takeFiles(files) {
  const isWorkbook = ({ name }) => /\.xls[xm]$/i.test(name);
  const sourceOf = async (file) => ({ name: file.name, file, text: isWorkbook(file) ? undefined : await file.text() });
  open(await Promise.all([...files].map(sourceOf)));
}

const takeText = (text) => open([{ name: "the clipboard", text }]);

async function paste() {
  const text = await navigator.clipboard?.readText().catch(() => undefined);
  if (text !== undefined) return takeText(text);
  showScope("hour");
  json.open();
  byId("json").select();
  return showNote("The browser does not allow this. Paste into the JSON instead.");
}

byId("example").addEventListener("change", ({ target }) => examples.load(target.value));
byId("open").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", async ({ target }) => {
  await takeFiles(target.files);
  target.value = "";
});
byId("paste").addEventListener("click", paste);
document.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text");
  const isForField = event.target.closest?.(TEXT_FIELD) && !(isCells(text) && event.target.closest("#fleet"));
  if (isForField) return;
  event.preventDefault();
  takeText(text);
});
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    if (kind === "drop") takeFiles(event.dataTransfer.files);
  });
}

// --- The payload as JSON --------------------------------------------------------------------------------------------

const json = {
  /** Only if it is visible: the JSON of a large fleet is slow. */
  show() {
    if (byId("as-json").hidden) return;
    byId("json").value = JSON.stringify(question.payload, null, 2);
    this.fault("");
  },
  fault(text) {
    byId("json-fault").textContent = text;
    byId("json").setAttribute("aria-invalid", String(Boolean(text)));
  },
  edited() {
    try {
      whatIf({ ...question, payload: JSON.parse(byId("json").value) }, { source: json, place: "json", typed: true });
      this.fault("");
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.fault(`Not JSON yet: ${error.message}`);
    }
  },
  /** Switches to the JSON, and shows a text if there is one. */
  open(text) {
    document.querySelector("[name=view][value=json]").click();
    byId("json").focus();
    if (text === undefined) return;
    byId("json").value = text;
    this.edited();
  },
};

byId("json").addEventListener("input", () => json.edited());
byId("view").addEventListener("change", ({ target }) => {
  byId("as-json").hidden = target.value !== "json";
  byId("as-table").hidden = target.value !== "table";
  json.show();
});

// --- What if --------------------------------------------------------------------------------------------------------

byId("co2").addEventListener("change", ({ target }) => whatIf({ ...question, co2: target.checked }));
byId("step").addEventListener("change", ({ target }) => whatIf({ ...question, step: target.value }));
byId("round-load").addEventListener("change", ({ target }) => whatIf({ ...question, roundLoad: target.checked }));
byId("reset").addEventListener("click", () => {
  enter({ question: baseline.question, baseline, example: "" }, { isLoaded: true });
  focusSliders();
});
byId("keep").addEventListener("click", () => {
  const known = shown.question === question;
  baseline = { question, report: known ? shown.report : null, known };
  steps.add({ ...steps.state, baseline });
  showSteps();
  keepInAddress();
  if (known) show(shown);
  focusSliders();
});

/** These buttons are disabled when they are pressed, so the focus moves back to the sliders. */
function focusSliders() {
  byId("load-slider").focus({ preventScroll: true });
}

// --- Undo and redo --------------------------------------------------------------------------------------------------

function showSteps() {
  byId("keep").disabled = byId("reset").disabled = question === baseline.question;
  for (const id of ["undo", "fleet-undo"]) byId(id).disabled = !steps.canUndo;
  for (const id of ["redo", "fleet-redo"]) byId(id).disabled = !steps.canRedo;
}

function undo() {
  if (!steps.canUndo) return;
  steps.undo();
  apply({});
}

function redo() {
  if (!steps.canRedo) return;
  steps.redo();
  apply({});
}

for (const [id, act, other] of [
  ["undo", undo, "redo"],
  ["redo", redo, "undo"],
  ["fleet-undo", undo, "fleet-redo"],
  ["fleet-redo", redo, "fleet-undo"],
]) {
  byId(id).addEventListener("click", () => {
    act();
    if (byId(id).disabled) byId(other).focus();
  });
}
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest?.(TEXT_FIELD)) return;
  const key = event.key.toLowerCase();
  const act = key === "z" ? (event.shiftKey ? redo : undo) : key === "y" ? redo : null;
  if (!act) return;
  event.preventDefault();
  if (scope() === "hour") act();
  else if (act === undo) day.undo();
  else day.redo();
});

// A click elsewhere or Escape closes what the proof means.
const certainty = byId("certainty");
document.addEventListener("pointerdown", ({ target }) => {
  if (!certainty.contains(target)) certainty.open = false;
});
certainty.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  certainty.open = false;
  byId("certainty-label").focus();
});
byId("prove").addEventListener("click", () => accept(false));

// --- Exports --------------------------------------------------------------------------------------------------------

const showCurl = () => byId("as-curl").open && (byId("curl").textContent = curlOf(question));
byId("as-curl").addEventListener("toggle", showCurl);

const linkToThis = async () => {
  history.replaceState(null, "", await toFragment(stateOfPage()));
  return location.href;
};
const keepInAddress = whenQuiet(300, linkToThis);

/** The question of the view, its baseline and its scenarios. What they have in common is there once. */
function stateOfPage() {
  const view = scope() === "day" ? day : { question, baseline };
  const payloadOf = ({ loaded, payload }) => loaded ?? payload;
  const whole = payloadOf(view.question);
  const kept = ({ loaded: _, payload: __, changes, ...options }) => ({ ...options, changes: changes && !isUnchanged(changes) ? changes : undefined });
  const other = (asked) => {
    const payload = payloadOf(asked);
    const isSameFleet = isTabular(payload) && payload.powerplants === whole?.powerplants;
    return { ...kept(asked), payload: payload === whole ? undefined : isSameFleet ? { ...payload, powerplants: undefined } : payload };
  };
  return {
    payload: whole,
    ...kept(view.question),
    baseline: view.baseline.question === view.question ? undefined : other(view.baseline.question),
    scenarios: scenarios.kept.length ? scenarios.kept.map(({ name, question: asked }) => ({ name, ...other(asked) })) : undefined,
  };
}

/** Shows what {@link stateOfPage} has returned once, also in an older version of the page, or on another server. */
function openState(state) {
  const isOfDay = isDay(state.payload);
  const steps = [...byId("step").options].map((option) => option.value);
  const made = new Map();
  /** The same object for the same question, so that it is asked once. */
  const questionIn = ({ payload, changes, co2, step, roundLoad, feasible }) => {
    const options = {
      co2: co2 === true,
      step: steps.includes(step) ? step : USUAL_STEP,
      roundLoad: roundLoad === true,
      ...(isOfDay ? {} : { feasible: feasible === true }),
    };
    const key = JSON.stringify([payload, changes, options]);
    if (!made.has(key)) {
      const whole = payload === undefined ? state.payload : isObject(payload) ? { powerplants: state.payload?.powerplants, ...payload } : payload;
      made.set(key, isOfDay ? questionOf({ payload: whole, changes, ...options }) : { payload: whole, ...options });
    }
    return made.get(key);
  };
  const own = { ...state, payload: undefined };
  const next = questionIn(own);
  const compared = questionIn(state.baseline ?? { ...own, changes: undefined });
  const kept = Array.isArray(state.scenarios) ? state.scenarios.filter(isObject) : [];
  showScope(isOfDay ? "day" : "hour");
  if (isOfDay) day.load(next, { compared });
  else start(next, { compared });
  scenarios.open(kept.map((one) => ({ name: String(one.name), question: questionIn(one) })));
}

async function restore() {
  const state = await fromFragment(location.hash);
  if (!isObject(state) || state.payload === undefined) return false;
  openState(state);
  return true;
}

/** Sets the action of a button, which shows for a moment that it is done. */
function onPress(id, done, act) {
  const button = byId(id);
  const words = button.textContent;
  const back = whenQuiet(1600, () => (button.textContent = words));
  button.addEventListener("click", async () => {
    try {
      button.textContent = (await act()) ?? done;
    } catch (error) {
      button.textContent = error instanceof Problem ? (error.document.status === 422 ? "No plan" : "No answer") : "Not allowed by the browser";
    }
    back();
  });
}

/** A link that most programs would cut off is not copied: a file is saved. */
onPress("copy-link", "Copied", async () => {
  const link = await linkToThis();
  if (link.length <= LONGEST_LINK) return copy(link);
  const state = stateOfPage();
  const hasMore = state.baseline || state.scenarios;
  if (hasMore) save(`${scope()}.json`, JSON.stringify(state));
  else save("payload.json", JSON.stringify((scope() === "day" ? day : { question }).question.payload));
  const what = hasMore ? "the payload, its baseline and scenarios are saved as a file, which can be opened here" : "the payload is saved as a file";
  showNote(`A link would have ${link.length} letters, more than many programs keep: ${what}.`);
  return "Saved";
});
onPress("copy-curl", "Copied", () => copy(curlOf(question)));
onPress("download-plan", "Saved", async () =>
  save("plan.json", (await post("productionplan", question)).text),
);
onPress("download-report", "Saved", async () =>
  save("report.json", (await post("productionplan/report", question)).text),
);

const dayTitle = () => {
  const { outcome } = day.shown;
  const times = day.periods.range(0, day.periods.count - 1);
  return `${day.periods.day(0)} ${times}: ${cents(outcome.cost)} €, ${tonnes(outcome.emitted)} CO₂, ${outcome.starts} ${outcome.starts === 1 ? "start" : "starts"}`.trim();
};
onPress("day-csv", "Saved", () => {
  const names = day.question.payload.powerplants.map((plant) => plant.name);
  save("plan.csv", csvOf(day.shown.outcome, names), "text/csv");
});
onPress("day-xlsx", "Saved", async () => {
  const payload = { ...day.question.payload, previous: day.shown.outcome.answer.plan };
  save("plan.xlsx", (await post("productionplan/horizon", { ...day.question, payload }, undefined, WORKBOOK)).blob);
});
onPress("day-png", "Saved", async () => save("day.png", await pngOf(dayTitle(), day.figure.drawn)));
onPress("day-svg", "Saved", () => save("day.svg", svgOf(dayTitle(), day.figure.drawn).text, "image/svg+xml"));
onPress("day-report", "Saved", () => save("report.json", JSON.stringify(day.shown.outcome.answer)));
byId("day-print").addEventListener("click", () => print());
addEventListener("hashchange", restore);

// --- Scenarios ------------------------------------------------------------------------------------------------------

const energiesOf = (plants, part) => new Map(plants.map((plant) => [plant.name, plant[part]]));

function totalsOfDay(outcome) {
  const { cost, emitted, starts, gap, status, powerplants } = outcome;
  const average = pricesOf(outcome)?.average ?? null;
  return { cost, emitted, starts, gap: status === "optimal" ? 0 : gap, average, energies: energiesOf(powerplants, "energy") };
}

function totalsOfHour(report) {
  const { cost, co2_emitted_tonnes: emitted, average_price: average, powerplants } = report;
  return { cost: cost.total, emitted, starts: null, gap: gapOf(report), average, energies: energiesOf(powerplants, "p") };
}

/** The question that is shown with the totals of its plan; null while there is none. */
function currentScenario() {
  if (scope() === "day") {
    const { question: asked, outcome } = day.shown;
    return outcome && asked === day.question ? { question: asked, totals: totalsOfDay(outcome) } : null;
  }
  const { question: asked, report } = shown;
  return report && asked === question ? { question: asked, totals: totalsOfHour(report) } : null;
}

/** The totals of a question that is not shown, or its problem. */
async function planScenario(asked, view) {
  if (view === "day") {
    const { outcome, problem } = await day.plan(asked);
    return { totals: outcome && totalsOfDay(outcome), problem };
  }
  try {
    return { totals: totalsOfHour(await planOf(asked)), problem: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { totals: null, problem: error.document };
  }
}

const scenarios = new Scenarios({
  current: currentScenario,
  opened: (asked) => (scope() === "day" ? day.show(asked) : whatIf(asked)),
  plan: planScenario,
  changed: keepInAddress,
});
scenarios.show();
document.addEventListener("scope", () => scenarios.show());

// --- Light and dark -------------------------------------------------------------------------------------------------

byId("theme").addEventListener("change", ({ target }) => {
  document.documentElement.dataset.theme = target.value;
  localStorage.setItem("theme", target.value);
});
const theme = document.documentElement.dataset.theme ?? "auto";
document.querySelector(`[name=theme][value=${theme}]`).checked = true;

// --- Start ----------------------------------------------------------------------------------------------------------

const linked = location.hash.length > 1;
if (!(await restore())) {
  await examples.load(FIRST_EXAMPLE);
  if (linked) showNote("The link is not complete, so this is an example.");
}
