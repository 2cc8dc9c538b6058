/**
 * Rules that nothing reaches and rules that change nothing: what `postern check` says of a sound file, with both lines.
 */
import assert from "node:assert/strict";
import { warningText } from "../../src/config/faults.ts";
import { loadSource } from "../../src/config/load.ts";

async function warnings(source: string): Promise<string[]> {
  const result = await loadSource(source, { file: "c.yaml", hostname: "gw.example.test", generation: 1 });
  assert.ok(result.ok, result.ok ? "" : result.errors.map(({ text }) => text).join("\n"));
  return result.warnings.map(warningText);
}

const listener = (rest: string) =>
  `version: 1
listeners:
  inbound:
    address: 127.0.0.1:2525
${rest}`;

const cases: { name: string; source: string; lines: string[] }[] = [
  {
    name: "networks and names that groups above take",
    source: listener(`    sender_groups:
      - { name: A, senders: [10.0.0.0/8, .example.test], policy: P }
      - name: B
        policy: default
        senders:
          - 10.1.0.0/16
          - 172.16.0.1
          - mx.example.test
      - { name: ALL, policy: default }
mail_flow_policies: { P: {} }
`),
    lines: [
      'c.yaml:10:13: listeners.inbound.sender_groups[1].senders[0]: warning: "10.1.0.0/16" can never be reached: "10.0.0.0/8" in line 6 takes it and this is line 10; put it above',
      'c.yaml:12:13: listeners.inbound.sender_groups[1].senders[2]: warning: "mx.example.test" can never be reached: ".example.test" in line 6 takes it and this is line 12; put it above',
    ],
  },
  {
    name: "networks that two lines take together, and one of its own group",
    source: listener(`    sender_groups:
      - { name: A, senders: [10.0.0.0/9], policy: default }
      - { name: B, senders: [10.128.0.0/9, 10.200.0.0/16], policy: default }
      - { name: C, senders: [10.0.0.0/8], policy: default }
      - { name: ALL, policy: default }
`),
    lines: [
      'c.yaml:7:44: listeners.inbound.sender_groups[1].senders[1]: warning: "10.200.0.0/16" can never be reached: "10.128.0.0/9" in line 7 takes it and this is line 7; leave it out',
      'c.yaml:8:30: listeners.inbound.sender_groups[2].senders[0]: warning: "10.0.0.0/8" can never be reached: "10.0.0.0/9" in line 6 and "10.128.0.0/9" in line 7 take it together and this is line 8; put it above',
    ],
  },
  {
    name: "nothing about what a group that continues has already",
    source: listener(`    sender_groups:
      - { name: A, senders: [10.0.0.0/8], policy: SEEN }
      - { name: B, senders: [10.1.0.0/16], policy: default }
      - { name: ALL, policy: default }
mail_flow_policies: { SEEN: { action: continue } }
`),
    lines: [],
  },
  {
    name: "an IPv4 address in IPv6 form, as which no client is known",
    source: listener(`    sender_groups:
      - { name: A, senders: ["::ffff:10.0.0.1"], policy: default }
      - { name: ALL, policy: default }
`),
    lines: [
      'c.yaml:6:30: listeners.inbound.sender_groups[0].senders[0]: warning: "::ffff:10.0.0.1" can never be reached: such clients are known by their IPv4 address; that one',
    ],
  },
  {
    name: "recipients that rows above take",
    source: listener(`    recipients:
      - { address: .example.test, action: accept }
      - { address: example.test, action: accept }
      - { address: bob@example.test, action: reject }
      - { address: sub.example.test, action: reject }
      - { address: ALL, action: reject }
`),
    lines: [
      'c.yaml:8:9: listeners.inbound.recipients[2]: warning: "bob@example.test" can never be reached: "example.test" in line 7 takes it and this is line 8; put it above',
      'c.yaml:9:9: listeners.inbound.recipients[3]: warning: "sub.example.test" can never be reached: ".example.test" in line 6 takes it and this is line 9; put it above',
    ],
  },
  {
    name: "nothing about routes of a domain and its subdomains",
    source: listener(`smtp_routes:
  .example.test: ["10.0.0.5:25"]
  mx.example.test: ["10.0.0.6:25"]
  default: ["10.0.0.7:25"]
`),
    lines: [],
  },
  {
    name: "routes to nowhere that could be names",
    source: listener(`smtp_routes:
  a.test: ["mail.invalid:25", "10.0.0.5:25", "10.0.0.5:25"]
  ALL: ["10.0.0.7:25"]
`),
    lines: [
      "c.yaml:6:12: smtp_routes.a.test[0]: warning: leads nowhere: mail.invalid never exists; the next hop's name",
      'c.yaml:6:46: smtp_routes.a.test[2]: warning: "10.0.0.5" stands in this route already; once',
      "c.yaml:7:3: smtp_routes.all: warning: is taken for a domain of this name, not for all; default, for what has no entry of its own",
    ],
  },
  {
    name: "destinations that change nothing",
    source: listener(`destination_controls:
  default: { tls: required }
  domains:
    a.test: {}
    b.test: { tls: required, max_connections: 500 }
    c.test: { tls: preferred }
    .gov.test: { tls: required-verify }
    tax.gov.test: { tls: required-verify }
    open.gov.test: {}
    .all.gov.test: { tls: required-verify, verify_names: domain }
    default: { tls: none }
`),
    lines: [
      "c.yaml:8:5: destination_controls.domains.a.test: warning: changes nothing: the default says the same; leave it out, or say what differs",
      "c.yaml:9:5: destination_controls.domains.b.test: warning: changes nothing: the default says the same; leave it out, or say what differs",
      'c.yaml:12:5: destination_controls.domains.tax.gov.test: warning: changes nothing: ".gov.test" in line 11 says the same; leave it out, or say what differs',
      'c.yaml:14:5: destination_controls.domains..all.gov.test: warning: changes nothing: ".gov.test" in line 11 says the same; leave it out, or say what differs',
      "c.yaml:15:5: destination_controls.domains.default: warning: is taken for a domain of this name, not for all; destination_controls.default, for what has no entry",
    ],
  },
  {
    name: "policies and bounce profiles that nobody has",
    source: listener(`    sender_groups: [{ name: ALL, policy: USED }]
mail_flow_policies:
  default: { tls: required }
  USED: {}
  SPARE: { action: reject }
destination_controls: { default: { bounce_profile: used } }
bounce_profiles:
  default: { max_retries: 50 }
  used: { max_retries: 5 }
  spare: { max_retries: 7 }
`),
    lines: [
      "c.yaml:9:3: mail_flow_policies.SPARE: warning: no sender group has this policy; leave it out",
      "c.yaml:14:3: bounce_profiles.spare: warning: no destination has this profile; leave it out",
    ],
  },
  {
    name: "verification against nobody",
    source: listener(`    sender_groups: [{ name: ALL, policy: PROVEN }]
mail_flow_policies: { PROVEN: { verify_client_certificate: required } }
certificate_authorities: { system: false }
destination_controls:
  default: { tls: preferred-verify }
  domains:
    a.test: { tls: required-verify }
    b.test: { tls: required }
`),
    lines: [
      "c.yaml:6:60: mail_flow_policies.PROVEN.verify_client_certificate: warning: can prove nothing: certificate_authorities trusts nobody, so all its clients are refused; system: true, or custom",
      "c.yaml:9:19: destination_controls.default.tls: warning: preferred-verify can prove nothing: certificate_authorities trusts nobody, so no server is ever verified; system: true, or custom",
      "c.yaml:11:20: destination_controls.domains.a.test.tls: warning: required-verify can prove nothing: certificate_authorities trusts nobody, so all its mail waits and bounces; system: true, or custom",
    ],
  },
];

for (const { name, source, lines } of cases) {
  Deno.test(`reachFindings: ${name}`, async () => {
    assert.deepEqual(await warnings(source), lines);
  });
}
