/**
 * What a long file costs: loading, editing, comparing, committing, showing, and how long mail stands still for each.
 *
 *     deno run -A --unsafely-ignore-certificate-errors=127.0.0.1 tests/bench/tables.ts [recipients|senders|routes|destinations|all] [ROWS …]
 *
 * *Main* is the CPU of the gateway's own thread, which serves mail. *Stall* is the longest that this thread computed between two turns of its event loop, in CPU: no
 * mail waits longer on a quiet machine, and a busy one says much the same.
 *
 * @module
 */
import { cheapHash } from "../auth/hashes.ts";
import { GatewayProcess } from "../support/gateway_process.ts";

const password = "a long enough password";
const kinds = ["recipients", "senders", "routes", "destinations"] as const;
type Kind = typeof kinds[number];

const many = (rows: number, row: (at: number) => string) => Array.from({ length: rows }, (_, at) => row(at)).join("");

function configOf(counts: Partial<Record<Kind, number>>, ports: Record<string, number>): string {
  const { recipients = 1, senders = 1, routes = 1, destinations = 1 } = counts;
  return `version: 1
hostname: gw.example.test
storage: { directory: ./data }
limits: { max_memory: 8G }
listeners:
  inbound:
    address: 127.0.0.1:${ports.inbound}
    type: public
    sender_groups:
      - name: KNOWN
        senders:
${many(senders, (at) => `          - 10.${at >> 16}.${at >> 8 & 255}.${at & 255}\n`)}        policy: ACCEPTED
      - { name: ALL, policy: ACCEPTED }
    recipients:
${many(recipients, (at) => `      - { address: user${at}@example${at % 1000}.com, action: accept }\n`)}\
      - { address: ALL, action: reject }
mail_flow_policies:
  ACCEPTED: { action: accept }
smtp_routes:
${many(routes, (at) => `  d${at}.example.com: ["192.0.2.${at % 250 + 1}:25"]\n`)}\
destination_controls:
  domains:
${many(destinations, (at) => `    d${at}.example.com: { tls: ${at % 2 === 0 ? "required" : "none"} }\n`)}\
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

function memoryMiB(pid: number, key: "VmRSS" | "VmHWM"): number {
  return Number(new RegExp(`${key}:\\s+(\\d+)`).exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]) / 1024;
}

async function measure(counts: Partial<Record<Kind, number>>, { workers }: { workers: number }): Promise<void> {
  const stalls = await Deno.makeTempFile();
  const begun = performance.now();
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "admin"],
    config: (ports) => `${configOf(counts, ports)}workers: ${workers}\n`,
    startMs: 120_000,
    main: new URL("../support/stall_main.ts", import.meta.url).pathname,
    env: { POSTERN_STALLS: stalls },
  });
  const { pid } = gateway;
  const started = performance.now() - begun;
  const startCpu = cpuMs(pid);
  const base = `https://127.0.0.1:${gateway.ports.admin}`;
  let headers: Record<string, string> = { "Content-Type": "application/json" };
  const ask = async (path: string, { method = "GET", body }: { method?: string; body?: unknown } = {}) => {
    const form = body instanceof URLSearchParams;
    const response = await fetch(`${base}${path}`, {
      method,
      headers: form
        ? { Cookie: headers.Cookie, Origin: base, "Content-Type": "application/x-www-form-urlencoded" }
        : { ...headers, "If-Match": "*" },
      redirect: "manual",
      body: form ? `${body}&csrf=${headers["X-CSRF-Token"]}` : body === undefined ? undefined : JSON.stringify(body),
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
  console.log(`\n${JSON.stringify(counts)}, ${(size / 1_048_576).toFixed(2)} MiB, workers ${workers}`);
  const mib = Math.round(memoryMiB(pid, "VmRSS"));
  console.log(`start ${Math.round(started)} ms, ${startCpu} ms of CPU; memory ${mib} MiB\n`);
  console.log("| what | ms | CPU ms | main ms | stall ms |\n| --- | --: | --: | --: | --: |");

  const step = async (what: string, work: () => Promise<unknown>) => {
    await new Promise((go) => setTimeout(go, 300));
    await Deno.writeTextFile(stalls, "");
    const [from, cpu, main] = [performance.now(), cpuMs(pid), cpuMs(pid, `/task/${pid}`)];
    let failed = "";
    await work().catch((error) => failed = ` (${String(error).slice(0, 200)})`);
    const ms = performance.now() - from;
    const spent = [ms, cpuMs(pid) - cpu, cpuMs(pid, `/task/${pid}`) - main];
    await new Promise((go) => setTimeout(go, 100));
    const stall = Math.max(0, ...(await Deno.readTextFile(stalls)).split("\n").map(Number));
    const cells = [...spent, stall].map((value) => Math.round(value).toLocaleString("en"));
    console.log(`| ${what}${failed} | ${cells.join(" | ")} |`);
  };
  const [kind, rows] = Object.entries(counts).sort((a, b) => b[1]! - a[1]!)[0] as [Kind, number];
  const last = rows - 1;
  const domains = ["destination_controls", "domains"];
  const { page, found, path, value, byHand } = {
    recipients: {
      page: "/rat",
      found: `/rat?filter=user${last}@`,
      path: ["listeners", "inbound", "recipients", last],
      value: { address: `user${last}@example${last % 1000}.com`, action: "reject" },
      byHand: ["user7@", "seven@"],
    },
    senders: {
      page: "/hat",
      found: `/hat/edit?listener=inbound&group=KNOWN`,
      path: ["listeners", "inbound", "sender_groups", 0, "senders", last],
      value: "192.0.2.9",
      byHand: ["- 10.0.0.7\n", "- 192.0.2.7\n"],
    },
    routes: {
      page: "/routes",
      found: `/routes?filter=d${last}.example`,
      path: ["smtp_routes", `d${last}.example.com`],
      value: ["192.0.2.77:25"],
      byHand: ["  d7.example.com: [", "  seven.example.com: ["],
    },
    destinations: {
      page: "/destinations",
      found: `/destinations?filter=d${last}.example`,
      path: [...domains, `d${last}.example.com`, "tls"],
      value: "preferred",
      byHand: ["    d7.example.com: {", "    seven.example.com: {"],
    },
  }[kind];
  const stage = (changes: unknown[]) => () => ask("/api/v1/config/candidate", { method: "PATCH", body: { changes } });
  await step("nothing, for a second", () => new Promise((go) => setTimeout(go, 1_000)));
  await step("a page, first of all", () => ask("/dns"));
  await step("its page", () => ask(page));
  await step("again", () => ask(page));
  await step("a row found", () => ask(found));
  const text = await Deno.readTextFile(gateway.configPath);
  await step("edit by hand, in force", () => gateway.apply(text.replace(byHand[0], byHand[1])));
  await step("its page", () => ask(page));
  await step("stage a change", stage([{ path, value }]));
  await step("its page", () => ask(page));
  await step("again", () => ask(page));
  await step("difference", () => ask("/api/v1/config/pending"));
  if (kind === "recipients") {
    const row = { address: "late@example.com", action: "accept" };
    await step("stage a row more", stage([{ path: [...path.slice(0, -1), rows], value: row }]));
    const form = {
      listener: "inbound",
      row: `${rows - 9}`,
      address: `user${rows - 9}@example${(rows - 9) % 1000}.com`,
    };
    await step(
      "move a row on the page",
      () => ask("/rat/move", { method: "POST", body: new URLSearchParams({ ...form, to: "10" }) }),
    );
  }
  await step("page of changes", () => ask("/configuration/changes"));
  await step("commit, in force", () => ask("/api/v1/config/commit", { method: "POST", body: {} }));
  await step("history", () => ask("/api/v1/config/history"));
  await step("page of history", () => ask("/configuration"));
  await step("an entry, and what a roll back changes", () => ask("/api/v1/config/history/1"));
  await step("roll back", () => ask("/api/v1/config/history/1/rollback", { method: "POST", body: {} }));
  await step("the whole as JSON", () => ask("/api/v1/config"));
  await step("download", () => ask("/configuration/download"));
  await step("SIGHUP", async () => {
    const from = gateway.log.length;
    Deno.kill(pid, "SIGHUP");
    await gateway.logged(/Configuration applied/, { from });
  });
  console.log(
    `\nmemory ${Math.round(memoryMiB(pid, "VmRSS"))} MiB, at most ${Math.round(memoryMiB(pid, "VmHWM"))} MiB`,
  );
  await Deno.remove(stalls);
}

const [first = "recipients", ...rest] = Deno.args.filter((arg) => !arg.startsWith("--"));
const workers = Number(Deno.args.find((arg) => arg.startsWith("--workers="))?.slice(10) ?? 1);
for (const rows of rest.length === 0 ? [1_000, 100_000] : rest.map(Number)) {
  const counts = first === "all"
    ? Object.fromEntries(kinds.map((kind) => [kind, rows]))
    : { [first]: rows } as Partial<Record<Kind, number>>;
  await measure(counts, { workers });
}
