/**
 * Reads reports back, by a parser of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { textOf } from "../../src/base/octets.ts";

/** Header fields, by name in lower case. */
export type Fields = Record<string, string>;
/** One part of a report. */
export interface Part {
  type: string;
  fields: Fields;
  body: string;
}

/** Header fields, unfolded, by name in lower case. */
function fieldsOf(header: string): Fields {
  const fields: Fields = {};
  for (const line of header.replace(/\r\n[ \t]/g, " ").split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    assert.ok(!(name in fields), `${name} twice`);
    fields[name] = line.slice(colon + 1).trim();
  }
  return fields;
}

/** A MIME entity; `text` has one character for each octet. */
function entity(text: string): Part {
  const end = text.indexOf("\r\n\r\n");
  const fields = fieldsOf(text.slice(0, end));
  let body = text.slice(end + 4);
  if (fields["content-transfer-encoding"] === "quoted-printable") {
    body = body.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  }
  return { type: fields["content-type"].split(";")[0], fields, body };
}

/** One character for each octet. */
export const latin = (bytes: Uint8Array): string => Array.from(bytes, (octet) => String.fromCharCode(octet)).join("");
/** What `latin` made, as UTF-8. */
export const utf8 = (text: string): string => textOf(Uint8Array.from(text, (character) => character.charCodeAt(0)));

/** The report's header and three parts; checks what holds for every report on the way. */
export function parsedReport(report: Uint8Array): { fields: Fields; parts: Part[]; status: Fields[] } {
  const text = latin(report);
  for (const line of text.split("\r\n")) {
    assert.ok(!/[\r\n]/.test(line), "a bare CR or LF");
    assert.ok(line.length <= 998, `a line of ${line.length} octets`);
  }
  const root = entity(text);
  assert.match(root.fields["content-type"], /^multipart\/report; report-type=delivery-status;/);
  const boundary = /boundary="([^"]+)"/.exec(root.fields["content-type"])![1];
  const pieces = root.body.split(`--${boundary}`);
  assert.equal(pieces.at(-1)!.trim(), "--");
  const parts = pieces.slice(1, -1).map((piece) => entity(piece.slice(2, -2)));
  const status = parts[1].body.replace(/\r\n$/, "").split("\r\n\r\n").map((block) => fieldsOf(utf8(block)));
  return { fields: root.fields, parts, status };
}
