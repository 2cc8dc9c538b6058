/**
 * What a long file costs: loading, editing, comparing, committing, showing, and how long mail waits for each.
 *
 *     deno run -A --unsafely-ignore-certificate-errors=127.0.0.1 tests/bench/tables.ts [ROWS …]
 *
 * *Main* is the CPU of the gateway's own thread, which serves mail: no wait of mail is longer, and on a machine with other work it is the steadier figure. *Wait* is the
 * longest that a client waited for its greeting meanwhile.
 *
 * @module
 */
import { cheapHash } from "../auth/hashes.ts";
import { greeted } from "../gateway/client.ts";

import { GatewayProcess } from "../support/gateway_process.ts";

const password = "a long enough password";

function configOf(rows: number, ports: Record<string, number>): string {
  const table = Array.from(
    { length: rows },
    (_, at) => `      - { address: user${at}@example${at % 1000}.com, action: accept }\n`,
  ).join("");
  return `version: 1
hostname: gw.example.test
storage: { directory: ./data }
listeners:
  inbound:
    address: 127.0.0.1:${ports.inbound}
    type: public
    sender_groups:
      - { name: ALL, policy: ACCEPTED }
    recipients:
${table}      - { address: ALL, action: reject }
mail_flow_policies:
  ACCEPTED: { action: accept }
admin:
  address: 127.0.0.1:${ports.admin}
  users:
    ann: { role: administrator, password_hash: "${cheapHash(password)}" }
`;
}

/** CPU seconds of the whole process, or of its first thread. */
function cpuMs(pid: number, thread = ""): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}${thread}/stat`).split(") ")[1].split(" ");
  return (Number(stat[11]) + Number(stat[12])) * 10;
}

async function measure(rows: number): Promise<void> {
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "admin"],
    config: (ports) => configOf(rows, ports),
    startMs: 120_000,
  });
  const base = `https://127.0.0.1:${gateway.ports.admin}`;
  let headers: Record<string, string> = { "Content-Type": "application/json" };
  const ask = async (path: string, { method = "GET", body }: { method?: string; body?: unknown } = {}) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...headers, "If-Match": "*" },
      redirect: "manual",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${method} ${path} got ${response.status}: ${text.slice(0, 500)}`);
    return { text, response };
  };
  const login = await ask("/api/v1/login", { method: "POST", body: { user: "ann", password } });
  headers = {
    ...headers,
    Cookie: login.response.headers.get("Set-Cookie")!.split(";")[0],
    "X-CSRF-Token": JSON.parse(login.text).csrf,
  };
  const size = (await Deno.stat(gateway.configPath)).size;
  console.log(`\n${rows.toLocaleString("en")} rows, ${(size / 1_048_576).toFixed(2)} MiB`);
  console.log("| what | ms | CPU ms | main ms | wait ms |\n| --- | --: | --: | --: | --: |");

  const step = async (what: string, work: () => Promise<unknown>) => {
    let done = false;
    let wait = 0;
    const probing = (async () => {
      while (!done) {
        const from = performance.now();
        // One that is turned away for coming so often has waited too.
        await greeted(gateway.ports.inbound).then((client) => client[Symbol.dispose](), () => {});
        wait = Math.max(wait, performance.now() - from);
        await new Promise((go) => setTimeout(go, 10));
      }
    })();
    const { pid } = gateway;
    const [from, cpu, main] = [performance.now(), cpuMs(pid), cpuMs(pid, `/task/${pid}`)];
    await work();
    const ms = performance.now() - from;
    const spent = [ms, cpuMs(pid) - cpu, cpuMs(pid, `/task/${pid}`) - main];
    done = true;
    await probing;
    console.log(`| ${what} | ${[...spent, wait].map((value) => Math.round(value).toLocaleString("en")).join(" | ")} |`);
  };
  const recipients = ["listeners", "inbound", "recipients"];
  await step("nothing, for a second", () => new Promise((go) => setTimeout(go, 1_000)));
  await step("a page, first of all", () => ask("/dns"));
  await step("recipient table, page", () => ask("/rat"));
  await step("again", () => ask("/rat"));
  const text = await Deno.readTextFile(gateway.configPath);
  await step("edit by hand, in force", () => gateway.apply(text.replace("user7@", "seven@")));
  await step("recipient table, page", () => ask("/rat"));
  const changes = [{ path: [...recipients, rows >> 1, "action"], value: "reject" }];
  await step("stage a change", () => ask("/api/v1/config/candidate", { method: "PATCH", body: { changes } }));
  await step("recipient table, page", () => ask("/rat"));
  await step("again", () => ask("/rat"));
  await step("difference", () => ask("/api/v1/config/pending"));
  const row = { address: "late@example.com", action: "accept" };
  await step("stage a row more", () =>
    ask("/api/v1/config/candidate", {
      method: "PATCH",
      body: { changes: [{ path: [...recipients, rows], value: row }] },
    }));
  await step("page of changes", () => ask("/configuration/changes"));
  await step("commit, in force", () => ask("/api/v1/config/commit", { method: "POST", body: {} }));
  await step("history", () => ask("/api/v1/config/history"));
  await step("an entry, and what a roll back changes", () => ask("/api/v1/config/history/1"));
  await step("the whole as JSON", () => ask("/api/v1/config"));
  await step("SIGHUP", async () => {
    const from = gateway.log.length;
    Deno.kill(gateway.pid, "SIGHUP");
    await gateway.logged(/Configuration applied/, { from });
  });
}

const sizes = Deno.args.map(Number);
for (const rows of sizes.length === 0 ? [1_000, 17_000] : sizes) await measure(rows);
