// Comforts on top of pages that work without them: the browser's time zone, countdowns, a question
// before something final, no double sending, copying, and a word when a request fails.

// Whether the server did not know it before, and will know it from now on.
const rememberZone = () => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const kept = () => document.cookie.split("; ").includes(`tz=${zone}`);
  if (!zone || kept()) return false;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
  return kept();
};

// A first page shows times in a guessed zone; it is loaded once more unless it says something once.
const showOwnTimes = () => {
  const guessed = document.querySelector("meta[name=zone][content=guessed]");
  if (guessed && !document.querySelector(".flashes")) location.replace(location.pathname + location.search);
};

// -- countdowns ------------------------------------------------------------------------------------

const left = (milliseconds) => {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [days, hours] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600)];
  if (days > 1) return `${days} days`;
  if (hours > 0) return `${hours} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

// The server's time, not the browser's: clocks differ, and a sandbox's may be months ahead.
const told = document.querySelector("meta[name=server-time]");
const ahead = told ? new Date(told.content) - Date.now() : 0;

const tick = () => {
  for (const element of document.querySelectorAll("[data-deadline]:not(.is-over)")) {
    const remaining = new Date(element.dataset.deadline) - Date.now() - ahead;
    element.textContent = remaining > 0
      ? `${element.dataset.lead} ${left(remaining)}`
      : element.dataset.over;
    element.classList.toggle("is-over", remaining <= 0);
    if (remaining <= 0) say(element.dataset.over);
  }
};

// -- messages --------------------------------------------------------------------------------------

const toast = document.createElement("p");
toast.className = "toast";
toast.setAttribute("role", "status");

let quiet;
const say = (text) => {
  toast.textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { toast.textContent = ""; }, 6000);
};

// -- forms -----------------------------------------------------------------------------------------

const answerIn = (dialog) => new Promise((resolve) => {
  dialog.addEventListener("close", () => {
    resolve(dialog.returnValue === "yes");
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
});

const paragraph = (text) => Object.assign(document.createElement("p"), { textContent: text });

const choice = (label, value, kind) => Object.assign(document.createElement("button"), {
  className: `button button-${kind}`, value, textContent: label,
});

const ask = (form) => {
  const dialog = document.createElement("dialog");
  const answers = Object.assign(document.createElement("form"), { method: "dialog", className: "dialog-actions" });
  answers.append(choice("Go back", "no", "quiet"), choice(form.dataset.confirmLabel ?? "Yes", "yes", "danger"));
  dialog.append(paragraph(form.dataset.confirm), answers);
  return answerIn(dialog);
};

const confirmFirst = async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(form))) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(event.submitter);
  delete form.dataset.confirmed;
};

// The button keeps its name and value in what is sent, so it is marked, not disabled.
const working = (form, on) => {
  form.toggleAttribute("data-sending", on);
  for (const button of form.querySelectorAll("button[type=submit]")) {
    button.classList.toggle("is-working", on);
    button.setAttribute("aria-busy", on);
  }
};

const sendOnce = (event) => {
  const form = event.target;
  if (!("once" in form.dataset) || event.defaultPrevented) return;
  if (form.hasAttribute("data-sending")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  working(form, true);
};

const release = () => document.querySelectorAll("form[data-sending]").forEach((form) => working(form, false));

// -- clicks ----------------------------------------------------------------------------------------

const copy = async (button) => {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
  say("Copied");
};

const clicked = ({ target }) => {
  const copier = target.closest("[data-copy]");
  const opener = target.closest("[data-opens]");
  if (copier) copy(copier);
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
};

const escaped = (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
};

// -- the month of the slot picker ------------------------------------------------------------------

// Among open days one is in the tab order, and arrow keys go from it to the others.
const ARROWS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const openDays = () => [...document.querySelectorAll(".month a")];
const shownDay = (days) => days.find((day) => day.hasAttribute("aria-current")) ?? days[0];
const place = (day) => 7 * day.closest("tr").rowIndex + day.closest("td").cellIndex;

const rove = (day) => {
  for (const other of openDays()) other.tabIndex = other === day ? 0 : -1;
  document.querySelectorAll(".month-keys").forEach((hint) => { hint.hidden = false; });
};

const goTo = (day) => {
  rove(day);
  day.focus();
};

// To the nearest open day that way: in the same row for left and right, the same column for up and down.
const neighbour = (day, step) => {
  const [days, way] = [openDays(), Math.sign(step)];
  const ahead = days.filter((other) => (place(other) - place(day)) * way > 0 && (place(other) - place(day)) % step === 0);
  return way > 0 ? ahead[0] : ahead.at(-1);
};

const edge = (day, last) => {
  const week = [...day.closest("tr").querySelectorAll("a")];
  return last ? week.at(-1) : week[0];
};

// Another month is fetched; its chosen day then takes the focus.
let towards = false;
const turn = (later) => {
  const link = document.querySelector(later ? "a#month-later" : "a#month-earlier");
  towards = Boolean(link);
  link?.click();
};

const steered = (event) => {
  const day = event.target.closest?.(".month a");
  if (!day || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const { key } = event;
  const step = ARROWS[key];
  if (!step && !["Home", "End", "PageUp", "PageDown"].includes(key)) return;
  event.preventDefault();
  if (key.startsWith("Page")) return turn(key === "PageDown");
  const next = step ? neighbour(day, step) : edge(day, key === "End");
  if (next) goTo(next);
  else turn(step > 0);
};

// Says what was chosen beside the button, and to those who cannot see it what a new day holds.
const spoken = document.createElement("p");
spoken.className = "visually-hidden";
spoken.setAttribute("role", "status");

const chose = ({ target }) => {
  const line = target.form?.querySelector("[data-choice]");
  if (line && target.dataset.when) line.textContent = target.dataset.when;
};

let inside = false;
const leaving = () => { inside = Boolean(document.activeElement.closest("#picker")); };

const picked = ({ detail }) => {
  if (detail.elt.id !== "picker") return;
  const days = openDays();
  spoken.textContent = detail.elt.dataset.said;
  if (days.length) rove(shownDay(days));
  if (towards && days.length) shownDay(days).focus();
  else if (inside && document.activeElement === document.body) document.getElementById("month-title").focus();
  towards = false;
};

// -- what each new piece of page needs -------------------------------------------------------------

const settle = () => {
  document.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = !navigator.clipboard; });
  const errors = document.querySelector("[data-focus]:not([data-focused])");
  if (errors) {
    errors.dataset.focused = "";
    errors.focus();
  }
  tick();
};

const busy = (on) => document.documentElement.classList.toggle("is-busy", on);

document.body.append(toast, spoken);
if (openDays().length) rove(shownDay(openDays()));
if (rememberZone()) showOwnTimes();
settle();
setInterval(tick, 1000);
document.addEventListener("submit", confirmFirst, true);
document.addEventListener("submit", sendOnce, true);
document.addEventListener("click", clicked);
document.addEventListener("keydown", escaped);
document.addEventListener("keydown", steered);
document.addEventListener("change", chose);
window.addEventListener("pageshow", release);
document.addEventListener("htmx:beforeRequest", () => busy(true));
document.addEventListener("htmx:afterRequest", () => { busy(false); release(); });
document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("htmx:beforeSwap", leaving);
document.addEventListener("htmx:afterSettle", picked);
document.addEventListener("htmx:responseError", () => say("That did not work. Please try again in a moment."));
document.addEventListener("htmx:sendError", () => say("We could not be reached. Check your connection, then try again."));
