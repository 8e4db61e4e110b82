/**
 * Writes the client's types from `openapi.json`.
 *
 * Operation ids are left out before: the document names operations after functions, and two of one name would share
 * one type.
 */
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../openapi.json", import.meta.url);
const target = new URL("../src/renderer/shared/api/schema.ts", import.meta.url);

const document = JSON.parse(await readFile(source, "utf8"));
for (const path of Object.values(document.paths ?? {})) {
  for (const operation of Object.values(path)) {
    delete operation.operationId;
  }
}
const types = await openapiTS(document, { alphabetize: true, rootTypes: true, rootTypesNoSchemaPrefix: true });
await writeFile(target, `/** Generated from openapi.json by \`npm run generate\`. Not to be edited. */\n${astToString(types)}`);
