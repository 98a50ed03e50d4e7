// The page: one payload, whoever changes it; everything else follows.

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
const LONG = 40; // plants above which the table follows when the slider rests

/** What is asked: replaced as a whole with each change, so that an answer can be told to belong to it. */
let question = { payload: null, co2: document.documentElement.dataset.co2 === "true", feasible: false };
/** What the page shows: a question with its report, or with the problem that it has instead. */
let shown = { question: null, report: null, problem: null };
/** Where a what-if began: its question, its report, and whether its answer is known; null when nothing moves. */
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

// --- What is asked --------------------------------------------------------------------------------------------------

/** A new question, from which what-ifs begin. `source` has the change already and is not told of it. */
function start(next, source) {
  before = null;
  ask(next, source, true, source === fleet || source === json);
}

/** The question with one value of its hour moved: compared with what it was before. */
function whatIf(next, typed = false) {
  const known = shown.question === question;
  before ??= { question, report: known ? shown.report : null, known };
  ask(next, hour, false, typed);
}

/** All that shows the question follows at once; the server is asked at once too, or when the typing pauses. */
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

/** Said only of what takes a while. */
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

// --- What is answered -----------------------------------------------------------------------------------------------

function answer(asked, report, problem) {
  if (asked === before?.question) Object.assign(before, { report, known: true });
  if (before && !before.known) learn(before);
  if (asked !== before?.question || asked === question) shown = { question: asked, report, problem };
  if (shown.question) show(shown);
}

/** What a what-if began with was moved away from before it was answered. */
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
  byId("result").focus({ preventScroll: true }); // the button goes away
}

/** The best plan found is shown where none is proven in time, until the payload comes from elsewhere. */
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

// Heard once, when a slider has come to rest.
const announce = whenQuiet(800, (text) => (byId("announcer").textContent = text));
const tell = (text) => (byId("source-note").textContent = text);

// --- Where payloads come from ---------------------------------------------------------------------------------------

/** A payload as text from outside. What is no JSON is shown, to be mended. */
function read(text, from) {
  try {
    start({ ...question, payload: JSON.parse(text), feasible: false });
    tell(`Loaded from ${from}.`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    json.open(text);
    tell(`The content of ${from} is not JSON.`);
  }
}

const examples = {
  name: "", // of the one that is shown; none once anything of it has changed
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
    tell(payload === undefined ? "The server does not answer." : "");
  },
};

const takeFile = async (file) => file && read(await file.text(), file.name);

async function paste() {
  const text = await navigator.clipboard?.readText().catch(() => undefined);
  if (text !== undefined) return read(text, "the clipboard");
  json.open();
  byId("json").select();
  return tell("The browser does not allow this. Paste into the JSON instead.");
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
  /** Written only where it is seen: that of a large fleet takes its time. */
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
  /** Turns to the JSON; with a text, that is what it shows. */
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

/** Both buttons go out when they are pressed: whoever uses the keys goes on where it began. */
function focusSliders() {
  byId("load-slider").focus({ preventScroll: true });
}

byId("prove").addEventListener("click", () => accept(false));

// --- Ways out -------------------------------------------------------------------------------------------------------

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

/** A button that does something that takes a moment, and says that it is done in place of its words. */
function onPress(id, done, act) {
  const button = byId(id);
  const words = button.textContent;
  const back = whenQuiet(1600, () => (button.textContent = words));
  button.addEventListener("click", async () => {
    try {
      await act();
      button.textContent = done;
    } catch (error) {
      button.textContent = error instanceof Problem ? "No plan" : "The browser refused";
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

// --- The beginning --------------------------------------------------------------------------------------------------

const linked = location.hash.length > 1;
if (!(await restore())) {
  await examples.load(FIRST_EXAMPLE);
  if (linked) tell("The link is not complete, so this is an example.");
}
