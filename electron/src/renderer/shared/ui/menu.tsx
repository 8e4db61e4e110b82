/** A menu behind a button. */
import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";

export function Menu(props: { button: ReactElement; children: ReactNode; align?: "start" | "end" }) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={props.button} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align={props.align ?? "start"} className="positioner">
          <Base.Popup className="popup menu">{props.children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem(props: {
  onChoose: () => void;
  icon?: ReactNode;
  children: ReactNode;
  keys?: string;
  chosen?: boolean;
  danger?: boolean;
  disabled?: boolean;
}) {
  return (
    <Base.Item
      className="menu-item"
      onClick={props.onChoose}
      data-danger={props.danger || undefined}
      disabled={props.disabled ?? false}
    >
      <span className="menu-icon" aria-hidden="true">
        {props.chosen ? <Check size={14} /> : props.icon}
      </span>
      <span className="menu-text">{props.children}</span>
      {props.keys && <kbd>{props.keys}</kbd>}
    </Base.Item>
  );
}

export function MenuHeading({ children }: { children: ReactNode }) {
  return (
    <div className="menu-heading" role="presentation">
      {children}
    </div>
  );
}

export function MenuRule() {
  return <Base.Separator className="menu-rule" />;
}
