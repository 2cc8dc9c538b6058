/**
 * A gateway between two peers: configurations that tests start from.
 *
 * @module
 */
import type { ConfigObject } from "./gateway_process.ts";

/** What differs from test to test. */
export interface RelayWish {
  /** Ports of the listener and of the next hop. */
  inbound: number;
  nextHop: number;
  /** More keys of config.yaml, at the top level. */
  more?: ConfigObject;
  /** Keys of the policy that every sender gets. */
  policy?: ConfigObject;
  /** Keys of the listener. */
  listener?: ConfigObject;
}

/** Takes mail from loopback for everybody; what is for `example.test` goes to the next hop. */
export function relayConfig({ inbound, nextHop, more = {}, policy = {}, listener = {} }: RelayWish): ConfigObject {
  return {
    version: 1,
    hostname: "gw.example.test",
    storage: { directory: "./data" },
    admin: { address: null },
    listeners: {
      inbound: {
        type: "private",
        address: `127.0.0.1:${inbound}`,
        certificate: "demo",
        sender_groups: [{ name: "ALL", policy: "RELAYED" }],
        ...listener,
      },
    },
    mail_flow_policies: {
      RELAYED: { action: "relay", max_connections_per_ip: 600, max_messages_per_connection: 5000, ...policy },
    },
    smtp_routes: { "example.test": [`127.0.0.1:${nextHop}`] },
    ...more,
  };
}
