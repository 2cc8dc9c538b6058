/**
 * Questions about what the gateway would do: `trace` and `tlsverify`, with its progress as server-sent events.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { causeOf } from "../../base/text.ts";
import type { NextHop } from "../../config/config.ts";
import { parseDomain, parseHostPort } from "../../config/values.ts";
import type { CommandArgs } from "../../control/protocol.ts";
import type { Probe } from "../../deliver/probe.ts";
import { literalAddress } from "../../policy/route.ts";
import { levelTable } from "../../tls/level.ts";
import { Problem } from "../problem.ts";
import type { AdminEnv, AdminWorld } from "../world.ts";
import { type ApiApp, serve } from "./operation.ts";
import { moment } from "./schemas.ts";

const tag = "explain";
const word = z.string().min(1).max(1_000);

const traceSchema = z.strictObject({
  decisions: z.array(z.looseObject({ step: z.string(), text: z.string() })),
  verdict: z.strictObject({ accepted: z.boolean(), text: z.string() }),
  dialogue: z.array(z.strictObject({ step: z.string(), command: z.string(), reply: z.array(z.string()) })),
  log: z.array(z.string()),
}).openapi("Trace");

const certificateSchema = z.looseObject({
  subject: z.string(),
  issuer: z.string(),
  serial: z.string(),
  notBefore: moment,
  notAfter: moment,
  names: z.array(z.string()),
  fingerprint: z.string(),
  key: z.string(),
}).openapi("CertificateFacts");

const probedHostSchema = z.looseObject({
  host: z.strictObject({ name: z.string(), address: z.string(), port: z.int() }),
  dialogue: z.array(z.strictObject({ by: z.enum(["client", "server", "us"]), text: z.string() }))
    .openapi({ description: "A server's words are not escaped" }),
  met: z.looseObject({
    kind: z.enum(["encrypted", "tls_failed", "no_tls", "no_dialogue"]),
    facts: z.looseObject({ protocol: z.string(), cipher: z.string(), certificates: z.array(certificateSchema) })
      .optional(),
  }),
  verified: z.boolean(),
  levels: z.array(
    z.strictObject({ level: z.string(), end: z.enum(["encrypted", "clear", "deferred"]), text: z.string() }),
  ),
}).openapi("ProbedHost");

const probeSchema = z.strictObject({
  destination: z.string(),
  level: z.string(),
  verifyNames: z.string(),
  hostsFrom: z.enum(["mx", "route", "given"]),
  hosts: z.array(probedHostSchema),
  text: z.string().optional(),
  verified: z.boolean().openapi({ description: "Every host that answered is verified, and one did" }),
}).openapi("Probe");

const domainSchema = z.string().min(1).max(255).superRefine((text, context) => {
  if (literalAddress(text) !== undefined) return;
  const parsed = parseDomain(text);
  if (!parsed.ok) context.addIssue({ code: "custom", message: `${parsed.what}; ${parsed.right}` });
}).openapi({ example: "partner.example" });

const hostSchema = z.string().min(1).max(300).superRefine((text, context) => {
  if (hopOf(text) === undefined) context.addIssue({ code: "custom", message: "is no host with a port; host:port" });
}).openapi({ description: "This host instead", example: "mx.partner.example:25" });

const triedLevels = levelTable.filter(({ tries }) => tries).map(({ name }) => name as string);

/** Probes at a time: each holds a connection to somebody else's host. */
const probesMax = 4;
/** A stream that is silent for long is closed by whoever stands between. */
const pingMs = 15_000;

/** Adds the operations. */
export function mountExplain(app: ApiApp): void {
  serve(app, {
    method: "post",
    path: "/trace",
    id: "trace",
    tag,
    summary: "Play a client against the configuration file, and show each decision with its line",
    description: "The words are those of `postern trace`. No message is sent.",
    role: "read-only",
    unaudited: true,
    body: z.strictObject({
      ip: word.openapi({ example: "192.0.2.9" }),
      host: word.optional(),
      unverifiedHost: word.optional(),
      listener: word.optional(),
      helo: word.optional(),
      tls: word.optional().openapi({ example: "TLSv1.3" }),
      certificate: word.optional(),
      unverifiedCertificate: word.optional(),
      auth: word.optional(),
      from: z.string().max(1_000).optional(),
      to: z.array(word).max(50).optional(),
      listed: z.array(word).max(50).optional(),
      noDns: z.boolean().optional(),
      noLdap: z.boolean().optional(),
      requiretls: z.boolean().optional(),
      tlsHeader: z.boolean().optional(),
    }),
    answer: traceSchema,
  }, async ({ world, body }) => {
    const end = await world.trace(traceArgs(body));
    if (!end.ok) throw new Problem(422, { detail: end.faults.join("\n") });
    return { ...end.trace, decisions: end.trace.decisions.map((decision) => ({ ...decision })) };
  });
  let running = 0;
  serve(app, {
    method: "post",
    path: "/tlsverify",
    id: "verifyTls",
    tag,
    summary: "Connect to a destination as delivery would, and show its TLS",
    description: "No message is sent. With `Accept: text/event-stream` each host comes as an event `host` as soon as " +
      "it is done, then the whole as `end`, or `fault`.",
    role: "operator",
    body: z.strictObject({
      domain: domainSchema,
      host: hostSchema.optional(),
      level: z.enum(triedLevels as [string, ...string[]]).optional(),
      seconds: z.int().min(1).max(120).optional()
        .openapi({ description: "For one address; 30 where nothing is said" }),
    }),
    answer: probeSchema,
    streams: ["text/event-stream"],
  }, async ({ world, body: { domain, host, level, seconds = 30 }, context, note }) => {
    note([domain, host ?? []].flat().join(" by "));
    if (running >= probesMax) throw new Problem(503, { detail: `${probesMax} destinations are being met: wait` });
    const parsed = parseDomain(domain);
    const question = {
      domain: parsed.ok && literalAddress(domain) === undefined ? parsed.value : domain,
      host: host === undefined ? undefined : hopOf(host),
      level: levelTable.find(({ name }) => name === level)?.name,
      ms: seconds * 1_000,
    };
    const probe = async (onHost?: (host: unknown) => void): Promise<ProbeAnswer> => {
      running++;
      try {
        return verdictOf(await world.probe({ ...question, onHost }));
      } finally {
        running--;
      }
    };
    const streamed = (context.req.header("Accept") ?? "").includes("text/event-stream");
    return streamed ? streamProbe(context, world, probe) : await probe();
  });
}

type ProbeAnswer = z.input<typeof probeSchema>;

function verdictOf(found: Probe): ProbeAnswer {
  const answered = found.hosts.filter(({ met }) => met.kind !== "no_dialogue");
  const verified = answered.length > 0 && answered.every((each) => each.verified);
  return { ...found, verified } as unknown as ProbeAnswer;
}

function streamProbe(
  context: Context<AdminEnv>,
  { clock }: AdminWorld,
  probe: (onHost: (host: unknown) => void) => Promise<ProbeAnswer>,
): Response {
  return streamSSE(context, async (stream) => {
    let last: Promise<unknown> = Promise.resolve();
    // One after the other; a browser that has gone misses them.
    const send = (event: string, data: unknown) =>
      last = last.then(() => stream.writeSSE({ event, data: JSON.stringify(data) })).catch(() => {});
    const ping = clock.every(pingMs, () => void send("ping", {}));
    try {
      await send("end", await probe((host) => void send("host", host)));
    } catch (error) {
      await send("fault", { detail: causeOf(error) });
    } finally {
      ping.cancel();
    }
  });
}

/** A host or an address, with port 25 where it is left out. */
export function hopOf(text: string): NextHop | undefined {
  const bare = (text.match(/:/g)?.length ?? 0) > 1 && !text.startsWith("[") ? `[${text}]` : text;
  const parsed = parseHostPort(/(^[^:\]]+|\])$/.test(bare) ? `${bare}:25` : bare);
  return parsed.ok && parsed.value.port > 0 ? { host: parsed.value.host, port: parsed.value.port } : undefined;
}

/** `unverifiedHost: "a"` as `{ "unverified-host": "a" }`. */
export function traceArgs(body: Readonly<Record<string, string | string[] | boolean | undefined>>): CommandArgs {
  const words: Record<string, string | string[] | true> = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === false) continue;
    words[name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)] = value;
  }
  return words;
}
