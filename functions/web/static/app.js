/** The page from its start: sign in, the catalogue, and the way between its views. */

import { readAddress } from "./address.js";
import { Api } from "./api.js";
import { Catalogue } from "./catalogue.js";
import { byId, setShown, setText } from "./dom.js";
import { ExportList } from "./exports.js";
import { ExportForm } from "./form.js";
import { announce } from "./messages.js";
import { Planner } from "./planner.js";
import { Schedules } from "./schedules.js";
import { Session } from "./session.js";
import { describeFault, SignIn } from "./signin.js";
import { Usage } from "./usage.js";

const NAME = "Dose Export";

// A page that the browser kept for the way back shows what was there before somebody signed out.
addEventListener("pageshow", (event) => event.persisted && location.reload());
start().catch(showFailure);

async function start() {
  byId("try-again").addEventListener("click", () => location.reload());
  byId("skip").addEventListener("click", () => byId("main").focus());
  const session = new Session(await readConfiguration());
  const signIn = new SignIn(session);
  const draft = await signInAtFirst(session, signIn);
  let form = null;
  const api = new Api(session.config.api, session, () => signIn.askAgain(() => form?.draft ?? null));
  byId("sign-out").addEventListener("click", () => signOut(session));
  setShown(byId("who"), true);
  const catalogue = await findCatalogue(api);
  if (!catalogue) return;
  signIn.remember();
  form = showService(api, catalogue, draft);
}

async function readConfiguration() {
  const response = await fetch("config.json");
  if (!response.ok) throw new Error("The page's configuration is not there.");
  return response.json();
}

/** Sign in if nobody is; returns what was typed before the login page was visited. */
async function signInAtFirst(session, signIn) {
  let fault = "";
  const draft = await session.finishLogin().catch((error) => {
    fault = describeFault(error);
  });
  if (!session.isSignedIn) {
    setShown(byId("loading"), false);
    await signIn.ask(fault);
    setShown(byId("loading"), true);
  }
  return draft;
}

/** The catalogue; null for a person without a group, who is told so. */
async function findCatalogue(api) {
  try {
    return new Catalogue(await api.listTypes());
  } catch (problem) {
    if (problem.code !== "GROUP_NEEDED") throw problem;
    setText(byId("user"), api.session.name ?? "");
    setText(byId("stranger-text"), problem.message);
    showOnly("stranger");
    return null;
  }
}

function showService(api, catalogue, draft) {
  const list = new ExportList(api, catalogue, { onedit: edit, onactive: showActive });
  const form = new ExportForm(api, catalogue, showStarted);
  const schedules = new Schedules(api, catalogue, showStarted);
  const usage = new Usage(api, catalogue);
  const views = { new: form, exports: list, schedules, ...(catalogue.isAdmin ? { usage } : {}) };
  new Planner(api, form, (made) => {
    schedules.add(made);
    location.hash = "#schedules";
  });
  setText(byId("user"), catalogue.user + (catalogue.isAdmin ? " (admin)" : ""));
  setShown(byId("places"), true);
  if (draft) form.restore(draft);
  addEventListener("hashchange", () => go(views, true));
  go(views, false);
  if (byId("exports").hidden) list.look();
  return form;

  function showStarted(started) {
    list.add(started);
    location.hash = "#exports";
  }

  function edit(each) {
    form.prepare(each);
    location.hash = form.address;
  }
}

/** Show the view that the address names; a modality is the form's. */
function go({ new: form, ...others }, moveFocus) {
  const { place, parameters } = readAddress(location.hash);
  const view = Object.hasOwn(others, place) ? place : "new";
  const isOther = byId(view).hidden;
  showOnly(view);
  if (view === "new") form.open(place, parameters);
  else others[view].open(parameters);
  document.title = `${byId(`${view}-title`).textContent} · ${NAME}`;
  byId("to-new").setAttribute("href", form.address);
  for (const name of ["new", ...Object.keys(others)]) {
    if (name === view) byId(`to-${name}`).setAttribute("aria-current", "page");
    else byId(`to-${name}`).removeAttribute("aria-current");
  }
  if (isOther && moveFocus) byId(`${view}-title`).focus();
}

function showOnly(id) {
  for (const view of ["loading", "failure", "stranger", "new", "exports", "schedules", "usage"])
    setShown(byId(view), view === id);
}

/** How many of one's own exports run, beside the link to them. */
function showActive(active) {
  const badge = byId("active");
  setText(badge, active.length ? String(active.length) : "");
  setShown(badge, active.length > 0);
  badge.setAttribute("aria-label", `${active.length} running`);
}

function showFailure(error) {
  setText(byId("failure-text"), error.message);
  showOnly("failure");
  announce(error.message);
}

async function signOut(session) {
  await session.signOut();
  history.replaceState(null, "", location.pathname);
  if (session.usesLoginPage) session.endLogin();
  else location.reload();
}
