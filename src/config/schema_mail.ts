/**
 * The part of the schema that mail passes: listeners, policies, routes, destinations, bounces.
 *
 * The built-in values of blocks that inherit are tables of their own, since `default` in the file is laid over them.
 *
 * @module
 */
import * as z from "zod";
import {
  choiceKey,
  countKey,
  domainKey,
  durationKey,
  flagKey,
  hostPortKey,
  inheritedKey,
  listKey,
  namedKey,
  nameKey,
  oneOrMoreKey,
  replyTextKey,
  section,
  sizeKey,
  textKey,
  withDefault,
} from "./keys.ts";
import { senderGroupKey } from "./schema_senders.ts";
import { type Level, levelTable } from "../tls/level.ts";
import { recipientPattern, recipientRuleKey } from "./schema_recipients.ts";
import { kindOf, quoted } from "./faults.ts";
import { textVariables } from "./variables.ts";
import { parseDomainPattern } from "./values.ts";

const levelNames: readonly Level[] = levelTable.map((row) => row.name);

/** What `mail_flow_policies.default` is before the file says anything. */
export const policyBuiltin = {
  action: "accept",
  tls: "preferred",
  tls_required_for: [],
  verify_client_certificate: false,
  max_message_size: "10M",
  max_messages_per_connection: 10,
  max_recipients_per_message: 50,
  max_connections_per_ip: 10,
  max_recipients_per_hour: 0,
  max_recipients_per_hour_per_sender: 0,
  max_invalid_recipients_per_hour: 25,
  auth: "off",
  auth_requires_tls: true,
  auth_relay: true,
  max_auth_failures_per_hour: 25,
  bare_line_feed: "reject",
  reject_code: 554,
  reject_text: "5.7.1 Access denied",
  delayed_reject: false,
  greeting_text: "ESMTP",
} as const;

/** What `destination_controls.default` is before the file says anything. */
export const destinationBuiltin = {
  tls: "preferred",
  verify_names: "domain",
  ip_preference: "prefer_v6",
  max_connections: 500,
  max_messages_per_connection: 50,
  max_recipients: 0,
  recipients_interval: "60s",
  limit_apply_to: "domain",
  certificate: null,
  bounce_profile: "default",
} as const;

/** What `bounce_profiles.default` is before the file says anything. */
export const bounceBuiltin = {
  max_retries: 100,
  max_queue_time: "72h",
  initial_retry: "60s",
  max_retry_interval: "1h",
  send_delay_warning: false,
  delay_warning_after: "4h",
} as const;

const domainPattern = () =>
  textKey({ noun: "a domain", right: "a domain, or .domain for its subdomains", parse: parseDomainPattern });

/** One listener. */
const listenerKey = section({
  type: withDefault(
    choiceKey(["public", "private", "blackhole"]),
    "public",
    "public faces the world, private faces the own network, blackhole accepts and throws away.",
  ),
  address: hostPortKey({ addressOnly: true, portMin: 0 })
    .describe("IP address and port to listen on, as in 127.0.0.1:25 or [::]:25. Port 0: one that is free."),
  transport: withDefault(choiceKey(["starttls", "smtps"]), "starttls", "smtps is TLS from the first byte."),
  hostname: domainKey().optional().describe("The name in the greeting. Default: hostname."),
  certificate: withDefault(
    oneOrMoreKey(nameKey("a certificate's name"), "a certificate's name, or a list of them"),
    "demo",
    "A name under certificates, or a list: chosen by SNI and key type.",
  ),
  max_connections: withDefault(countKey({ min: 1, max: 100_000 }), 1000, "Connections at a time, a number."),
  sender_groups: listKey(senderGroupKey, { right: "as in - { name: ALL, policy: default }" }).optional()
    .describe(
      "The host access table: read from the top, the first match wins, ALL ends it. Default: ALL with default.",
    ),
  recipients: listKey(recipientRuleKey, { right: "as in - { address: example.test, action: accept }" }).optional()
    .describe(
      "The recipient access table: the first match wins; who is not in it is rejected. Default: public rejects all, private and blackhole take all.",
    ),
  recipient_validation: nameKey("a service's name").optional().describe(
    "The service that is asked whether a recipient that the table accepts exists, a name under services.ldap. Default: none.",
  ),
});

const replyText = replyTextKey();

/** How much of its client's certificate a policy wants. */
const verifyKey = z.unknown().transform((input, context): false | "preferred" | "required" => {
  if (input === false || input === "preferred" || input === "required") return input;
  if (input === true) return "required";
  const shown = typeof input === "string" || typeof input === "number"
    ? quoted(input)
    : `this is ${kindOf(input)}, which`;
  context.issues.push({
    code: "custom",
    message: `${shown} is none of false, preferred, required; one of them`,
    input,
  });
  return false;
}).meta({ enum: [false, true, "preferred", "required"] });

const variablesSentence = `${textVariables.slice(0, -1).join(", ")} and ${textVariables.at(-1)} are filled in.`;

/** One mail flow policy; what it leaves out is inherited. */
const policyKey = section({
  action: inheritedKey(
    choiceKey(["accept", "relay", "reject", "tcp_refuse", "continue"]),
    policyBuiltin.action,
    "accept: recipients by the recipient table; relay: any recipient; reject: an SMTP reply; tcp_refuse: the connection is closed; continue: the next group is tried.",
  ),
  tls: inheritedKey(
    choiceKey(["off", "preferred", "required"]),
    policyBuiltin.tls,
    "STARTTLS for these senders: not offered, offered, or demanded.",
  ),
  tls_required_for: inheritedKey(
    listKey(recipientPattern, { right: "as in [example.test, .example.test, user@example.test]" }),
    policyBuiltin.tls_required_for,
    "With tls: preferred, envelope senders (address, domain, .domain) that must use TLS.",
  ),
  verify_client_certificate: inheritedKey(
    verifyKey,
    policyBuiltin.verify_client_certificate,
    "Client certificates, against the certificate authorities: false: none is asked for; preferred: none is fine, a bad one is " +
      "refused; required, or true: one that verifies is demanded, and TLS with it.",
  ),
  max_message_size: inheritedKey(
    sizeKey({ min: "1K", max: "10G" }),
    policyBuiltin.max_message_size,
    "Octets of one message, with K, M, G.",
  ),
  max_messages_per_connection: inheritedKey(
    countKey({ min: 1, max: 1_000_000 }),
    policyBuiltin.max_messages_per_connection,
    "Messages in one connection, a number.",
  ),
  max_recipients_per_message: inheritedKey(
    countKey({ min: 1, max: 100_000 }),
    policyBuiltin.max_recipients_per_message,
    "Recipients of one message, a number.",
  ),
  max_connections_per_ip: inheritedKey(
    countKey({ min: 1, max: 100_000 }),
    policyBuiltin.max_connections_per_ip,
    "Connections at a time from one address to all listeners together, a number. IPv6 addresses count by their /64.",
  ),
  max_recipients_per_hour: inheritedKey(
    countKey(),
    policyBuiltin.max_recipients_per_hour,
    "Recipients in an hour from one address to all listeners together, a number; 0: no limit. More get 452. The hour " +
      "begins with the first one and outlives a restart; IPv6 addresses count by their /64.",
  ),
  max_recipients_per_hour_per_sender: inheritedKey(
    countKey(),
    policyBuiltin.max_recipients_per_hour_per_sender,
    "Recipients in an hour from one envelope sender, whatever its addresses, a number; 0: no limit. More get 452.",
  ),
  max_invalid_recipients_per_hour: inheritedKey(
    countKey(),
    policyBuiltin.max_invalid_recipients_per_hour,
    "Recipients of one address that the recipient table rejects in an hour, a number; 0: no limit. With the next one the session is " +
      "dropped, and the address gets 421 for the rest of the hour.",
  ),
  auth: inheritedKey(
    choiceKey(["off", "preferred", "required"]),
    policyBuiltin.auth,
    "SMTP AUTH for these senders, by the users of smtp_auth: not offered, offered, or demanded before MAIL.",
  ),
  auth_requires_tls: inheritedKey(
    flagKey(),
    policyBuiltin.auth_requires_tls,
    "Whether AUTH is offered and taken within TLS only; false lets passwords travel in clear.",
  ),
  auth_relay: inheritedKey(
    flagKey(),
    policyBuiltin.auth_relay,
    "Whether who has authenticated himself may send to any recipient, as with action relay.",
  ),
  max_auth_failures_per_hour: inheritedKey(
    countKey(),
    policyBuiltin.max_auth_failures_per_hour,
    "Failed authentications in an hour from one address, a number; 0: no limit. Then AUTH gets 454 for the rest of the hour.",
  ),
  bare_line_feed: inheritedKey(
    choiceKey(["reject", "fix"]),
    policyBuiltin.bare_line_feed,
    "What a message with a line end that is not CR LF gets: reject, or fix.",
  ),
  reject_code: inheritedKey(
    countKey({ min: 400, max: 599 }),
    policyBuiltin.reject_code,
    "SMTP code of action reject, 400 to 599.",
  ),
  reject_text: inheritedKey(
    replyText,
    policyBuiltin.reject_text,
    `Its text, with the enhanced code in front. ${variablesSentence}`,
  ),
  delayed_reject: inheritedKey(
    flagKey(),
    policyBuiltin.delayed_reject,
    "Whether action reject waits for the recipients, so that they and the sender are in the log: each gets the reply.",
  ),
  greeting_text: inheritedKey(
    replyText,
    policyBuiltin.greeting_text,
    `The text of the greeting, behind the host name. ${variablesSentence}`,
  ),
});

const destinationShape = {
  tls: inheritedKey(choiceKey(levelNames), destinationBuiltin.tls, "The TLS level of deliveries."),
  verify_names: inheritedKey(
    choiceKey(["domain", "mx", "hosted"]),
    destinationBuiltin.verify_names,
    "Names that count on the certificate: the domain; mx: the MX host's name too; hosted: domain, MX host, route.",
  ),
  ip_preference: inheritedKey(
    choiceKey(["prefer_v6", "require_v6", "prefer_v4", "require_v4"]),
    destinationBuiltin.ip_preference,
    "Which addresses of a host are tried first, or only.",
  ),
  max_connections: inheritedKey(
    countKey({ min: 1, max: 100_000 }),
    destinationBuiltin.max_connections,
    "Connections at a time to one destination, a number.",
  ),
  max_messages_per_connection: inheritedKey(
    countKey({ min: 1, max: 1_000_000 }),
    destinationBuiltin.max_messages_per_connection,
    "Messages over one connection, a number.",
  ),
  max_recipients: inheritedKey(
    countKey(),
    destinationBuiltin.max_recipients,
    "Recipients for each recipients_interval, a number; 0: no limit. What is above waits in the queue.",
  ),
  recipients_interval: inheritedKey(
    durationKey({ min: "1s", max: "1d" }),
    destinationBuiltin.recipients_interval,
    "The span that max_recipients counts in, a time.",
  ),
  limit_apply_to: inheritedKey(
    choiceKey(["domain", "mx_address"]),
    destinationBuiltin.limit_apply_to,
    "What max_connections and max_recipients count for: the domain, or each address of its hosts. Domains that share a route share their connections.",
  ),
  certificate: inheritedKey(
    nameKey("a certificate's name").nullable(),
    destinationBuiltin.certificate,
    "The certificate shown to its servers that ask for one, a name under certificates; null: the one of destination_controls.",
  ),
  bounce_profile: inheritedKey(
    nameKey("a bounce profile's name"),
    destinationBuiltin.bounce_profile,
    "A name under bounce_profiles.",
  ),
};

/** One destination; what it leaves out is inherited. */
const destinationKey = section(destinationShape);

/** `destination_controls`. */
const destinationControlsKey = section({
  certificate: withDefault(
    nameKey("a certificate's name").nullable(),
    null,
    "The certificate shown to servers that ask for one, a name under certificates; a destination may have its own.",
  ),
  alert_on_required_tls_failure: withDefault(
    flagKey(),
    false,
    "Whether an alert is sent when a required TLS connection failed.",
  ),
  default: withDefault(destinationKey, {}, "What a destination does not say, it takes from here."),
  domains: withDefault(
    namedKey({ name: domainPattern(), value: destinationKey, right: "as in example.test: { tls: required }" }),
    {},
    "Destinations: a domain, or .domain for its subdomains; the longest match counts.",
  ),
});

/** `smtp_routes`. */
const routesKey = namedKey({
  name: domainPattern(),
  value: oneOrMoreKey(hostPortKey(), 'host:port, or a list of them, as in ["mail.example.test:25"]')
    .describe("Next hops in order of preference, host:port."),
  right: 'as in example.test: ["mail.example.test:25"]',
});

/** One bounce profile; what it leaves out is inherited. */
const bounceProfileKey = section({
  max_retries: inheritedKey(
    countKey({ max: 100_000 }),
    bounceBuiltin.max_retries,
    "Attempts after the first, a number.",
  ),
  max_queue_time: inheritedKey(
    durationKey({ min: "1s", max: "365d" }),
    bounceBuiltin.max_queue_time,
    "How long a message is tried, a time.",
  ),
  initial_retry: inheritedKey(
    durationKey({ min: "1s", max: "7d" }),
    bounceBuiltin.initial_retry,
    "The wait before the second attempt, a time; later waits grow.",
  ),
  max_retry_interval: inheritedKey(
    durationKey({ min: "1s", max: "7d" }),
    bounceBuiltin.max_retry_interval,
    "The longest wait between attempts, a time.",
  ),
  send_delay_warning: inheritedKey(
    flagKey(),
    bounceBuiltin.send_delay_warning,
    "Whether the sender is told, once, that a message waits.",
  ),
  delay_warning_after: inheritedKey(
    durationKey({ min: "1s", max: "365d" }),
    bounceBuiltin.delay_warning_after,
    "When the sender is told, a time.",
  ),
});

/** A block whose names the owner chooses, each with a value of this kind. */
export function namedBlocks<V extends z.ZodType>(
  value: V,
  { noun, right }: { noun: string; right: string },
): ReturnType<typeof namedKey<ReturnType<typeof nameKey>, V>> {
  return namedKey({ name: nameKey(noun), value, right });
}

const kinds = { listenerKey, policyKey, destinationKey, destinationControlsKey, routesKey, bounceProfileKey };

/** The blocks that mail passes. */
export const mailKeys: typeof kinds = kinds;
