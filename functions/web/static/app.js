/** Start of the page: sign-in, catalogue, and navigation between the views. */

import { readAddress } from "./address.js";
import { Api } from "./api.js";
import { Catalogue } from "./catalogue.js";
import { busy, byId, setShown, setText } from "./dom.js";
import { ExportList } from "./exports.js";
import { ExportForm } from "./form.js";
import { announce, notifyError } from "./messages.js";
import { Session } from "./session.js";
import { describeError } from "./sign-in-errors.js";
import { SignIn } from "./signin.js";

const NAME = "Dose Export";

// A page restored by the Back button would show what was there before the user signed out.
addEventListener("pageshow", (event) => event.persisted && location.reload());
start().catch(showFailure);

async function start() {
  byId("try-again").addEventListener("click", () => location.reload());
  byId("skip").addEventListener("click", () => byId("main").focus());
  byId("skip-export").addEventListener("click", () => byId("start").focus());
  addEventListener("keydown", showKeys);
  const session = new Session(await readConfiguration());
  const signIn = new SignIn(session);
  const draft = await signInFirst(session, signIn);
  let form = null;
  const api = new Api(session.config.api, session, () => signIn.promptAgain(() => form?.draft ?? null));
  byId("sign-out").addEventListener("click", () => signOut(session));
  session.addEventListener("signed-out", leave);
  setShown(byId("app-open"), !session.usesLoginPage);
  byId("app-open").addEventListener("click", () => busy(byId("app-open"), () => setUpApp(session)));
  setText(byId("user"), session.name);
  setShown(byId("account"), true);
  const catalogue = await loadCatalogue(api);
  if (!catalogue) return;
  signIn.rememberUser();
  form = showService(api, catalogue, draft);
}

/** Show the keys of the page at "?", unless it is typed into a field or a dialog is open. */
async function showKeys({ key, target }) {
  if (key !== "?" || target.matches?.("input, select, textarea") || document.querySelector("dialog[open]")) return;
  const keys = await import("./keys.js").catch(notifyError);
  keys?.showKeys();
}

async function readConfiguration() {
  const response = await fetch("config.json");
  if (!response.ok) throw new Error("Cannot load the configuration of the page.");
  return response.json();
}

/** Sign in if no user is signed in. Return the form draft from before the visit to the login page. */
async function signInFirst(session, signIn) {
  let message = "";
  const draft = await session.finishLogin().catch((error) => {
    message = describeError(error);
  });
  await session.join();
  if (!session.isSignedIn) {
    setShown(byId("loading"), false);
    await signIn.prompt(message);
    setShown(byId("loading"), true);
  }
  return draft;
}

/** Return the catalogue. Return null for a user without a group, and show why. */
async function loadCatalogue(api) {
  try {
    return new Catalogue(await api.listExportTypes());
  } catch (problem) {
    if (problem.code !== "GROUP_NEEDED") throw problem;
    setText(byId("no-access-text"), problem.message);
    showOnly("no-access");
    return null;
  }
}

function showService(api, catalogue, draft) {
  const list = new ExportList(api, catalogue, { onedit: edit, onactive: showActive });
  const form = new ExportForm(api, catalogue, showStarted);
  const schedules = new LatePart(async () => {
    const { Schedules } = await import("./schedules.js");
    return new Schedules(api, catalogue, { onstart: showStarted, onedit: editSchedule });
  });
  const usage = new LatePart(async () => {
    const { Usage } = await import("./usage.js");
    return new Usage(api, catalogue);
  });
  const help = new LatePart(async () => {
    const { Help } = await import("./help.js");
    return new Help(api, catalogue);
  });
  const views = { new: form, exports: list, schedules, ...(catalogue.isAdmin ? { usage } : {}), help };
  const scheduleDialog = new LatePart(async () => {
    const { ScheduleDialog } = await import("./schedule-dialog.js");
    return new ScheduleDialog(api, form, showSchedule);
  });
  const openScheduleDialog = () => scheduleDialog.use((dialog) => dialog.open());
  byId("schedule-button").addEventListener("click", (event) => busy(event.target, openScheduleDialog));
  setText(byId("user"), catalogue.user + (catalogue.isAdmin ? " (admin)" : ""));
  setShown(byId("to-usage"), catalogue.isAdmin);
  setShown(byId("navigation"), true);
  if (draft) form.restore(draft);
  addEventListener("hashchange", () => navigate(views, true));
  navigate(views, false);
  if (byId("exports").hidden) list.refresh();
  return form;

  async function showStarted(started) {
    await list.add(started).catch(notifyError); // first, so that the list does not seem empty
    location.hash = "#exports";
  }

  function showSchedule(written) {
    schedules.use((view) => view.add(written));
    location.hash = "#schedules";
  }

  function editSchedule(schedule) {
    return scheduleDialog.use((dialog) => dialog.edit(schedule));
  }

  function edit(each) {
    form.fillFrom(each);
    location.hash = form.address;
  }
}

/** A view or dialog whose modules are loaded when it is first used. */
class LatePart {
  /** @param {() => Promise<Object>} load returns the view or dialog */
  constructor(load) {
    this.load = load;
  }

  /** Call a function with it, once it is loaded. A later call tries again if it could not be. */
  async use(work) {
    this.part ??= this.load().catch((error) => {
      this.part = null;
      throw error;
    });
    try {
      await work(await this.part);
    } catch (error) {
      notifyError(error);
    }
  }

  /** Open the view with the parameters of an address. */
  open = (parameters) => this.use((view) => view.open(parameters));
}

/** Show the view that the address names. A modality belongs to the form. */
function navigate({ new: form, ...others }, moveFocus) {
  const { path, parameters } = readAddress(location.hash);
  const view = Object.hasOwn(others, path) ? path : "new";
  const isNewView = byId(view).hidden;
  showOnly(view);
  if (view === "new") {
    form.open(path, parameters);
  } else {
    form.leave();
    others[view].open(parameters);
  }
  document.title = `${byId(`${view}-title`).textContent} · ${NAME}`;
  byId("to-new").setAttribute("href", form.address);
  for (const name of ["new", ...Object.keys(others)]) {
    if (name === view) byId(`to-${name}`).setAttribute("aria-current", "page");
    else byId(`to-${name}`).removeAttribute("aria-current");
  }
  if (isNewView && moveFocus) byId(`${view}-title`).focus();
}

function showOnly(id) {
  for (const view of ["loading", "failure", "no-access", "new", "exports", "schedules", "usage", "help"])
    setShown(byId(view), view === id);
  setShown(byId("skip-export"), id === "new");
}

/** Show the number of the user's active exports beside the link to them. */
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

async function setUpApp(session) {
  try {
    const { openDialog } = await import("./authenticator.js");
    await openDialog(session);
  } catch (error) {
    notifyError(new Error(describeError(error)));
  }
}

async function signOut(session) {
  await session.signOut();
  history.replaceState(null, "", location.pathname);
  if (session.usesLoginPage) session.endLogin();
  else location.reload();
}

/** Show the sign-in page, because another tab has signed out. */
function leave() {
  history.replaceState(null, "", location.pathname);
  location.reload();
}
