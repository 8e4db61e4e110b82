/** A dialog: a title, what it is about, what can be done. */
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";

export function Dialog(props: {
  open: boolean;
  onClose: () => void;
  title: string;
  about?: string;
  size?: "small" | "large";
  children: ReactNode;
}) {
  return (
    <Base.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className="dialog" data-size={props.size ?? "small"}>
          <header className="dialog-head">
            <Base.Title className="dialog-title">{props.title}</Base.Title>
          </header>
          {props.about && <Base.Description className="dialog-about">{props.about}</Base.Description>}
          {props.children}
          {/* Last, so that the focus begins where the work does. */}
          <Base.Close className="icon-button dialog-close" aria-label="Close">
            <X size={16} />
          </Base.Close>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
