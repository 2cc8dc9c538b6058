/**
 * The OpenAPI document as a judge of what the API answers.
 *
 * @module
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import type { Answer } from "./web_rig.ts";

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  requestBody?: { required: boolean; content: Record<string, unknown> };
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}

/** The part of a document that is looked at. */
export interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

/** Operations by id, with where they are. */
export function operationsOf({ paths }: Document): Map<string, Operation & { method: string; path: string }> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [operation.operationId, { ...operation, method, path }])
    ),
  );
}

/** Judges answers by the document's schemas. */
export class Judge {
  readonly #document: Document;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: Document) {
    this.#document = document;
    this.#ajv.addSchema({ $id: "api", components: document.components });
  }

  /** Fails where an answer is not what the document says of the operation. */
  judge(id: string, { status, body, headers }: Answer): void {
    const operation = operationsOf(this.#document).get(id);
    assert.ok(operation !== undefined, `the document has no ${id}`);
    const { responses } = operation;
    const response = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
    assert.ok(response !== undefined, `${id} answers ${status}, which the document does not know`);
    if (response.content === undefined) return assert.equal(body, "");
    const type = (headers.get("Content-Type") ?? "").split(";")[0];
    const media = response.content[type];
    assert.ok(media !== undefined, `${id} answers ${status} with ${type}, which the document does not know`);
    if (!/json/.test(type)) return;
    const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"api#/'));
    const fits = this.#ajv.compile(schema);
    assert.ok(fits(body), `${id} ${status}: ${this.#ajv.errorsText(fits.errors)}\n${JSON.stringify(body)}`);
  }
}
