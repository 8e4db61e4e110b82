/** Tells what a paste will do before it does it: what it writes, what it adds, what does not fit. */
import { Dialog } from "../../shared/ui/dialog";
import type { PastePlan } from "./paste";

const FAULTS_SHOWN = 8;

export function PasteDialog(props: { plan: PastePlan; onPaste: () => void; onClose: () => void }) {
  const { updates, additions, faults, cells, beyond } = props.plan;
  const nothing = cells === 0 && additions.length === 0;
  const plural = (count: number, one: string) =>
    `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
  return (
    <Dialog open onClose={props.onClose} title="Paste">
      <ul className="facts">
        {updates.length > 0 && <li>{plural(updates.length, "record")} will change.</li>}
        {additions.length > 0 && <li>{plural(additions.length, "record")} will be added at the end.</li>}
        {beyond > 0 && (
          <li>{plural(beyond, "column")} of the block lie beyond the last column and are left out.</li>
        )}
        {nothing && <li>Nothing will change: the same is there already.</li>}
      </ul>
      {faults.length > 0 && (
        <>
          <p>
            <strong>{plural(faults.length, "cell")}</strong> cannot be read as what the column holds. What is
            there stays:
          </p>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">Row</th>
                <th scope="col">Column</th>
                <th scope="col">Pasted</th>
                <th scope="col">Expected</th>
              </tr>
            </thead>
            <tbody>
              {faults.slice(0, FAULTS_SHOWN).map((fault) => (
                <tr key={`${fault.row} ${fault.column}`}>
                  <td>{fault.row}</td>
                  <td>{fault.column}</td>
                  <td className="bad">{fault.text}</td>
                  <td>{fault.expected}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {faults.length > FAULTS_SHOWN && <p className="quiet">and {faults.length - FAULTS_SHOWN} more</p>}
        </>
      )}
      <footer className="dialog-acts">
        <button type="button" className="button" onClick={props.onClose}>
          Cancel
        </button>
        <button type="button" className="button accent" disabled={nothing} onClick={props.onPaste}>
          {faults.length > 0 ? "Paste the rest" : "Paste"}
        </button>
      </footer>
    </Dialog>
  );
}
