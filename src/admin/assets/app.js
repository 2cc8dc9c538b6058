/*
 * What every page does in the browser, and all of it is optional: without scripts each page works by links and forms.
 *
 * - [data-theme-switch]          light, dark, as the system
 * - [data-menu]                  opens the side bar on small screens
 * - form[data-confirm="…?"]      asks before it is sent, in a dialog
 * - [data-live="URL"]            is filled anew every data-every seconds (5) while the page is seen; the URL answers with a piece of HTML
 * - input[data-filter="SELECTOR"] hides rows of that table that do not have its text
 * - [data-submit-on-change]      sends its form when it changes
 */
const root = document.documentElement;

/** A cookie rather than local storage: the server renders with it, so nothing flashes. */
function remember(name, value) {
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Strict; Secure`;
}

for (const control of document.querySelectorAll("[data-theme-switch]")) {
  control.addEventListener("change", () => {
    if (control.value === "system") delete root.dataset.theme;
    else root.dataset.theme = control.value;
    remember("postern-theme", control.value);
  });
}

// The side bar is longer than many windows; where one is in it has to be seen.
document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });

for (const button of document.querySelectorAll("[data-menu]")) {
  button.addEventListener("click", () => {
    const open = document.querySelector(".side").classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  });
}

/** Asks in a dialog of the page: the browser's own cannot be styled, and may be switched off. */
function ask(question, { yes, no }) {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "ask-text";
  text.textContent = question;
  dialog.setAttribute("aria-labelledby", text.id);
  const form = document.createElement("form");
  form.method = "dialog";
  const row = document.createElement("div");
  row.className = "row";
  const button = (value, label, className) => {
    const made = document.createElement("button");
    made.value = value;
    made.textContent = label;
    made.className = className;
    row.append(made);
    return made;
  };
  button("yes", yes, "primary");
  button("no", no, "").autofocus = true;
  form.append(text, row);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    dialog.showModal();
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question === undefined || form.dataset.asked === "yes") return;
  event.preventDefault();
  const words = { yes: document.body.dataset.yes ?? "Yes", no: document.body.dataset.no ?? "No" };
  if (!await ask(question, words)) return;
  form.dataset.asked = "yes";
  form.requestSubmit(event.submitter);
  delete form.dataset.asked;
});

for (const control of document.querySelectorAll("[data-submit-on-change]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
}

for (const field of document.querySelectorAll("input[data-filter]")) {
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of document.querySelectorAll(`${field.dataset.filter} tbody tr`)) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    }
  });
}

/** Whether somebody is there: a page that only looks fresh keeps no session alive. */
let touched = false;
for (const sign of ["pointerdown", "pointermove", "keydown", "wheel"]) {
  addEventListener(sign, () => touched = true, { passive: true });
}

/** Pieces that stay fresh. A session that has ended leads to the login; a gateway that is away is waited for, with growing pauses. */
for (const piece of document.querySelectorAll("[data-live]")) {
  const every = Number(piece.dataset.every ?? 5) * 1000;
  let pause = every;
  const next = () => setTimeout(refresh, pause);
  const refresh = async () => {
    if (document.hidden) return next();
    const headers = touched ? {} : { "X-Postern-Live": "1" };
    touched = false;
    try {
      const answer = await fetch(piece.dataset.live, { headers, redirect: "manual" });
      if (answer.status === 401 || answer.type === "opaqueredirect") return location.reload();
      if (answer.ok && !piece.contains(document.activeElement)) {
        piece.innerHTML = await answer.text();
        piece.dispatchEvent(new CustomEvent("postern:fresh", { bubbles: true }));
      }
      pause = every;
    } catch {
      pause = Math.min(pause * 2, 60_000);
    }
    next();
  };
  next();
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.dispatchEvent(new CustomEvent("postern:seen"));
});
