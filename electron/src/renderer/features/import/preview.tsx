/** The first rows of what is to be imported, the field for each column, and which cells do not fit. */
import type { FieldView } from "../../shared/api/schema";
import type { ImportPlan } from "./import-plan";
import type { Source } from "./source";

const ROWS_SHOWN = 20;
const FAULTS_SHOWN = 6;

type Props = {
  source: Source;
  plan: ImportPlan;
  fields: readonly FieldView[];
  mapping: readonly (string | null)[];
  onMapping: (mapping: (string | null)[]) => void;
};

export function Preview({ source, plan, fields, mapping, onMapping }: Props) {
  const faulty = new Set(plan.faults.map((fault) => `${fault.row} ${fault.column}`));
  return (
    <>
      <p className="quiet">
        {source.name} · {plan.records.length.toLocaleString("en")} rows
        {plan.records.length > ROWS_SHOWN && ` · the first ${ROWS_SHOWN} are shown`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <div className="preview" tabIndex={0} role="region" aria-label="First rows">
        <table className="plain-table">
          <thead>
            <tr>
              {source.headings.map((heading, column) => (
                <th scope="col" key={`column ${column + 1}`}>
                  <span className="preview-heading">{heading || `Column ${column + 1}`}</span>
                  <select
                    className="input"
                    aria-label={`Field for ${heading || `column ${column + 1}`}`}
                    value={mapping[column] ?? ""}
                    onChange={(event) =>
                      onMapping(
                        mapping.map((name, at) => (at === column ? event.target.value || null : name)),
                      )
                    }
                  >
                    <option value="">Leave out</option>
                    {fields.map((field) => (
                      <option
                        key={field.field_id}
                        disabled={mapping.includes(field.name) && mapping[column] !== field.name}
                      >
                        {field.name}
                      </option>
                    ))}
                  </select>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {source.rows.slice(0, ROWS_SHOWN).map((row, index) => (
              <tr key={`row ${index + 1}`}>
                {source.headings.map((_, column) => {
                  const name = mapping[column];
                  const bad = faulty.has(`${index + 1} ${name}`);
                  return (
                    <td key={`column ${column + 1}`} className={bad ? "bad" : name === null ? "dim" : ""}>
                      {row[column] ?? ""}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {plan.faulty > 0 && (
        <div className="note" role="status">
          <strong>
            {plan.faulty === 1
              ? "1 cell does not fit and will be left empty"
              : `${plan.faulty.toLocaleString("en")} cells do not fit and will be left empty`}
          </strong>
          <ul>
            {plan.faults.slice(0, FAULTS_SHOWN).map((fault) => (
              <li key={`${fault.row} ${fault.column}`}>
                Row {fault.row}, {fault.column}: “{fault.text}” is not {fault.expected}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
