/*
 * Comes back after a commit that changed how the page is reached.
 *
 * - [data-confirm-commit="ID"]  says over a new connection that the page is still reached; the gateway answers on an old one that it is old, and closes it.
 */
const place = document.querySelector("[data-confirm-commit]") ?? document.querySelector("[data-seconds]");
const id = Number(place?.dataset.confirmCommit ?? 0);
const state = place?.querySelector("[data-state]");
const timer = place?.querySelector("[data-timer]");
const csrf = document.querySelector("input[name=csrf]")?.value ?? "";
const end = performance.now() + Number(place?.dataset.seconds ?? 0) * 1000;
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

async function confirmed() {
  const answer = await fetch("/api/v1/config/confirm", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify({ id }),
    signal: AbortSignal.timeout(5000),
  });
  if (answer.ok) return "confirmed";
  return answer.status === 409 || answer.status === 429 || answer.status >= 500 ? "again" : "over";
}

async function comeBack() {
  say(place.dataset.trying);
  while (performance.now() < end) {
    // A listener that is being replaced gets its moment.
    await pause(1000);
    const result = await confirmed().catch(() => "again");
    if (result === "again") continue;
    say(result === "confirmed" ? place.dataset.confirmed : place.dataset.over);
    return;
  }
  say(place.dataset.over);
}

/** Waits until the page answers again, with what was there before. */
async function leave() {
  for (;;) {
    await pause(1500);
    const reached = await fetch(place.dataset.go, { signal: AbortSignal.timeout(5000) }).then(() => true, () => false);
    if (reached) return location.assign(place.dataset.go);
  }
}

if (place !== null) {
  // Loading the page again must not send the form again.
  history.replaceState(null, "", place.dataset.go);
  const counting = setInterval(() => {
    const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    timer.textContent = place.dataset.left.replace("{seconds}", String(seconds));
  }, 1000);
  if (id > 0) await comeBack();
  else await pause(Math.max(0, end - performance.now()));
  clearInterval(counting);
  await leave();
}
