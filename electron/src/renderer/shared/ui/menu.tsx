/** A menu behind a button. It is made when it is first asked for: a screen has many, and most are never opened. */
import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import { cloneElement, type KeyboardEvent, type ReactElement, type ReactNode, useState } from "react";

type Button = ReactElement<{
  "aria-haspopup"?: "menu";
  "aria-expanded"?: boolean;
  onClick?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}>;

export function Menu(props: { button: Button; children: ReactNode; align?: "start" | "end" }) {
  const [made, setMade] = useState(false);
  if (!made) {
    return cloneElement(props.button, {
      "aria-haspopup": "menu",
      "aria-expanded": false,
      onClick: () => setMade(true),
      onKeyDown: (event) => {
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        event.preventDefault();
        setMade(true);
      },
    });
  }
  return (
    <Base.Root modal={false} defaultOpen>
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
  title?: string;
  danger?: boolean;
  disabled?: boolean;
}) {
  return (
    <Base.Item
      className="menu-item"
      onClick={props.onChoose}
      title={props.title}
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
