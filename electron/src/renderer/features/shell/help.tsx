/** What the keys do. */
import { Dialog } from "../../shared/ui/dialog";

const KEYS: [string, [string, string][]][] = [
  [
    "Anywhere",
    [
      ["Ctrl K", "Go to anything"],
      ["Ctrl F", "Find in this table"],
      ["Ctrl Z · Ctrl Shift Z", "Undo · redo"],
      ["Ctrl ↵", "Commit the active draft"],
      ["G then C · D · H · A · P", "Conflicts · decisions · history · audit · peers (outside cells)"],
      ["?", "This help"],
    ],
  ],
  [
    "Cells",
    [
      ["Arrows", "Move; with Ctrl to the edge"],
      ["Shift + arrows", "Extend the selection"],
      ["↵ or F2, or just type", "Edit"],
      ["Esc", "Leave the edit; then the range; then the cell"],
      ["Tab · Shift Tab", "Next · previous cell"],
      ["Del", "Empty the cells"],
      ["Ctrl C · X · V", "Copy · cut · paste blocks"],
      ["Ctrl D", "Fill down"],
      ["Ctrl A", "Select all"],
    ],
  ],
  [
    "Records",
    [
      ["Space", "Open the record"],
      ["Shift ↵", "New record"],
      ["Ctrl ⌫", "Delete the selected records"],
      ["Alt ↵", "Decide the conflict of the cell"],
    ],
  ],
  [
    "Texts and lists",
    [
      ["Ctrl Z · Ctrl Shift Z", "Undo · redo what you wrote there"],
      ["↵", "Next item of a list; at its end, another one"],
      ["Alt ↑ · Alt ↓", "Move an item of a list"],
      ["⌫ in an empty item", "Remove it"],
    ],
  ],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open size="large" onClose={onClose} title="Keyboard">
      <div className="help">
        {KEYS.map(([heading, keys]) => (
          <section key={heading}>
            <h3>{heading}</h3>
            <dl>
              {keys.map(([key, what]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
