/** Imports a file or a pasted block into a table: match columns, look, import, and review it in a draft. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useReducer, useRef, useState } from "react";
import { post } from "../../shared/api/client";
import { queryClient, useOverlays } from "../../shared/api/queries";
import type { TableView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Dialog } from "../../shared/ui/dialog";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { readAll } from "../export/export-file";
import { act, createRecords, runAll, updateRecord } from "../records/commands";
import { findByLabel, learnLabels } from "../records/labels";
import { guessMapping, type Matched, matchByKey, planImport } from "./import-plan";
import { Preview } from "./preview";
import { readFile, readPasted, type Source, SourceError } from "./source";
import { SourcePicker } from "./source-picker";

export function ImportDialog({ table, onClose }: { table: TableView; onClose: () => void }) {
  const [source, setSource] = useState<Source | null>(null);
  const [mapping, setMapping] = useState<(string | null)[]>([]);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [key, setKey] = useState("");
  const [labelled, learned] = useReducer((before: number) => before + 1, 0);
  const overlays = useOverlays().data?.overlays ?? [];
  const active = overlays.find((overlay) => overlay.active);
  const [draft, setDraft] = useState(true);
  const [done, setDone] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  const fields = table.fields.filter(
    (field) => field.mode !== "reference" && !field.type.startsWith("crdt_"),
  );

  const take = async (read: () => Source | Promise<Source>) => {
    try {
      const taken = await read();
      setRefusal(null);
      setSource(taken);
      setMapping(guessMapping(taken.headings, fields));
      if (fields.some((field) => field.type === "entity")) learnLabels().then(learned, toastProblem);
    } catch (error) {
      setRefusal(
        error instanceof SourceError ? error.message : "The file cannot be read. It may have been moved.",
      );
    }
  };

  const plan = useMemo(() => {
    void labelled;
    return source ? planImport(source.rows, mapping, table.fields, findByLabel) : null;
  }, [source, mapping, table.fields, labelled]);
  const existing = useQuery({
    queryKey: ["records", table.table_id, "import"],
    enabled: key !== "",
    gcTime: 0,
    queryFn: ({ signal }) =>
      readAll(
        { table: table.table_id, filter: undefined, sort: undefined, q: undefined },
        { progress: () => {}, signal },
      ),
  });
  const matched = useMemo<Matched | null>(() => {
    if (!plan) return null;
    if (key === "") return { additions: plan.records, updates: [], same: 0, ambiguous: 0 };
    return existing.data ? matchByKey(plan.records, key, existing.data) : null;
  }, [plan, key, existing.data]);
  const mapped = mapping.filter((name) => name !== null);
  const todo = matched ? matched.additions.length + matched.updates.length : 0;

  const run = async () => {
    if (!source || !matched) return;
    const began = new AbortController();
    abort.current = began;
    setDone(0);
    try {
      const into = active ?? (draft ? await startDraft(`Import ${source.name}`) : null);
      await carryOut(table.table_id, matched, began.signal, setDone);
      await queryClient.invalidateQueries({ queryKey: ["overlays"] });
      if (began.signal.aborted) return;
      toastDone(`Imported ${todo.toLocaleString("en")} records into ${table.name}`);
      onClose();
      if (into) go({ screen: "draft", overlay: into.overlay_id });
    } catch (error) {
      toastProblem(error);
      setDone(null);
    }
  };
  const close = () => {
    abort.current?.abort();
    onClose();
  };

  return (
    <Dialog open size="large" onClose={close} title={`Import into ${table.name}`}>
      {!source || !plan ? (
        <SourcePicker
          onFile={(file) => void take(() => readFile(file))}
          onPaste={(text) => void take(() => readPasted(text))}
        />
      ) : (
        <>
          <Preview source={source} plan={plan} fields={fields} mapping={mapping} onMapping={setMapping} />
          <div className="import-how">
            <label>
              Records
              <select
                className="input"
                aria-label="What to do with records that are there"
                value={key}
                onChange={(event) => setKey(event.target.value)}
              >
                <option value="">Add all rows as new records</option>
                {mapped.map((name) => (
                  <option key={name} value={name}>
                    Update where {name} is the same, add the rest
                  </option>
                ))}
              </select>
            </label>
            {active ? (
              <span className="quiet">Lands in your draft “{active.name}”.</span>
            ) : (
              <label className="check">
                <input type="checkbox" checked={draft} onChange={(event) => setDraft(event.target.checked)} />
                Into a draft, to review before others see it
              </label>
            )}
          </div>
          <ul className="facts">
            {matched ? (
              <MatchedFacts matched={matched} keyed={key !== ""} />
            ) : existing.isError ? (
              <li>The records that are there cannot be read. Choose another way, or try again.</li>
            ) : (
              <li>Comparing with what is there…</li>
            )}
          </ul>
        </>
      )}
      {refusal && (
        <p className="bad" role="alert">
          {refusal}
        </p>
      )}
      <footer className="dialog-acts">
        {done !== null && (
          <progress className="progress" value={done} max={Math.max(todo, 1)} aria-label="Imported records" />
        )}
        <button type="button" className="button" onClick={close}>
          {done === null ? "Cancel" : "Stop"}
        </button>
        {source && (
          <button
            type="button"
            className="button accent"
            disabled={mapped.length === 0 || todo === 0 || done !== null}
            onClick={() => void run()}
          >
            Import {todo.toLocaleString("en")} {todo === 1 ? "record" : "records"}
          </button>
        )}
      </footer>
    </Dialog>
  );
}

function MatchedFacts({ matched, keyed }: { matched: Matched; keyed: boolean }) {
  const { additions, updates, same, ambiguous } = matched;
  const plural = (count: number, words: [string, string]) =>
    `${count.toLocaleString("en")} ${count === 1 ? words[0] : words[1]}`;
  return (
    <>
      <li>{plural(additions.length, ["record is new", "records are new"])}.</li>
      {keyed && <li>{plural(updates.length, ["record changes", "records change"])}.</li>}
      {same > 0 && <li>{plural(same, ["row says", "rows say"])} what is there already.</li>}
      {ambiguous > 0 && (
        <li className="bad">
          {plural(ambiguous, ["row is", "rows are"])} left out: several records have that key.
        </li>
      )}
    </>
  );
}

async function startDraft(name: string): Promise<{ overlay_id: string }> {
  const made = await post("/overlays/create", { name, command: { source: "app: import" } });
  if (!made.overlay_id) throw new Error("The engine made no draft.");
  return { overlay_id: made.overlay_id };
}

/** Makes and changes the records. Stops when the signal does; what was done until then stays, and can be undone. */
async function carryOut(
  table: string,
  { additions, updates }: Matched,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<void> {
  const by = act("import");
  await createRecords(table, additions, by, { progress, signal });
  let done = additions.length;
  const refusals = await runAll(
    updates.map(({ entity, fields }) => async () => {
      if (signal.aborted) return;
      await updateRecord(table, entity, fields, by);
      progress(++done);
    }),
  );
  if (refusals.length > 0) throw refusals[0];
}
