/**
 * What the forms of a certificate's page do, each by its command.
 *
 * @module
 */
import type { Changed } from "../../../certs/profile_store.ts";
import type { AssignFacts } from "../../../control/assign_commands.ts";
import type { ExportFacts, ShownProfile } from "../../../control/certificate_commands.ts";
import type { CommandArgs } from "../../../control/protocol.ts";
import type { Desk, FormCall, FormEnd } from "../desk.tsx";
import type { Notice } from "../frame.tsx";
import type { WordKey } from "../words.ts";
import { act, type Acted, filesOf, newsOf, passwordFile } from "./act.ts";
import { certificatePage, fileAnswer } from "./certificate.tsx";
import { placeWord, whereText } from "./certificate_uses.tsx";
import { certificatePath } from "./certificates.tsx";

/** How long a browser waits for an order; it goes on by itself. */
const orderWaitMs = 20_000;

/** Adds the forms. */
export function mountCertificateActs(desk: Desk): void {
  desk.form("/certificates/:name/upload", { action: "certificate.upload" }, async (call) => {
    const { params: { name } } = call;
    const files = await filesOf(call, ["certificate", "intermediates"]);
    const acted = await act<Changed>(call, { name: "certconfig upload", args: { name }, files });
    return end(call, { form: "upload", acted, done: "cert.upload.done" });
  });
  desk.form("/certificates/:name/renew", { action: "certificate.renew" }, async (call) => {
    const { fields, params: { name } } = call;
    const key = fields.text("renew-key");
    const on: CommandArgs = key === "same" ? {} : key === "new" ? { "new-key": true } : { key };
    const acted = await act<Changed>(call, { name: "certconfig renew", args: { name, ...on } });
    return end(call, { form: "renew", acted, done: "cert.renew.done" });
  });
  desk.form("/certificates/:name/rename", { action: "certificate.rename" }, async (call) => {
    const { fields, params: { name }, note } = call;
    const to = fields.text("new-name");
    note(`to ${to}`);
    const acted = await act<Changed>(call, { name: "certconfig rename", args: { names: [name, to] } });
    return end(call, { form: "rename", acted, done: "cert.rename.done", go: certificatePath(to) });
  });
  desk.form("/certificates/:name/delete", { action: "certificate.delete" }, async (call) => {
    const { params: { name } } = call;
    const acted = await act<Changed>(call, { name: "certconfig delete", args: { name } });
    return end(call, { form: "delete", acted, done: "cert.delete.done", go: "/certificates" });
  });
  desk.form("/certificates/:name/export", { action: "certificate.export" }, async (call) => {
    const { fields, params: { name }, words } = call;
    const password = fields.exact("export-password");
    if (password !== fields.exact("export-again")) {
      return { again: await certificatePage(call, { form: "export", lines: [words("cert.password.differ")] }) };
    }
    const acted = await act<ExportFacts>(call, {
      name: "certconfig export",
      args: { name, pkcs12: `${name}.p12`, ...(fields.ticked("legacy") ? { legacy: true as const } : {}) },
      files: { "password-file": [passwordFile(password)] },
    });
    if (!acted.ok) {
      return { again: await certificatePage(call, { form: "export", lines: acted.lines, faults: acted.faults }) };
    }
    const file = acted.files.find(({ option }) => option === "pkcs12");
    if (file === undefined) throw new Error(`Cannot export ${name}: the command gave no file`);
    return {
      show: fileAnswer(Uint8Array.fromBase64(file.content), { name: `${name}.p12`, type: "application/x-pkcs12" }),
    };
  });
  for (const verb of ["assign", "unassign"] as const) {
    desk.form(`/certificates/:name/${verb}`, { action: `certificate.${verb}` }, async (call) => {
      const { fields, params: { name }, note, words } = call;
      const where = fields.text("place");
      note(where);
      const args = { name, ...placeWord(where), ...(fields.ticked("add") ? { add: true as const } : {}) };
      const acted = await act<AssignFacts>(call, { name: `certconfig ${verb}`, args });
      const shown = whereText(where, words);
      if (!acted.ok) {
        return { again: await certificatePage(call, { form: verb, lines: acted.lines, faults: acted.faults }) };
      }
      const isNew = acted.items[0].state === "staged";
      const text = isNew
        ? [words(`cert.${verb}.done`, { name, where: shown }), words("common.staged")].join(" ")
        : words("cert.assign.same", { name, where: shown });
      return { go: `${certificatePath(name)}#uses`, notice: told(text, acted.warnings) };
    });
  }
  desk.form("/certificates/:name/order", { action: "certificate.order" }, async (call) => {
    const { params: { name }, world, words } = call;
    // An order may take minutes; whoever asked does not have to wait for it.
    const order = act<ShownProfile["acme"]>({ ...call, signal: new AbortController().signal }, {
      name: "certconfig acme",
      args: { profile: name },
    });
    const patience = Promise.withResolvers<undefined>();
    const timer = world.clock.after(orderWaitMs, () => patience.resolve(undefined));
    try {
      const acted = await Promise.race([order, patience.promise]);
      if (acted?.ok === false) {
        return { again: await certificatePage(call, { form: "order", lines: acted.lines, faults: acted.faults }) };
      }
      if (acted?.ok) {
        return { go: certificatePath(name), notice: told(words("cert.acme.done", { name }), acted.warnings) };
      }
    } finally {
      timer.cancel();
    }
    order.catch((thrown) => world.fault(`Cannot order ${name}`, thrown));
    return { go: certificatePath(name), notice: told(words("cert.acme.runs", { name }), []) };
  });
}

/** Back to the page, with what came of it. */
async function end(
  call: FormCall,
  { form, acted, done, go }: { form: string; acted: Acted<Changed>; done: WordKey; go?: string },
): Promise<FormEnd> {
  const { params: { name }, words } = call;
  if (!acted.ok) return { again: await certificatePage(call, { form, lines: acted.lines, faults: acted.faults }) };
  const notes = acted.items.flatMap((item) => "notes" in item ? item.notes : []);
  return { go: go ?? certificatePath(name), notice: told(words(done, { name }), newsOf(acted), notes) };
}

function told(text: string, warnings: readonly string[], notes: readonly string[] = []): Notice {
  return { kind: warnings.length > 0 ? "warn" : "ok", text, lines: [...notes, ...warnings] };
}
