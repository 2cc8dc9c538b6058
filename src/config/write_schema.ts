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
    override: ({ jsonSchema }) => {
      // Kinds that take two forms in YAML say so by a mark of their own.
      const own = jsonSchema as { [key: string]: unknown };
      if (own.sourceText) own.type = ["string", "number"];
      if (own.oneOrMore) {
        const { items, minItems, maxItems } = own;
        own.anyOf = [items, { type: "array", items, minItems, maxItems }];
        for (const key of ["type", "items", "minItems", "maxItems"]) delete own[key];
      }
      if (own.autoOrCount) {
        const { minimum: _, maximum } = own;
        own.anyOf = [{ const: "auto" }, { type: "integer", minimum: 1, maximum }];
        for (const key of ["type", "minimum", "maximum"]) delete own[key];
      }
      for (const mark of ["sourceText", "oneOrMore", "autoOrCount"]) delete own[mark];
    },
  });
  return JSON.stringify({ title: "Postern", ...schema }, null, 2) + "\n";
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../../config/schema.json", import.meta.url), jsonSchemaText());
}
