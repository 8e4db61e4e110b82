/**
 * Writes the client's types from `openapi.json`; with `--check` only says whether they are those that are there.
 *
 * Operation ids are left out before: the document names operations after functions, and two of one name would share
 * one type.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
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
const text = `/** Generated from openapi.json by \`npm run generate\`. Not to be edited. */\n${astToString(types)}`;
if (process.argv.includes("--check")) {
  if ((await readFile(target, "utf8")) !== text) {
    console.error(`${fileURLToPath(target)} is not what openapi.json says now; \`cargo xtask generate\` renews both.`);
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
