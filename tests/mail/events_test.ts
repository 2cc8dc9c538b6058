import assert from "node:assert/strict";
import { eventText, type MailEvent } from "../../src/mail/events.ts";

const towards = { domain: "example.test", host: "mx.example.test", tlsLevel: "required" };

// deno-fmt-ignore
const table: [MailEvent, string][] = [
  [{ event: "icid_open", icid: 5, interface: "inbound", local: "127.0.0.1", address: "10.0.0.1", host: "mail.example.com", verified: true },
    "New SMTP ICID 5 interface inbound (127.0.0.1) address 10.0.0.1 reverse dns host mail.example.com verified yes"],
  [{ event: "icid_open", icid: 5, interface: "inbound", local: "127.0.0.1", address: "10.0.0.1", host: "unknown", verified: false },
    "New SMTP ICID 5 interface inbound (127.0.0.1) address 10.0.0.1 reverse dns host unknown verified no"],
  [{ event: "icid_group", icid: 5, action: "ACCEPT", group: "UNKNOWNLIST", match: "10.0.0.0/8" }, "ICID 5 ACCEPT SG UNKNOWNLIST match 10.0.0.0/8"],
  [{ event: "icid_tls", icid: 5, protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false },
    "ICID 5 TLS success protocol TLSv1.3 cipher TLS_AES_256_GCM_SHA384"],
  [{ event: "icid_auth", icid: 5, user: "ann@example.test", mechanism: "PLAIN" },
    "ICID 5 AUTH success user ann@example.test mechanism PLAIN"],
  [{ event: "icid_auth_failed", icid: 5, user: "ann", mechanism: "LOGIN", reason: "wrong_password", text: "wrong password" },
    "ICID 5 AUTH failed user ann mechanism LOGIN: wrong password"],
  [{ event: "icid_auth_failed", icid: 5, mechanism: "PLAIN", reason: "no_such_user", text: "no such user" },
    "ICID 5 AUTH failed mechanism PLAIN: no such user"],
  [{ event: "icid_certificate", icid: 5, verified: true, subject: "CN=mx.example.com", names: ["mx.example.com"] },
    "ICID 5 TLS client certificate verified CN=mx.example.com"],
  [{ event: "icid_certificate", icid: 5, verified: false, subject: "CN=a\nICID 6", names: [], reason: "expired", text: "certificate has expired" },
    "ICID 5 TLS client certificate not verified CN=a\\nICID 6: certificate has expired"],
  [{ event: "icid_tls_failed", icid: 5, code: 167772418, error: "error:0A000102:SSL routines::unsupported protocol", reason: "version_mismatch" },
    "ICID 5 TLS failed: (167772418, 'error:0A000102:SSL routines::unsupported protocol')"],
  [{ event: "mid_start", mid: 7, icid: 5 }, "Start MID 7 ICID 5"],
  [{ event: "mid_from", mid: 7, icid: 5, from: "a@example.com" }, "MID 7 ICID 5 From: <a@example.com>"],
  [{ event: "mid_to", mid: 7, icid: 5, rid: 0, to: "b@example.test" }, "MID 7 ICID 5 RID 0 To: <b@example.test>"],
  [{ event: "mid_message_id", mid: 7, messageId: "<1@x>" }, "MID 7 Message-ID '<1@x>'"],
  [{ event: "mid_subject", mid: 7, subject: "it's\r\nInfo: MID 8" }, "MID 7 Subject 'it\\'s\\r\\nInfo: MID 8'"],
  [{ event: "mid_ready", mid: 7, bytes: 5120, from: "a@example.com" }, "MID 7 ready 5120 bytes from <a@example.com>"],
  [{ event: "mid_queued", mid: 7 }, "MID 7 queued for delivery"],
  [{ event: "icid_close", icid: 5 }, "ICID 5 close"],
  [{ event: "icid_lost", icid: 5 }, "ICID 5 lost"],
  [{ event: "dcid_open", dcid: 9, interface: "10.0.0.5", address: "10.0.0.9", port: 25, ...towards }, "New SMTP DCID 9 interface 10.0.0.5 address 10.0.0.9 port 25"],
  [{ event: "dcid_tls", dcid: 9, protocol: "TLSv1.2", cipher: "ECDHE-RSA-AES256-GCM-SHA384", resumed: false, verified: false, ...towards },
    "DCID 9 TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-GCM-SHA384"],
  [{ event: "dcid_tls_deferring", dcid: 9, code: 167773230, error: "error:0A00042E:SSL routines::tlsv1 alert protocol version", reason: "version_mismatch", ...towards },
    "DCID 9 TLS deferring: (167773230, 'error:0A00042E:SSL routines::tlsv1 alert protocol version')"],
  [{ event: "dcid_tls_failed", dcid: 9, text: "STARTTLS unexpected response", reason: "starttls_refused", ...towards }, "DCID 9 TLS failed: STARTTLS unexpected response"],
  [{ event: "required_tls_failed", dcid: 9, address: "10.0.0.9", port: 25, code: 10, error: "certificate has expired", reason: "expired", messages: 3, ...towards, domain: "a\n.test" },
    "DCID 9 required TLS failed: domain: a\\n.test host: mx.example.test IP: 10.0.0.9 port: 25 level: required reason: expired (10, 'certificate has expired') messages waiting: 3"],
  [{ event: "icid_group", icid: 5, action: "REJECT", group: "BLOCKLIST", match: "192.0.2.0/24" }, "ICID 5 REJECT SG BLOCKLIST match 192.0.2.0/24"],
  [{ event: "mid_to_rejected", mid: 7, icid: 5, to: "x@elsewhere.test", by: "RAT" }, "MID 7 ICID 5 To: <x@elsewhere.test> Rejected by RAT"],
  [{ event: "delivery_start", dcid: 9, mid: 7, rids: [0], domain: "example.test" }, "Delivery start DCID 9 MID 7 to RID [0]"],
  [{ event: "message_done", dcid: 9, mid: 7, rids: [0, 1], domain: "example.test", bytes: 5120, tlsLevel: "required", encrypted: true }, "Message done DCID 9 MID 7 to RID [0, 1]"],
  [{ event: "rid_response", mid: 7, rids: [0], response: "2.0.0 Ok: queued as 3jjs" }, "MID 7 RID [0] Response '2.0.0 Ok: queued as 3jjs'"],
  [{ event: "message_finished", mid: 7 }, "Message finished MID 7 done"],
  [{ event: "bounced", dcid: 9, mid: 7, rid: 0, domain: "example.test", enhanced: "5.1.0", meaning: "Unknown address error", code: 550, lines: ["<b@example.test>... no such user"] },
    "Bounced: DCID 9 MID 7 to RID 0 - 5.1.0 - Unknown address error ('550', ['<b@example.test>... no such user'])"],
  [{ event: "delayed", dcid: 9, mid: 7, rid: 0, domain: "example.test", enhanced: "4.4.0", meaning: "Other network problem", code: 0, lines: ["Connection refused"] },
    "Delayed: DCID 9 MID 7 to RID 0 - 4.4.0 - Other network problem ('000', ['Connection refused'])"],
  [{ event: "connection_error", dcid: 9, domain: "example.test", address: "10.0.0.9", port: 25, details: "454-'TLS not available'", interface: "10.0.0.5", reason: "starttls_refused", text: "unexpected SMTP response" },
    "Connection Error: DCID 9 domain: example.test IP: 10.0.0.9 port: 25 details: 454-'TLS not available' interface: 10.0.0.5 reason: unexpected SMTP response"],
];

Deno.test("eventText writes each line of the mail log as its contract has it", () => {
  for (const [event, line] of table) assert.equal(eventText(event), line);
});
