/**
 * The mail log's language: each event, its fields, and its classic text.
 *
 * This table is a public contract: the text is what administrators of appliance gateways grep for. Whatever a peer can
 * influence passes {@linkcode printable} here and nowhere else, so an event carries raw values.
 *
 * @module
 */
import { printable as p } from "../base/text.ts";
import type { Log } from "../base/log.ts";

/** Where an outbound connection goes, and the TLS level it has to meet: for statistics and alerts, in JSON only. */
export interface Towards {
  /** The destination domain; of several that share the connection, the one that it was opened for. */
  domain: string;
  /** The name by which the host was found, or its address. */
  host: string;
  /** As in `destination_controls`; `level` is the line's own in JSON. */
  tlsLevel: string;
}

/** Names and fields of everything that is logged. */
export type MailEvent =
  | {
    event: "icid_open";
    icid: number;
    interface: string;
    local: string;
    address: string;
    host: string;
    verified: boolean;
  }
  | {
    event: "icid_group";
    icid: number;
    action: "ACCEPT" | "RELAY" | "REJECT" | "TCPREFUSE";
    group: string;
    match: string;
    /** What the policy asks of TLS; absent where no session follows. For statistics, in JSON only. */
    tls?: "off" | "preferred" | "required";
  }
  | { event: "icid_tls"; icid: number; protocol: string; cipher: string; resumed: boolean }
  | { event: "icid_tls_failed"; icid: number; code: number; error: string; reason: string }
  | {
    event: "icid_certificate";
    icid: number;
    verified: boolean;
    /** RFC 4514 text. */
    subject: string;
    /** What it proves. */
    names: readonly string[];
    /** Why it proves nothing. */
    reason?: string;
    text?: string;
  }
  | { event: "icid_auth"; icid: number; user: string; mechanism: string }
  /** `user`: one that exists. */
  | { event: "icid_auth_failed"; icid: number; user?: string; mechanism: string; reason: string; text: string }
  /** `sender`: the envelope sender that the note is about, for statistics. */
  | { event: "icid_note"; icid: number; reason: string; text: string; sender?: string }
  | { event: "icid_close"; icid: number }
  | { event: "icid_lost"; icid: number }
  | { event: "mid_start"; mid: number; icid?: number }
  | { event: "mid_from"; mid: number; icid?: number; from: string }
  | { event: "mid_to"; mid: number; icid?: number; rid: number; to: string }
  | { event: "mid_to_rejected"; mid: number; icid: number; to: string; by: string }
  | { event: "mid_message_id"; mid: number; messageId: string }
  | { event: "mid_subject"; mid: number; subject: string }
  | { event: "mid_ready"; mid: number; bytes: number; from: string }
  | { event: "mid_queued"; mid: number }
  | { event: "mid_aborted"; mid: number; icid?: number; reason: string; text: string }
  | {
    event: "mid_generated";
    mid: number;
    parent: number;
    /** Absent: failed. */
    about?: "failed" | "delayed" | "relayed" | "delivered";
  }
  /** `required`: by the header X-Postern-TLS; `requiretls`: by the parameter of MAIL. */
  | { event: "mid_tls_demand"; mid: number; icid: number; demand: "required" | "requiretls" }
  /** A domain, or one of its addresses, has got the recipients of an interval (`max_recipients`); what is above waits. */
  | {
    event: "recipients_held";
    domain: string;
    /** Where the limit counts for addresses. */
    address?: string;
    recipients: number;
    /** Milliseconds, as what is left of it. */
    interval: number;
    ms: number;
    /** Messages in the queue for the destination. */
    messages: number;
  }
  /** The operator did something to recipients that wait; `to`: where they were redirected to. */
  | {
    event: "mid_managed";
    mid: number;
    rids: number[];
    action: "retried" | "held" | "released" | "redirected" | "deleted" | "bounced";
    to?: string;
  }
  | ({ event: "dcid_open"; dcid: number; interface: string; address: string; port: number } & Towards)
  | ({
    event: "dcid_tls";
    dcid: number;
    protocol: string;
    cipher: string;
    resumed: boolean;
    verified: boolean;
    reason?: string;
  } & Towards)
  | ({ event: "dcid_tls_deferring"; dcid: number; code: number; error: string; reason: string } & Towards)
  | ({ event: "dcid_tls_failed"; dcid: number; text: string; reason: string } & Towards)
  | ({ event: "dcid_tls_unverified"; dcid: number; reason: string; text: string } & Towards)
  /** What the mail demands of TLS was not met by this host. `code` and `error` are OpenSSL's where they are not 0 and ours. */
  | ({
    event: "required_tls_failed";
    dcid: number;
    address: string;
    port: number;
    reason: string;
    code: number;
    error: string;
    /** Messages in the queue for the destination. */
    messages: number;
  } & Towards)
  | {
    event: "connection_error";
    dcid: number;
    domain: string;
    address: string;
    port: number;
    details: string;
    interface: string;
    reason: string;
    text: string;
  }
  | { event: "dcid_close"; dcid: number }
  | { event: "delivery_start"; dcid: number; mid: number; rids: number[]; domain: string }
  | {
    event: "message_done";
    dcid: number;
    mid: number;
    rids: number[];
    domain: string;
    /** Of the message's text. */
    bytes: number;
    tlsLevel: string;
    /** It went over TLS. */
    encrypted: boolean;
  }
  | { event: "rid_response"; mid: number; rids: number[]; response: string }
  | { event: "message_finished"; mid: number }
  | {
    event: "bounced" | "delayed";
    dcid: number;
    mid: number;
    rid: number;
    domain: string;
    enhanced: string;
    meaning: string;
    code: number;
    lines: string[];
    reason?: string;
  }
  | { event: "bounce_dropped"; mid: number; text: string }
  /** Anything about the gateway itself; `text` is ours, with {@linkcode printable} applied to what is quoted in it. */
  | { event: "note"; text: string; reason?: string };

/** The log that stages write to. */
export type MailLog = Log<MailEvent>;

const rids = (list: number[]): string => `[${list.join(", ")}]`;
/** As a Python string literal, which the classic log shows. */
const quoted = (text: string): string => `'${p(text).replaceAll("'", "\\'")}'`;

const reportWords = {
  failed: "bounce",
  delayed: "delay warning",
  relayed: "delivery report",
  delivered: "delivery report",
} as const;

/** The classic text of an event, without prefix and line end. */
export function eventText(e: MailEvent): string {
  switch (e.event) {
    case "icid_open":
      return `New SMTP ICID ${e.icid} interface ${e.interface} (${e.local}) address ${e.address} reverse dns host ` +
        `${p(e.host)} verified ${e.verified ? "yes" : "no"}`;
    case "icid_group":
      return `ICID ${e.icid} ${e.action} SG ${e.group} match ${p(e.match)}`;
    case "icid_tls":
      return `ICID ${e.icid} TLS success protocol ${e.protocol} cipher ${e.cipher}`;
    case "icid_tls_failed":
      return `ICID ${e.icid} TLS failed: (${e.code}, ${quoted(e.error)})`;
    case "icid_certificate":
      return `ICID ${e.icid} TLS client certificate ${e.verified ? "" : "not "}verified ${p(e.subject)}` +
        (e.text === undefined ? "" : `: ${p(e.text)}`);
    case "icid_auth":
      return `ICID ${e.icid} AUTH success user ${p(e.user)} mechanism ${e.mechanism}`;
    case "icid_auth_failed": {
      const user = e.user === undefined ? "" : `user ${p(e.user)} `;
      return `ICID ${e.icid} AUTH failed ${user}mechanism ${e.mechanism}: ${e.text}`;
    }
    case "icid_note":
      return `ICID ${e.icid} ${p(e.text)}`;
    case "icid_close":
      return `ICID ${e.icid} close`;
    case "icid_lost":
      return `ICID ${e.icid} lost`;
    case "mid_start":
      return e.icid === undefined ? `Start MID ${e.mid}` : `Start MID ${e.mid} ICID ${e.icid}`;
    case "mid_from":
      return `MID ${e.mid} ${e.icid === undefined ? "" : `ICID ${e.icid} `}From: <${p(e.from)}>`;
    case "mid_to":
      return `MID ${e.mid} ${e.icid === undefined ? "" : `ICID ${e.icid} `}RID ${e.rid} To: <${p(e.to)}>`;
    case "mid_to_rejected":
      return `MID ${e.mid} ICID ${e.icid} To: <${p(e.to)}> Rejected by ${e.by}`;
    case "mid_message_id":
      return `MID ${e.mid} Message-ID ${quoted(e.messageId)}`;
    case "mid_subject":
      return `MID ${e.mid} Subject ${quoted(e.subject)}`;
    case "mid_ready":
      return `MID ${e.mid} ready ${e.bytes} bytes from <${p(e.from)}>`;
    case "mid_queued":
      return `MID ${e.mid} queued for delivery`;
    case "mid_aborted":
      return `Message aborted MID ${e.mid} ${p(e.text)}`;
    case "mid_managed":
      return `MID ${e.mid} RID ${rids(e.rids)} ${e.action}${
        e.to === undefined ? "" : ` to ${p(e.to)}`
      } by the operator`;
    case "mid_generated":
      return `MID ${e.mid} was generated for ${reportWords[e.about ?? "failed"]} of MID ${e.parent}`;
    case "mid_tls_demand":
      return `MID ${e.mid} ICID ${e.icid} TLS required by ${e.demand === "required" ? "X-Postern-TLS" : "REQUIRETLS"}`;
    case "recipients_held": {
      const whom = e.address === undefined ? "" : ` IP: ${e.address}`;
      return `Recipient limit: domain: ${p(e.domain)}${whom} got ${e.recipients} recipients in ${
        e.interval / 1000
      } s, ` +
        `the next after ${Math.ceil(e.ms / 1000)} s, messages waiting: ${e.messages}`;
    }
    case "dcid_open":
      return `New SMTP DCID ${e.dcid} interface ${e.interface} address ${e.address} port ${e.port}`;
    case "dcid_tls":
      return `DCID ${e.dcid} TLS success protocol ${e.protocol} cipher ${e.cipher}`;
    case "dcid_tls_deferring":
      return `DCID ${e.dcid} TLS deferring: (${e.code}, ${quoted(e.error)})`;
    case "dcid_tls_failed":
      return `DCID ${e.dcid} TLS failed: ${p(e.text)}`;
    case "dcid_tls_unverified":
      return `DCID ${e.dcid} TLS ${e.tlsLevel}: certificate not verified: ${p(e.text)}`;
    case "required_tls_failed":
      return `DCID ${e.dcid} required TLS failed: domain: ${p(e.domain)} host: ${p(e.host)} IP: ${e.address} ` +
        `port: ${e.port} level: ${e.tlsLevel} reason: ${e.reason} (${e.code}, ${quoted(e.error)}) ` +
        `messages waiting: ${e.messages}`;
    case "connection_error":
      return `Connection Error: DCID ${e.dcid} domain: ${p(e.domain)} IP: ${e.address} port: ${e.port} ` +
        `details: ${p(e.details)} interface: ${e.interface} reason: ${p(e.text)}`;
    case "dcid_close":
      return `DCID ${e.dcid} close`;
    case "delivery_start":
      return `Delivery start DCID ${e.dcid} MID ${e.mid} to RID ${rids(e.rids)}`;
    case "message_done":
      return `Message done DCID ${e.dcid} MID ${e.mid} to RID ${rids(e.rids)}`;
    case "rid_response":
      return `MID ${e.mid} RID ${rids(e.rids)} Response ${quoted(e.response)}`;
    case "message_finished":
      return `Message finished MID ${e.mid} done`;
    case "bounced":
    case "delayed":
      return `${e.event === "bounced" ? "Bounced" : "Delayed"}: DCID ${e.dcid} MID ${e.mid} to RID ${e.rid} - ` +
        `${p(e.enhanced)} - ${e.meaning} ('${String(e.code).padStart(3, "0")}', [${e.lines.map(quoted).join(", ")}])`;
    case "bounce_dropped":
      return `MID ${e.mid} bounce dropped: ${p(e.text)}`;
    case "note":
      return e.text;
    default:
      return e satisfies never;
  }
}
