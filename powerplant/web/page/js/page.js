// The page: the current question, and everything that depends on it.

import { Planner, Problem, planOf, post } from "./api.js";
import { Bars } from "./bars.js";
import { MeritOrder } from "./chart.js";
import { byId, whenQuiet } from "./dom.js";
import { Fleet } from "./fleet.js";
import { showGlance, showNoPlan } from "./glance.js";
import { Hour, inWords, showDifference } from "./hour.js";
import { fromFragment, toFragment } from "./link.js";
import { pointerTo, withValue } from "./payload.js";
import { gapOf, highlight, showPlants, showTotals } from "./plan.js";
import { clearProblem, showProblem } from "./problem.js";
import { copy, curlOf, save } from "./share.js";

const FIRST_EXAMPLE = "payload3";
const LONG = 40; // with more plants the table is updated only when the slider rests

/** The current question. Each change replaces the object, so that an answer can be matched with its question. */
let question = { payload: null, co2: document.documentElement.dataset.co2 === "true", feasible: false };
/** The question on the page, with its report or its problem. */
let shown = { question: null, report: null, problem: null };
/** The start of a what-if: its question, its report, and whether its answer is known; null without a what-if. */
let before = null;

const chart = new MeritOrder((plant) => {
  bars.highlight(plant);
  highlight(plant);
});
const bars = new Bars((plant) => chart.point(plant));
const planner = new Planner(answer);
const current = () => question.payload;
const hour = new Hour(current, (payload, typed) => whatIf({ ...question, payload }, typed));
const fleet = new Fleet(current, (payload) => start({ ...question, payload }, fleet));

// --- Questions ------------------------------------------------------------------------------------------------------

/** Asks a new question, the start of later what-ifs. `source` is the view that made the change; it is not updated. */
function start(next, source) {
  before = null;
  ask(next, source, true, source === fleet || source === json);
}

/** Asks a question with a changed hour, and compares it with the start. */
function whatIf(next, typed = false) {
  const known = shown.question === question;
  before ??= { question, report: known ? shown.report : null, known };
  ask(next, hour, false, typed);
}

/** Updates every view at once, and asks the server: at once, or when the typing pauses. */
function ask(next, source, fresh, typed) {
  question = next;
  hour.show(fresh);
  if (fresh && source !== fleet) fleet.show();
  if (source !== json) json.show();
  byId("co2").checked = question.co2;
  byId("keep").disabled = byId("reset").disabled = before === null;
  showCurl();
  if (source !== examples) byId("example").value = examples.name = "";
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
  if (asked === before?.question) Object.assign(before, { report, known: true });
  if (before && !before.known) learn(before);
  if (asked !== before?.question || asked === question) shown = { question: asked, report, problem };
  if (shown.question) show(shown);
}

/** Requests the plan of the start of a what-if, if a slider moved before its answer came. */
async function learn(beginning) {
  beginning.known = true;
  try {
    beginning.report = await planOf(beginning.question);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  if (beginning === before && shown.question) show(shown);
}

function show({ report, problem }) {
  waiting.end();
  const compared = before?.report ?? null;
  if (report) {
    clearProblem();
    showTotals(report);
    chart.draw(report, compared);
    bars.show(report);
    showGlance(report, compared);
    (report.powerplants.length > LONG ? showPlantsSoon : showPlants)(report, compared);
    noteNotDrawn(report.powerplants.filter((plant) => !plant.pmax));
    announce(inWords(report, gapOf(report)));
  } else {
    chart.hide();
    showProblem(problem, { useLoad, takeFeasible, askAgain, showJson: () => json.open() });
    showNoPlan(problem.title);
    announce([problem.title, problem.detail].join(". "));
  }
  showDifference(before !== null, compared, report);
}

const showPlantsSoon = whenQuiet(150, showPlants);

function useLoad(load) {
  whatIf({ ...question, payload: withValue(question.payload, pointerTo("load"), load) });
  byId("result").focus({ preventScroll: true }); // the button disappears
}

/** Accepts plans that are not proven optimal, until another payload is loaded. */
function takeFeasible() {
  accept(true);
}

function accept(feasible) {
  ask({ ...question, feasible }, hour, false, false);
  byId("result").focus({ preventScroll: true });
}

function askAgain() {
  askNow();
  byId("result").focus({ preventScroll: true });
}

function noteNotDrawn(plants) {
  const note = byId("not-drawn");
  note.hidden = !plants.length;
  const names = plants.length > 3 ? `${plants.length} plants` : plants.map((plant) => plant.name).join(" and ");
  note.textContent = `Not in the chart, because they can produce nothing in this hour: ${names}.`;
}

// Once, when a slider rests.
const announce = whenQuiet(800, (text) => (byId("announcer").textContent = text));
const showNote = (text) => (byId("source-note").textContent = text);

// --- Sources of payloads --------------------------------------------------------------------------------------------

/** Loads a payload from text. Text that is not JSON is shown in the editor. */
function read(text, from) {
  try {
    start({ ...question, payload: JSON.parse(text), feasible: false });
    showNote(`Loaded from ${from}.`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    json.open(text);
    showNote(`The content of ${from} is not JSON.`);
  }
}

const examples = {
  name: "", // of the example on the page; empty after a change
  async load(name) {
    const payload = await fetch(`web/examples/${name}.json`).then(
      (response) => response.json(),
      () => undefined,
    );
    if (payload !== undefined) {
      this.name = name;
      start({ ...question, payload, feasible: false }, examples);
    }
    byId("example").value = this.name;
    showNote(payload === undefined ? "The server does not answer." : "");
  },
};

const takeFile = async (file) => file && read(await file.text(), file.name);

async function paste() {
  const text = await navigator.clipboard?.readText().catch(() => undefined);
  if (text !== undefined) return read(text, "the clipboard");
  json.open();
  byId("json").select();
  return showNote("The browser does not allow this. Paste into the JSON instead.");
}

byId("example").addEventListener("change", ({ target }) => examples.load(target.value));
byId("open").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", async ({ target }) => {
  await takeFile(target.files[0]);
  target.value = "";
});
byId("paste").addEventListener("click", paste);
document.addEventListener("paste", (event) => {
  if (!event.target.closest?.("input, textarea, select")) read(event.clipboardData.getData("text"), "the clipboard");
});
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    takeFile(event.dataTransfer.files[0]);
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
      start({ ...question, payload: JSON.parse(byId("json").value) }, json);
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
byId("reset").addEventListener("click", () => {
  start(before.question);
  focusSliders();
});
byId("keep").addEventListener("click", () => {
  start(question);
  focusSliders();
});

/** Keep and Reset are disabled when they are pressed, so the focus moves back to the sliders. */
function focusSliders() {
  byId("load-slider").focus({ preventScroll: true });
}

byId("prove").addEventListener("click", () => accept(false));

// --- Exports --------------------------------------------------------------------------------------------------------

const showCurl = () => byId("as-curl").open && (byId("curl").textContent = curlOf(question));
byId("as-curl").addEventListener("toggle", showCurl);

const linkToThis = async () => {
  const fragment = await toFragment(question);
  history.replaceState(null, "", fragment);
  return location.href;
};
const keepInAddress = whenQuiet(300, linkToThis);

async function restore() {
  const kept = await fromFragment(location.hash);
  if (kept?.payload === undefined) return false;
  start({ payload: kept.payload, co2: kept.co2 === true, feasible: kept.feasible === true });
  return true;
}

/** Sets the action of a button, which shows for a moment that it is done. */
function onPress(id, done, act) {
  const button = byId(id);
  const words = button.textContent;
  const back = whenQuiet(1600, () => (button.textContent = words));
  button.addEventListener("click", async () => {
    try {
      await act();
      button.textContent = done;
    } catch (error) {
      button.textContent = error instanceof Problem ? "No plan" : "Not allowed by the browser";
    }
    back();
  });
}

onPress("copy-link", "Copied", async () => copy(await linkToThis()));
onPress("copy-curl", "Copied", () => copy(curlOf(question)));
onPress("download-plan", "Saved", async () =>
  save("plan.json", (await post("productionplan", question)).text),
);
onPress("download-report", "Saved", async () =>
  save("report.json", (await post("productionplan/report", question)).text),
);
addEventListener("hashchange", restore);

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
