/**
 * A recipient table of a hundred thousand rows in a gateway that serves: mail to its last row, its page, and a change that is put in force meanwhile.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cheapHash } from "../auth/hashes.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { runCommand } from "../support/peers.ts";
import { greeted } from "./client.ts";

const rows = 100_000;
const password = "a long enough password";
/** Waits of a thread that computes beside others take longer; a minute would be an end of service. */
const ms = 120_000;
/**
 * CPU of mail's thread between two turns of its event loop. It is 50 ms where nothing else runs, and was 380 where a table was handed over as a whole; a busy
 * machine, whose caches are others', takes several times as much.
 */
const stallMsMax = 1_000;

const rowOf = (at: number) => `user${at}@example${at % 1_000}.com`;

function configOf(ports: Record<string, number>): string {
  const table = Array.from(
    { length: rows },
    (_, at) => `      - { address: ${rowOf(at)}, action: accept }  # nr. ${at}\n`,
  );
  return `version: 1
hostname: gw.example.test
storage: { directory: ./data }
limits: { max_memory: 8G }
dns: { servers: ["127.0.0.1:9"], timeout: 1s }
listeners:
  inbound:
    address: 127.0.0.1:${ports.inbound}
    type: public
    sender_groups: [{ name: ALL, policy: ACCEPTED }]
    # Everybody whom we know.
    recipients:
${table.join("")}      - { address: ALL, action: reject }
mail_flow_policies:
  ACCEPTED: { action: accept, tls: "off" }
admin:
  address: 127.0.0.1:${ports.admin}
  users:
    ann: { role: administrator, password_hash: "${cheapHash(password)}" }
`;
}

/** What a recipient gets. */
async function answerTo(gateway: GatewayProcess, recipient: string): Promise<string> {
  using client = await greeted(gateway.ports.inbound);
  await client.ask("EHLO c.example.test");
  await client.ask("MAIL FROM:<a@example.org>");
  return await client.ask(`RCPT TO:<${recipient}>`);
}

Deno.test("a table of 100,000 rows is served, shown, searched, changed row by row and committed, and mail goes on", async () => {
  const stalls = await Deno.makeTempFile();
  using _after = { [Symbol.dispose]: () => Deno.removeSync(stalls) };
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "admin"],
    config: configOf,
    startMs: ms,
    main: new URL("../support/stall_main.ts", import.meta.url).pathname,
    env: { POSTERN_STALLS: stalls },
  });
  const base = `https://127.0.0.1:${gateway.ports.admin}`;
  const jar = `${gateway.folder}/jar`;
  let word = "";
  const ask = async (path: string, { method = "GET", body }: { method?: string; body?: unknown } = {}) => {
    const sent = body === undefined ? [] : ["--data-binary", JSON.stringify(body)];
    const headers = ["Content-Type: application/json", "If-Match: *", `X-CSRF-Token: ${word}`];
    const { stdout } = await runCommand("curl", [
      ...["--silent", "--show-error", "--insecure", "--max-time", "120", "--fail-with-body", "--request", method],
      ...["--cookie", jar, "--cookie-jar", jar, ...headers.flatMap((header) => ["--header", header]), ...sent],
      `${base}${path}`,
    ]);
    return stdout;
  };
  await Deno.writeTextFile(stalls, ""); // the start, which no mail waited for
  word = JSON.parse(await ask("/api/v1/login", { method: "POST", body: { user: "ann", password } })).csrf;

  const last = rowOf(rows - 1);
  assert.match(await answerTo(gateway, last), /^250 /);
  assert.match(await answerTo(gateway, "nobody@example.com"), /^550 /);
  const page = await ask("/rat");
  assert.ok(page.includes("user99@example99.com") && !page.includes("user1000@example0.com"));
  const found = await ask(`/rat?filter=user${rows - 1}@`);
  assert.ok(found.includes(last) && !found.includes("user99@"));

  const path = ["listeners", "inbound", "recipients", rows - 1, "action"];
  const staged = await ask("/api/v1/config/candidate", {
    method: "PATCH",
    body: { changes: [{ path, value: "reject" }] },
  });
  assert.match(
    JSON.parse(staged).pending.difference,
    /^\+ {6}- \{ address: user99999@example999\.com, action: reject \} {2}# nr\. 99999$/m,
  );
  assert.match(await answerTo(gateway, last), /^250 /);
  const before = await Deno.readTextFile(gateway.configPath);
  await ask("/api/v1/config/commit", { method: "POST", body: { comment: "the last one" } });
  // A commit is answered when it is in force.
  assert.match(await answerTo(gateway, last), /^550 /);
  assert.match(await answerTo(gateway, rowOf(rows - 2)), /^250 /);
  assert.equal(
    await Deno.readTextFile(gateway.configPath),
    before.replace(`${last}, action: accept`, `${last}, action: reject`),
  );
  const longest = Math.max(0, ...(await Deno.readTextFile(stalls)).split("\n").map(Number));
  assert.ok(longest < stallMsMax, `${longest} ms of CPU between two turns`);
});
