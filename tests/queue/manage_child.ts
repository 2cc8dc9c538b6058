/**
 * Fills a queue, begins a bulk action, and is killed in the midst of it: `deno run -A manage_child.ts DIRECTORY ACTION`.
 *
 * @module
 */
import type { QueueAction } from "../../src/queue/manage.ts";
import { put, World } from "./world.ts";

const [directory, kind] = Deno.args;
const spool = await new World(directory).open();
await Promise.all(Array.from({ length: 2000 }, () => put(spool)));
const action = kind === "redirect" ? { kind, via: { host: "backup.test", port: 25 } } : { kind } as QueueAction;
const { signal } = new AbortController();
const acting = spool.manage.act(action as QueueAction, { filter: {}, signal });
console.log("begun");
await acting;
// Killed where it has not come to this.
await new Promise((resolve) => setTimeout(resolve, 60_000));
