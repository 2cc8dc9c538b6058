/**
 * Writes `config/schema.json` from the schema, for editors: `deno task schema`.
 *
 * @module
 */
import * as z from "zod";
import { configSchema } from "./schema.ts";

/** The JSON Schema (draft 7, which editors know best) as text. */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-7",
    override: ({ jsonSchema }) => manyForms(jsonSchema as JsonSchema),
  });
  return JSON.stringify({ title: "Postern", ...schema }, null, 2) + "\n";
}

type JsonSchema = { [key: string]: unknown };

/** Kinds that have several forms in YAML carry marks (see `keys.ts`), which become `anyOf` here. */
function manyForms(schema: JsonSchema): void {
  const { sourceText, itemAlone, word } = schema;
  for (const mark of ["sourceText", "itemAlone", "word"]) delete schema[mark];
  if (sourceText) schema.type = ["string", "number"];
  if (!itemAlone && word === undefined) return;
  const { description: _description, default: _default, ...main } = schema;
  for (const key of Object.keys(main)) delete schema[key];
  schema.anyOf = [...word === undefined ? [] : [{ const: word }], ...itemAlone ? [main.items] : [], main];
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../../config/schema.json", import.meta.url), jsonSchemaText());
}
