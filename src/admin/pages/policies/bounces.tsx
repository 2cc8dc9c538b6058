/**
 * Bounce profiles: how long mail is tried.
 *
 * @module
 */
import { bounceBuiltin, destinationBuiltin } from "../../../config/schema_mail.ts";
import type { Candidate } from "../candidate.ts";
import type { Desk } from "../desk.tsx";
import { flagChoices, type KeySpec } from "./keys.tsx";
import { mountNamed } from "./named.tsx";

// deno-fmt-ignore
const keys = {
  max_retries: { key: "max_retries", label: "bounces.max_retries", kind: "number" },
  max_queue_time: { key: "max_queue_time", label: "bounces.max_queue_time", hint: "keys.time", kind: "text" },
  initial_retry: { key: "initial_retry", label: "bounces.initial_retry", hint: "bounces.initial_retry.hint", kind: "text" },
  max_retry_interval: { key: "max_retry_interval", label: "bounces.max_retry_interval", hint: "keys.time", kind: "text" },
  send_delay_warning: { key: "send_delay_warning", label: "bounces.send_delay_warning", hint: "bounces.send_delay_warning.hint", kind: "choice", choices: flagChoices },
  delay_warning_after: { key: "delay_warning_after", label: "bounces.delay_warning_after", hint: "keys.time", kind: "text" },
} as const satisfies Record<string, KeySpec>;

/** Adds the pages. */
export function mountBounces(desk: Desk): void {
  mountNamed(desk, {
    path: "/bounces",
    action: "bounces",
    root: "bounce_profiles",
    builtIn: bounceBuiltin,
    groups: [
      {
        title: "bounces.group.retries",
        keys: [keys.max_queue_time, keys.max_retries, keys.initial_retry, keys.max_retry_interval],
      },
      { title: "bounces.group.warning", keys: [keys.send_delay_warning, keys.delay_warning_after] },
    ],
    columns: [keys.max_queue_time, keys.max_retries, keys.initial_retry, keys.send_delay_warning],
    usedBy,
    title: "nav.bounces",
    about: "bounces.about",
    add: "bounces.add",
    one: "bounces.one",
    ask: "bounces.ask",
  });
}

/** Destinations by the profile that they name. */
function usedBy(candidate: Candidate): Map<string, string[]> {
  const root = ["destination_controls"];
  const uses = new Map<string, string[]>();
  const note = (name: unknown, by: string) => {
    const list = uses.get(String(name)) ?? [];
    list.push(by);
    uses.set(String(name), list);
  };
  note(candidate.said([...root, "default", "bounce_profile"]) ?? destinationBuiltin.bounce_profile, "default");
  for (const [domain, block] of Object.entries(candidate.said([...root, "domains"]) ?? {})) {
    const name = (block as { bounce_profile?: unknown } | null)?.bounce_profile;
    if (name !== undefined) note(name, domain);
  }
  return uses;
}
